#include <peerstore/replica/repair_pace.hpp>

#include "replica/repair_ring.hpp"

#include <map>

namespace peerstore::replica::test {
namespace {

const wire::MemberId kNear{{1}};
const wire::MemberId kFar{{2}};

TEST(RepairPace, GivesEachLineItsTimeAndTurnsAwayWhomItWouldKeepWaitingTooLong) {
  world::VirtualClock clock;
  RepairPace pace(clock);
  const auto waited = [&](const wire::MemberId& member, std::uint64_t bytes) {
    const TimePoint before = clock.now();
    const Result<void> turn = clock.run(pace.wait_for(member, bytes));
    EXPECT_TRUE(turn || turn.error().code == Errc::busy);
    return turn ? clock.now() - before : Duration(-1);
  };
  EXPECT_EQ(waited(kNear, 1 << 30), 0s) << "without a limit nobody waits";
  pace.limit([](const wire::MemberId& member) { return member == kNear ? 1'000'000u : 10'000u; });
  EXPECT_EQ(waited(kNear, 500'000), 0s);
  EXPECT_EQ(waited(kFar, 50'000), 500ms) << "after what went to the near one";
  EXPECT_EQ(waited(kNear, 500'000), 5s) << "after what went to the far one";
  EXPECT_EQ(waited(kFar, 200'000), 500ms);
  EXPECT_EQ(waited(kNear, 1), Duration(-1)) << "its turn would come in 20 seconds";
  clock.run_for(6s);
  EXPECT_EQ(waited(kNear, 1), 14s);
  clock.run_for(1h);
  EXPECT_EQ(waited(kNear, 500'000), 0s);
  EXPECT_EQ(waited(kNear, 500'000), 500ms) << "what was not used is not saved up";
}

// However many pull at once: what goes out of each machine is limited, and everything arrives.
TEST(RepairPace, OfALossTakesNoMoreOfAnyUplinkThanItsShareAndHoldsUpNoReader) {
  constexpr std::uint64_t kRate = 10'000;
  TestRing ring(7);
  const auto chunks = fill(ring, 60);
  std::map<wire::MemberId, std::uint64_t> given;
  for (const auto& holder : ring.holders) {
    holder->service->limit_repair([](const wire::MemberId&) { return kRate; });
    holder->tamper = [&given, id = holder->id()](const wire::Request& asked, Result<wire::Response>& answer) {
      const auto* const question = std::get_if<wire::GetSegment>(&asked);
      if (question != nullptr && question->token.is_zero() && answer) given[id] += wire::kSegmentBytes;
    };
  }
  ring.start_repair();
  ring.clock.run_for(10min);
  ASSERT_TRUE(given.empty());
  ring.depart(ring.holders[2]->id());
  const TimePoint begin = ring.clock.now();
  ASSERT_TRUE(until(ring, [&] { return !given.empty(); }));
  bool rate_was_told = false;
  const TimePoint before = ring.clock.now();
  const auto read = ring.clock.run(ring.client().get_segment(chunks.front().ref, 0));
  EXPECT_TRUE(read);
  EXPECT_LT(ring.clock.now() - before, 1s);
  ASSERT_TRUE(until(ring, [&] {
    for (const auto& holder : ring.holders) {
      rate_was_told = rate_was_told || holder->repair->work().bytes_per_second > 0;
    }
    return all_where_they_belong(ring, chunks);
  }));
  EXPECT_TRUE(rate_was_told);
  const auto seconds = static_cast<std::uint64_t>((ring.clock.now() - begin) / 1s) + 1;
  std::uint64_t all = 0;
  for (const auto& [member, bytes] : given) {
    EXPECT_LE(bytes, kRate * seconds + wire::kSegmentBytes);
    all += bytes;
  }
  EXPECT_EQ(all, pulled(ring) * wire::kSegmentBytes);
  EXPECT_GT(seconds, 20u) << "it was too little to show anything";
}

}  // namespace
}  // namespace peerstore::replica::test
