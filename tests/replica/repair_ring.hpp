// What the tests of repair have in common: a ring with chunks in it, and how far it is.
#pragma once

#include "replica/test_ring.hpp"

#include <gtest/gtest.h>

namespace peerstore::replica::test {

inline std::vector<TestChunk> fill(TestRing& ring, std::size_t chunks, std::uint64_t seed = 1000) {
  std::vector<TestChunk> made;
  for (std::size_t i = 0; i < chunks; ++i) {
    made.push_back(make_chunk(0, static_cast<std::uint8_t>(i % wire::kClasses), seed + i, 1));
    const Result<PutOutcome> outcome = ring.put(made.back());
    CHECK(outcome.has_value());
  }
  return made;
}

inline std::uint64_t pulled(const TestRing& ring) {
  std::uint64_t sum = 0;
  for (const auto& holder : ring.holders) sum += holder->repair->counters().pulled;
  return sum;
}

// Lets the ring work until `done`, at most an hour.
inline bool until(TestRing& ring, const auto& done) {
  for (int second = 0; second < 3600; ++second) {
    if (done()) return true;
    ring.clock.run_for(1s);
  }
  return done();
}

inline bool all_where_they_belong(TestRing& ring, const std::vector<TestChunk>& chunks) {
  return std::ranges::all_of(chunks, [&](const TestChunk& chunk) {
    const auto targets = Repair::targets(*ring.truth.map, ring.view,
                                         {chunk.ref.placement_key, chunk.ref.chunk_class, chunk.ref.owner});
    return std::ranges::all_of(
        targets, [&](const wire::MemberId& member) { return ring.holder(member).has(chunk.ref.address); });
  });
}

// A ring that has kept 20 chunks for a while, and of one of its machines how many it holds.
struct Settled {
  explicit Settled(std::size_t persons) : ring(persons), chunks(fill(ring, 20)) {
    ring.start_repair();
    ring.clock.run_for(10min);
    held = one().held().size();
    CHECK(held > 0);
  }
  Holder& one() { return *ring.holders[2]; }
  TestRing ring;
  std::vector<TestChunk> chunks;
  std::size_t held = 0;
};

}  // namespace peerstore::replica::test
