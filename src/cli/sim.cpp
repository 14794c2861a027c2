#include "commands.hpp"

#include <commit.hpp>

#include <peerstore/simulator/simulator.hpp>

#include <boost/json/array.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

namespace peerstore::cli {

namespace {

using simulator::Report;
using simulator::SweepReport;

constexpr std::size_t kFileBytesMax = 64U << 20U;

std::string number(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : number(100 * static_cast<double>(part) / static_cast<double>(whole), 3) + " %";
}
std::string percent(double share) { return number(100 * share, 2) + " %"; }

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char buffer[65536];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kFileBytesMax) return fail(Errc::invalid, path + " is too large");
  }
  if (!file.eof()) return fail(Errc::not_found, "cannot read " + path);
  return text;
}

Result<simulator::ScenarioPtr> scenario_of(const std::string& name) {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".toml");
  if (!is_path) return simulator::find_scenario(name);
  const Result<std::string> text = read_file(name);
  if (!text) return text.error();
  return simulator::read_scenario(name, *text);
}

Result<simulator::RunOptions> run_options(const SimulationOptions& options) {
  simulator::RunOptions run;
  run.seed = options.seed;
  run.nodes = options.nodes;
  run.days = options.days;
  run.small = options.small;
  run.streams = options.streams;
  run.commit = kCommit;
  if (!options.trace.empty()) {
    Result<std::string> trace = read_file(options.trace);
    if (!trace) return trace.error();
    run.trace = std::move(*trace);
    run.trace_path = options.trace;
  }
  return run;
}

Exit bad_input(const Output& output, const Error& error) {
  const Exit code = error.code == Errc::not_found ? Exit::not_found : Exit::usage;
  return output.failure(code, error.context, "See: peerstore sim ls, and docs/simulator.md");
}

// What a run and a sweep have in common.
void print_counts(const Output& output, const Report& report) {
  output.line("life       " + std::to_string(report.joins) + " joins, " + std::to_string(report.departures) +
              " departures, " + std::to_string(report.sleeps) + " sleeps, " + std::to_string(report.crashes) +
              " crashes, " + std::to_string(report.stops) + " stops");
  if (!report.faults.empty()) {
    std::string faults;
    for (const auto& [name, count] : report.faults) {
      faults += (faults.empty() ? "" : ", ") + std::to_string(count) + " " + name;
    }
    output.line("faults     " + faults);
  }
  output.line("ring       " + number(report.bytes_per_node_second, 1) +
              " B/s sent a node; of the time without a live successor " +
              percent(report.share_without_live_successor) + ", several rings " +
              percent(report.share_on_several_rings));
  std::vector<std::pair<double, std::string>> questions;
  for (const auto& [name, bytes] : report.bytes_by_question) questions.emplace_back(bytes, name);
  std::ranges::sort(questions, std::greater());
  std::string sent;
  for (const auto& [bytes, name] : questions) {
    sent += (sent.empty() ? "" : ", ") + name + " " + number(bytes, 1);
  }
  output.line("           with the answers: " + sent);
  output.line("lookups    " + std::to_string(report.lookups) + ": right at the first call " +
              percent(report.lookups_first_call, report.lookups) + ", wrong " +
              percent(report.lookups_wrong, report.lookups) + ", unanswered " +
              percent(report.lookups_failed, report.lookups) + ", neither after a retry " +
              percent(report.lookups_failed_twice, report.lookups) + "; hops mean " +
              number(report.hops_mean(), 2) + ", most " + std::to_string(report.hops_max));
  output.line("chunks     " + std::to_string(report.chunks_acknowledged) + " safe in " +
              std::to_string(report.packs_stored) + " packs; " + std::to_string(report.copies_by_repair) +
              " copies made by repair; " + std::to_string(report.reads) + " reads, " +
              std::to_string(report.reads_failed) + " not answered yet");
  if (report.backups > 0) {
    output.line("people     " + std::to_string(report.backups) + " backups, " +
                std::to_string(report.restores) + " restores");
  }
}

void print(const Output& output, const simulator::Failure& failure, const Report& report) {
  output.line("BROKEN     " + failure.law + ": " + failure.flaw);
  output.line("           " + failure.at + ", seed " + std::to_string(report.seed) + ", commit " +
              report.commit + ", scenario " + report.scenario);
  output.line("ring before the step that broke it");
  for (const std::string& line : failure.ring_before) output.line("  " + line);
  output.line("ring after it");
  for (const std::string& line : failure.ring_after) output.line("  " + line);
  output.line("last events of those who had a part in it");
  for (const std::string& line : failure.events) output.line("  " + line);
  output.line("replay     " + failure.replay);
}

void print(const Output& output, const Report& report) {
  const double speed = report.wall_seconds > 0 ? report.days * 86400 / report.wall_seconds : 0;
  output.line(report.scenario + ": " + std::to_string(report.nodes) + " nodes, " + number(report.days, 3) +
              " days, seed " + std::to_string(report.seed) + "        simulated in " +
              number(report.wall_seconds, 1) + " s (" + number(speed, 0) + "x)");
  print_counts(output, report);
  if (!report.failure) {
    output.line("healing    " + std::to_string(report.members_at_end) + " members, ring ideal after " +
                number(report.seconds_to_ideal, 0) + " s, everybody known after " +
                number(report.seconds_to_known, 0) + " s, copies complete after " +
                number(report.seconds_to_repaired, 0) + " s");
  }
  output.line("events     " + std::to_string(report.events) + ", messages " +
              std::to_string(report.messages));
  output.line("laws       " + std::string(report.failure ? "broken" : "0 violations"));
  output.line("trace      " + report.trace_hash);
  if (report.failure) print(output, *report.failure, report);
}

void print(const Output& output, const SweepReport& report) {
  output.line(report.scenario + ": " + std::to_string(report.runs) + " seeds, " +
              std::to_string(report.sum.nodes) + " nodes, " + number(report.sum.days, 3) +
              " days        in " + number(report.wall_seconds, 1) + " s");
  print_counts(output, report.sum);
  output.line("healing    ring ideal after " + number(report.ideal_median, 0) + " s (median), " +
              number(report.ideal_99th, 0) + " s (99th), " + number(report.ideal_worst, 0) +
              " s (worst); everybody known after " + number(report.known_median, 0) + " s, worst " +
              number(report.known_worst, 0) + " s; copies complete after " +
              number(report.repaired_median, 0) + " s, worst " + number(report.repaired_worst, 0) + " s");
  output.line("clean      " + number(report.ring_hours, 1) + " ring-hours, " + std::to_string(report.events) +
              " events");
  output.line("laws       broken in " + std::to_string(report.failed_total) + " of " +
              std::to_string(report.runs) + " runs");
  output.line("trace      " + report.trace_hash);
  for (const Report& failed : report.failed) {
    output.line("  seed " + std::to_string(failed.seed) + "  " + failed.failure->law + ": " +
                failed.failure->flaw + "  (" + failed.failure->at + ")");
    output.line("    " + failed.failure->replay);
  }
}

bool draws(const Output& output, const GlobalOptions& global) {
  return ::isatty(STDERR_FILENO) == 1 && !global.quiet && !output.json();
}

std::atomic<bool> interrupted = false;
void interrupt(int) { interrupted = true; }

}  // namespace

Exit sim_ls_command(const Output& output) {
  if (output.json()) {
    boost::json::array all;
    for (const simulator::Summary& one : simulator::scenarios()) {
      boost::json::object row;
      row["name"] = one.name;
      row["summary"] = one.summary;
      row["nodes"] = one.nodes;
      row["days"] = std::chrono::duration<double>(one.live).count() / 86400;
      all.push_back(std::move(row));
    }
    boost::json::object document;
    document["scenarios"] = std::move(all);
    output.document(std::move(document));
    return Exit::done;
  }
  for (const simulator::Summary& one : simulator::scenarios()) {
    std::string name = one.name;
    name.resize(std::max<std::size_t>(name.size(), 12), ' ');
    output.line(name + "  " + one.summary);
  }
  return Exit::done;
}

Exit sim_run_command(const Output& output, const GlobalOptions& global, const SimulationOptions& options) {
  const Result<simulator::ScenarioPtr> scenario = scenario_of(options.scenario);
  if (!scenario) return bad_input(output, scenario.error());
  Result<simulator::RunOptions> run = run_options(options);
  if (!run) return bad_input(output, run.error());
  const bool draw = draws(output, global);
  if (draw) {
    run->on_progress = [](const simulator::Progress& now) {
      std::fprintf(stderr, "\r\033[K%lld of %lld virtual minutes, %u machines awake",
                   static_cast<long long>(now.now / 1min), static_cast<long long>(now.end / 1min), now.live);
    };
  }
  const Result<Report> report = simulator::run(**scenario, *run);
  if (draw) std::fputs("\r\033[K", stderr);
  if (!report) return bad_input(output, report.error());
  if (output.json()) {
    output.line(simulator::to_json(*report));
  } else {
    print(output, *report);
  }
  return report->failure ? Exit::failed : Exit::done;
}

Exit sim_replay_command(const Output& output, const SimulationOptions& options) {
  const Result<simulator::ScenarioPtr> scenario = scenario_of(options.scenario);
  if (!scenario) return bad_input(output, scenario.error());
  Result<simulator::RunOptions> run = run_options(options);
  if (!run) return bad_input(output, run.error());
  run->on_event = [&](const std::string& event) {
    const bool wanted = options.machine.empty() || event.find(options.machine) != std::string::npos;
    if (wanted) output.line(event);
  };
  const Result<Report> report = simulator::run(**scenario, *run);
  if (!report) return bad_input(output, report.error());
  print(output, *report);
  return report->failure ? Exit::failed : Exit::done;
}

Exit sim_sweep_command(const Output& output, const GlobalOptions& global, const SimulationOptions& options) {
  const Result<simulator::ScenarioPtr> scenario = scenario_of(options.scenario);
  if (!scenario) return bad_input(output, scenario.error());
  const Result<simulator::RunOptions> run = run_options(options);
  if (!run) return bad_input(output, run.error());
  if (options.count == 0) return output.failure(Exit::usage, "--seeds must be at least 1");
  simulator::SweepOptions sweep;
  sweep.each = *run;
  sweep.first = options.seed;
  sweep.count = options.count;
  sweep.workers = options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  sweep.stopped = [] { return interrupted.load(); };
  const bool draw = draws(output, global);
  if (draw) {
    sweep.on_progress = [count = options.count](std::uint64_t done, std::uint64_t failed) {
      std::fprintf(stderr, "\r\033[K%llu of %llu seeds, %llu failed", static_cast<unsigned long long>(done),
                   static_cast<unsigned long long>(count), static_cast<unsigned long long>(failed));
    };
  }
  const Result<SweepReport> report = simulator::sweep(**scenario, sweep);
  if (draw) std::fputs("\r\033[K", stderr);
  if (!report) return bad_input(output, report.error());
  if (output.json()) {
    output.line(simulator::to_json(*report));
  } else {
    print(output, *report);
  }
  if (interrupted) return Exit::interrupted;
  return report->failed_total > 0 ? Exit::failed : Exit::done;
}

}  // namespace peerstore::cli
