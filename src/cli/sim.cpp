#include "commands.hpp"

#include <peerstore/simulator/simulator.hpp>

#include <unistd.h>

#include <cstdio>

namespace peerstore::cli {

namespace {

std::string number(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

void print(const Output& output, const simulator::Report& report) {
  const double speed = report.wall_seconds > 0 ? report.days * 86400 / report.wall_seconds : 0;
  output.line(report.scenario + ": " + std::to_string(report.nodes) + " nodes, " + number(report.days, 1) +
              " days, seed " + std::to_string(report.seed) + "        simulated in " +
              number(report.wall_seconds, 1) + " s (" + number(speed, 0) + "x)");
  output.line("life       " + std::to_string(report.joins) + " joins, " + std::to_string(report.departures) +
              " departures, " + std::to_string(report.sleeps) + " sleeps, " + std::to_string(report.crashes) +
              " crashes; " + std::to_string(report.members_at_end) + " members at the end");
  output.line("lookups    " + std::to_string(report.lookups) + ", " + std::to_string(report.lookups_failed) +
              " failed; hops mean " + number(report.hops_mean, 2) + ", most " +
              std::to_string(report.hops_max));
  output.line("chunks     " + std::to_string(report.chunks_acknowledged) + " acknowledged in " +
              std::to_string(report.packs_stored) + " packs; " + std::to_string(report.copies_by_repair) +
              " copies made by repair; " + std::to_string(report.reads) + " reads, " +
              std::to_string(report.reads_failed) + " while holders slept");
  output.line("healing    ring ideal after " + number(report.seconds_to_ideal, 0) +
              " s, copies complete after " + number(report.seconds_to_repaired, 0) + " s");
  output.line("events     " + std::to_string(report.events) + ", messages " +
              std::to_string(report.messages));
  output.line("laws       " + std::to_string(report.violations_total) + " violations");
  for (const std::string& violation : report.violations) output.line("  " + violation);
  output.line("trace      " + report.trace_hash);
}

}  // namespace

Exit sim_run_command(const Output& output, const GlobalOptions& global, const SimulationOptions& options) {
  if (options.scenario != "churn") {
    return output.failure(Exit::usage, "no scenario '" + options.scenario + "'", "There is: churn");
  }
  if (options.nodes == 0 || options.nodes > simulator::kNodesMax) {
    return output.failure(Exit::usage,
                          "--nodes must be between 1 and " + std::to_string(simulator::kNodesMax));
  }
  if (!(options.days > 0)) return output.failure(Exit::usage, "--days must be more than 0");

  simulator::ChurnOptions churn;
  churn.nodes = options.nodes;
  churn.days = options.days;
  churn.seed = options.seed;
  const bool draw = ::isatty(STDERR_FILENO) == 1 && !global.quiet && !output.json();
  if (draw) {
    churn.on_progress = [](const simulator::Progress& now) {
      std::fprintf(stderr, "\r\033[Khour %lld of %lld, %u machines awake, %llu violations",
                   static_cast<long long>(now.now / 1h), static_cast<long long>(now.end / 1h), now.live,
                   static_cast<unsigned long long>(now.violations));
    };
  }
  const simulator::Report report = simulator::run_churn(churn);
  if (draw) std::fputs("\r\033[K", stderr);
  if (output.json()) {
    output.line(simulator::to_json(report));
  } else {
    print(output, report);
  }
  return report.violations_total == 0 ? Exit::done : Exit::failed;
}

}  // namespace peerstore::cli
