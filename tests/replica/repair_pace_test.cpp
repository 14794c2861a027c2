#include <peerstore/replica/repair_pace.hpp>
#include <peerstore/runtime/scope.hpp>

#include "replica/repair_ring.hpp"

#include <map>

namespace peerstore::replica::test {
namespace {

const wire::MemberId kNear{{1}};
const wire::MemberId kFar{{2}};

constexpr std::uint64_t kSegment = wire::kSegmentBytes;

struct Pulls {
  std::uint64_t segments = 0;
  std::uint64_t refused = 0;
};

// Asks for one segment after the other; whoever is told to come again does so after `pause`.
Task<void> pull_for_ever(Clock& clock, RepairPace& pace, wire::MemberId member, Duration pause,
                         Pulls& pulls) {
  for (;;) {
    const Result<void> turn = co_await pace.wait_for(member, kSegment);
    ++(turn ? pulls.segments : pulls.refused);
    if (!turn) co_await clock.sleep(pause);
  }
}

TEST(RepairPace, GoesAtTheRateOfTheLine) {
  world::VirtualClock clock;
  RepairPace pace(clock);
  const auto waited = [&](std::uint64_t bytes) {
    const TimePoint before = clock.now();
    EXPECT_TRUE(clock.run(pace.wait_for(kNear, bytes)));
    return clock.now() - before;
  };
  EXPECT_EQ(waited(1 << 30), 0s) << "without a limit nobody waits";
  pace.limit([](const wire::MemberId&) { return 1'000'000u; }, 0);
  EXPECT_EQ(waited(500'000), 0s);
  EXPECT_EQ(waited(250'000), 500ms);
  EXPECT_EQ(waited(500'000), 250ms);
  clock.run_for(1h);
  EXPECT_EQ(waited(500'000), 0s);
  EXPECT_EQ(waited(500'000), 500ms) << "what was not used is not saved up";
}

TEST(RepairPace, TurnsAwayWhoseTurnWouldComeTooLate) {
  world::VirtualClock clock;
  RepairPace pace(clock);
  pace.limit([](const wire::MemberId&) { return 1'000u; }, 0);
  EXPECT_TRUE(clock.run(pace.wait_for(kNear, 20'000)));
  EXPECT_EQ(clock.run(pace.wait_for(kFar, 1)).error().code, Errc::busy)
      << "its turn would come in 20 seconds";
  clock.run_for(6s);
  const TimePoint before = clock.now();
  EXPECT_TRUE(clock.run(pace.wait_for(kFar, 1)));
  EXPECT_EQ(clock.now() - before, 14s);
}

// One floods with questions over a thin line, two pull as friends do over good ones.
TEST(RepairPace, SharesTheTimeEvenlyWhateverOneAsksFor) {
  constexpr std::uint64_t kGood = 10'000'000;
  const wire::MemberId third{{3}};
  world::VirtualClock clock;
  RepairPace pace(clock);
  pace.limit([](const wire::MemberId& member) { return member == kFar ? 100'000u : kGood; }, 0);
  Pulls flood, near, other;
  TaskScope scope(clock);
  for (int i = 0; i < 64; ++i) scope.spawn(pull_for_ever(clock, pace, kFar, 20ms, flood));
  for (int i = 0; i < 2; ++i) scope.spawn(pull_for_ever(clock, pace, kNear, 5s, near));
  for (int i = 0; i < 2; ++i) scope.spawn(pull_for_ever(clock, pace, third, 5s, other));
  clock.run_for(10min);
  const std::uint64_t third_of_time = kGood * 600 / 3 / kSegment;
  EXPECT_GT(near.segments, third_of_time * 9 / 10);
  EXPECT_GT(other.segments, third_of_time * 9 / 10);
  EXPECT_GT(flood.segments, 100'000u * 600 / 3 / kSegment * 9 / 10) << "its own share it has, too";
  EXPECT_EQ(near.refused + other.refused, 0u);
  EXPECT_GT(flood.refused, 0u);
}

TEST(RepairPace, LeavesThePlaceOfWhoeverGoesAway) {
  world::VirtualClock clock;
  RepairPace pace(clock);
  pace.limit([](const wire::MemberId&) { return kSegment; }, 0);
  Pulls gone;
  {
    TaskScope scope(clock);
    for (int i = 0; i < 8; ++i) scope.spawn(pull_for_ever(clock, pace, kFar, 1s, gone));
    clock.run_for(100ms);
  }
  const TimePoint before = clock.now();
  EXPECT_TRUE(clock.run(pace.wait_for(kNear, kSegment)));
  EXPECT_LT(clock.now() - before, 1s);
}

// How much a line carries shows only while it is busy.
TEST(RepairPace, LetsASampleThroughToEachAndAgainAfterAWhile) {
  world::VirtualClock clock;
  RepairPace pace(clock);
  pace.limit([](const wire::MemberId&) { return kSegment; }, 10 * kSegment);
  for (const wire::MemberId& member : {kNear, kFar}) {
    for (int day = 0; day < 2; ++day) {
      const TimePoint before = clock.now();
      for (int i = 0; i < 11; ++i) EXPECT_TRUE(clock.run(pace.wait_for(member, kSegment)));
      EXPECT_EQ(clock.now() - before, 0s);
      EXPECT_TRUE(clock.run(pace.wait_for(member, kSegment)));
      EXPECT_EQ(clock.now() - before, 1s);
      clock.run_for(1h);
    }
  }
}

// However many pull at once: what goes out of each machine is limited, and everything arrives.
TEST(RepairPace, OfALossTakesNoMoreOfAnyUplinkThanItsShareAndHoldsUpNoReader) {
  constexpr std::uint64_t kRate = 10'000;
  TestRing ring(7);
  const auto chunks = fill(ring, 60);
  std::map<wire::MemberId, std::uint64_t> given;
  for (const auto& holder : ring.holders) {
    holder->service->limit_repair([](const wire::MemberId&) { return kRate; }, 0);
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

bool is_for_repair(const wire::Request& asked) {
  const auto* const question = std::get_if<wire::GetSegment>(&asked);
  return question != nullptr && question->token.is_zero();
}

// How long it takes until a machine that lost what it held has it again, if another one is as `spoil` makes
// it.
Duration time_to_mend(const std::function<void(Holder&)>& spoil) {
  TestRing ring(5);
  const auto chunks = fill(ring, 120);
  ring.start_repair();
  ring.clock.run_for(10min);
  spoil(*ring.holders[4]);
  Holder& one = *ring.holders[2];
  const std::size_t held = one.held().size();
  const TimePoint begin = ring.clock.now();
  for (const store::ChunkFacts& facts : one.held()) {
    one.spoil(facts.address, std::nullopt);
    EXPECT_FALSE(ring.clock.run(one.chunks->read_segment(facts.address, 0)));
  }
  EXPECT_TRUE(until(ring, [&] { return one.held().size() == held; }));
  return ring.clock.now() - begin;
}

TEST(RepairPace, OfAFriendWhoAlwaysSaysLaterIsNotWaitedFor) {
  EXPECT_LT(time_to_mend([](Holder& holder) {
              holder.tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
                if (is_for_repair(asked)) answer = fail(Errc::busy, "later");
              };
            }),
            1min);
}

TEST(RepairPace, AFriendWhoTakesLongForEverySegmentHoldsUpNothingThatOthersHave) {
  EXPECT_LT(time_to_mend([](Holder& holder) {
              holder.delay = [](const wire::Request& asked) { return is_for_repair(asked) ? 25s : 0s; };
            }),
            1min);
}

// Nobody else has the rest.
TEST(RepairPace, WhoeverSaysLaterIsAskedLater) {
  TestRing ring(5);
  const auto chunks = fill(ring, 20);
  ring.start_repair();
  ring.clock.run_for(10min);
  unsigned refused = 0;
  for (const auto& holder : ring.holders) {
    holder->tamper = [&](const wire::Request& asked, Result<wire::Response>& answer) {
      if (is_for_repair(asked) && ++refused <= 100) answer = fail(Errc::busy, "later");
    };
  }
  Holder& one = *ring.holders[3];
  const std::size_t held = one.held().size();
  for (const store::ChunkFacts& facts : one.held()) {
    one.spoil(facts.address, 0);
    (void)ring.clock.run(one.chunks->read_segment(facts.address, 0));
  }
  ASSERT_TRUE(until(ring, [&] { return one.held().size() == held; }));
  EXPECT_GT(refused, 100u);
}

}  // namespace
}  // namespace peerstore::replica::test
