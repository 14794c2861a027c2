// Report: what a simulated run found, for people and for programs.
//
// Everything in it but `wall_seconds` follows from the options and the seed: two runs with the same
// ones give equal reports, and an equal trace_hash says that every message and every event of
// both runs were the same, in the same order, at the same virtual instants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace peerstore::simulator {

struct Report {
  std::string scenario;
  unsigned nodes = 0;  // machines that the ring was to grow to
  double days = 0;
  std::uint64_t seed = 0;
  std::string trace_hash;  // hexadecimal digits

  // Broken laws, each with its virtual time and its name; at most kViolationsKept of them.
  std::vector<std::string> violations;
  std::uint64_t violations_total = 0;

  std::uint64_t events = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;  // of messages, about

  // Life.
  std::uint64_t joins = 0;
  std::uint64_t departures = 0;  // machines that left for good, announced or not
  std::uint64_t sleeps = 0;
  std::uint64_t crashes = 0;
  std::uint64_t stops = 0;
  std::uint64_t members_at_end = 0;

  // The ring.
  std::uint64_t lookups = 0;
  std::uint64_t lookups_failed = 0;
  std::uint64_t lookups_stale = 0;  // named another than the true live successor of that moment
  double hops_mean = 0;
  unsigned hops_max = 0;
  double seconds_to_ideal = 0;  // from the last wake-up until every list was right

  // Chunks.
  std::uint64_t packs_stored = 0;  // every chunk of them acknowledged
  std::uint64_t chunks_acknowledged = 0;
  std::uint64_t reads = 0;
  std::uint64_t reads_failed = 0;  // while friends slept; after healing it is a violation
  std::uint64_t copies_by_owners = 0;
  std::uint64_t copies_by_repair = 0;
  double seconds_to_repaired = 0;  // from the ideal ring until every chunk had its copies

  double wall_seconds = 0;
};

inline constexpr std::size_t kViolationsKept = 100;

// One object, on one line.
std::string to_json(const Report& report);

}  // namespace peerstore::simulator
