#include <peerstore/simulator/simulator.hpp>

#include "trace_hash.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

namespace peerstore::simulator {

namespace {

// The value below which `share` of them lie.
double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void add(Report& sum, const Report& one) {
  sum.messages += one.messages;
  sum.bytes += one.bytes;
  sum.joins += one.joins;
  sum.departures += one.departures;
  sum.drains += one.drains;
  sum.sleeps += one.sleeps;
  sum.crashes += one.crashes;
  sum.stops += one.stops;
  for (const auto& [name, count] : one.faults) sum.faults[name] += count;
  sum.bytes_per_node_second += one.bytes_per_node_second * one.node_hours;  // divided at the end
  for (const auto& [name, bytes] : one.bytes_by_question) {
    sum.bytes_by_question[name] += bytes * one.node_hours;
  }
  sum.node_hours += one.node_hours;
  sum.share_without_live_successor += one.share_without_live_successor;
  sum.share_on_several_rings += one.share_on_several_rings;
  sum.share_with_too_few_principals += one.share_with_too_few_principals;
  sum.lookups += one.lookups;
  sum.lookups_first_call += one.lookups_first_call;
  sum.lookups_wrong += one.lookups_wrong;
  sum.lookups_failed += one.lookups_failed;
  sum.lookups_failed_twice += one.lookups_failed_twice;
  sum.hops_total += one.hops_total;
  sum.hops_max = std::max(sum.hops_max, one.hops_max);
  sum.packs_stored += one.packs_stored;
  sum.chunks_acknowledged += one.chunks_acknowledged;
  sum.reads += one.reads;
  sum.reads_failed += one.reads_failed;
  sum.copies_by_owners += one.copies_by_owners;
  sum.copies_by_repair += one.copies_by_repair;
  sum.backups += one.backups;
  sum.restores += one.restores;
}

// Runs that are done, merged in the order of their seeds whatever order they ended in.
class Merger {
 public:
  explicit Merger(SweepReport& into) : into_(into) {}

  void merge(const Report& one) {
    ++into_.runs;
    into_.scenario = one.scenario;
    into_.events += one.events;
    for (const char digit : one.trace_hash) hash_.add(static_cast<std::uint64_t>(digit));
    if (into_.runs == 1) {
      into_.sum.nodes = one.nodes;
      into_.sum.days = one.days;
      into_.sum.commit = one.commit;
      into_.sum.scenario = one.scenario;
    }
    add(into_.sum, one);
    if (one.failure) {
      ++into_.failed_total;
      if (into_.failed.size() < kFailuresKept) into_.failed.push_back(one);
      return;
    }
    into_.ring_hours += one.days * 24;
    ideal_.push_back(one.seconds_to_ideal);
    known_.push_back(one.seconds_to_known);
    repaired_.push_back(one.seconds_to_repaired);
  }

  void finish() {
    into_.ideal_median = quantile(ideal_, 0.5);
    into_.ideal_99th = quantile(ideal_, 0.99);
    into_.ideal_worst = quantile(ideal_, 1);
    into_.known_median = quantile(known_, 0.5);
    into_.known_worst = quantile(known_, 1);
    into_.repaired_median = quantile(repaired_, 0.5);
    into_.repaired_worst = quantile(repaired_, 1);
    Report& sum = into_.sum;
    const auto runs = static_cast<double>(std::max<std::uint64_t>(into_.runs, 1));
    sum.share_without_live_successor /= runs;
    sum.share_on_several_rings /= runs;
    sum.share_with_too_few_principals /= runs;
    if (sum.node_hours > 0) {
      sum.bytes_per_node_second /= sum.node_hours;
      for (auto& [name, bytes] : sum.bytes_by_question) bytes /= sum.node_hours;
    }
    into_.trace_hash = hash_.hex();
  }

 private:
  SweepReport& into_;
  TraceHash hash_;
  std::vector<double> ideal_;
  std::vector<double> known_;
  std::vector<double> repaired_;
};

}  // namespace

Result<SweepReport> sweep(const Scenario& scenario, const SweepOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::optional<Report>> reports(options.count);
  std::mutex mutex;  // guards everything below
  std::uint64_t next = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::optional<Error> error;

  const auto work = [&] {
    for (;;) {
      RunOptions one = options.each;
      std::uint64_t mine = 0;
      {
        const std::lock_guard lock(mutex);
        const bool ends = next == options.count || error || (options.stopped && options.stopped());
        if (ends) return;
        mine = next++;
      }
      one.seed = options.first + mine;
      Result<Report> report = run(scenario, one);
      const std::lock_guard lock(mutex);
      if (!report) {
        error = report.error();
        return;
      }
      ++done;
      if (report->failure) ++failed;
      reports[mine] = std::move(*report);
      if (options.on_progress) options.on_progress(done, failed);
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, options.workers); ++i) workers.emplace_back(work);
  }
  if (error) return *error;
  SweepReport merged;
  Merger merger(merged);
  for (const std::optional<Report>& report : reports) {
    if (report) merger.merge(*report);
  }
  merger.finish();
  merged.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return merged;
}

}  // namespace peerstore::simulator
