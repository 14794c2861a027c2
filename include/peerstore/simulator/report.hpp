// Report: what a simulated run found, for people and for programs.
//
// Everything in it but `wall_seconds` follows from the scenario and the seed: two runs with the same
// ones give equal reports, and an equal trace_hash says that every message and every event of
// both runs were the same, in the same order, at the same virtual instants.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace peerstore::simulator {

// The law that was broken first, and how it came to that. The run ended there.
struct Failure {
  std::string law;
  std::string flaw;
  std::string at;                        // virtual time
  std::vector<std::string> ring_before;  // a line a machine, clockwise: before the step that broke it
  std::vector<std::string> ring_after;   // and after
  std::vector<std::string> events;       // the last ones of the machines that had a part in it
  std::string replay;                    // the command that tells the whole story again
};

struct Report {
  std::string scenario;
  std::string commit;  // of the program
  unsigned nodes = 0;  // machines that the ring was to grow to
  double days = 0;     // of life
  std::uint64_t seed = 0;
  std::string trace_hash;  // hexadecimal digits
  std::optional<Failure> failure;

  std::uint64_t events = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;  // of messages, about

  // Life.
  std::uint64_t joins = 0;
  std::uint64_t departures = 0;  // machines that left for good, announced or not
  std::uint64_t drains = 0;      // of them, that were empty before
  std::uint64_t sleeps = 0;
  std::uint64_t crashes = 0;
  std::uint64_t stops = 0;
  std::uint64_t members_at_end = 0;
  std::map<std::string, std::uint64_t> faults;  // how often each kind struck
  double node_hours = 0;                        // up and awake

  // The ring, while it lived.
  double bytes_per_node_second = 0;                 // sent
  std::map<std::string, double> bytes_by_question;  // the same, by question: of it and of its answers
  double share_without_live_successor = 0;          // of the samples taken (T3)
  double share_on_several_rings = 0;
  double share_with_too_few_principals = 0;
  std::uint64_t lookups = 0;
  std::uint64_t lookups_first_call = 0;    // the true successor, from the first who was asked
  std::uint64_t lookups_wrong = 0;         // named another than the true live successor
  std::uint64_t lookups_failed = 0;        // nobody confirmed
  std::uint64_t lookups_failed_twice = 0;  // wrong or failed, and so again
  std::uint64_t hops_total = 0;
  unsigned hops_max = 0;
  double seconds_to_ideal = 0;  // from when everybody was back until every list was right
  double seconds_to_known = 0;  // and until all believed all others live

  // Chunks.
  std::uint64_t packs_stored = 0;  // every chunk of them safe
  std::uint64_t chunks_acknowledged = 0;
  std::uint64_t reads = 0;
  std::uint64_t reads_failed = 0;  // while friends slept; after healing it is a broken law
  std::uint64_t copies_by_owners = 0;
  std::uint64_t copies_by_repair = 0;
  double seconds_to_repaired = 0;  // from the ideal ring until every chunk had its copies

  // People with folders.
  std::uint64_t backups = 0;
  std::uint64_t restores = 0;

  double wall_seconds = 0;

  double hops_mean() const;  // of the lookups that were answered
};

// One object, on one line.
std::string to_json(const Report& report);

// What a sweep over many seeds found, all together.
struct SweepReport {
  std::string scenario;
  std::uint64_t runs = 0;
  std::vector<Report> failed;  // in the order of their seeds; at most kFailuresKept
  std::uint64_t failed_total = 0;
  double ring_hours = 0;  // virtual hours of rings in runs that broke no law
  std::uint64_t events = 0;
  double wall_seconds = 0;
  // Of the runs that broke none: how long rest took. Medians and worst, in seconds.
  double ideal_median = 0, ideal_99th = 0, ideal_worst = 0;
  double known_median = 0, known_worst = 0;
  double repaired_median = 0, repaired_worst = 0;
  Report sum;              // counters added up, shares averaged; no hash
  std::string trace_hash;  // of all hashes, in the order of their seeds
};
inline constexpr std::size_t kFailuresKept = 10;

std::string to_json(const SweepReport& report);

}  // namespace peerstore::simulator
