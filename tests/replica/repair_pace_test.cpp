#include <peerstore/replica/repair_pace.hpp>
#include <peerstore/runtime/scope.hpp>

#include "replica/repair_ring.hpp"

#include <map>
#include <string>
#include <string_view>

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
Task<void> pull_for_ever(Clock& clock, RepairPace& pace, wire::PersonNumber person, wire::MemberId member,
                         Duration pause, Pulls& pulls) {
  for (;;) {
    const Result<void> turn = co_await pace.wait_for(person, member, kSegment);
    ++(turn ? pulls.segments : pulls.refused);
    if (!turn) co_await clock.sleep(pause);
  }
}

TEST(RepairPace, GoesAtTheRateOfTheLine) {
  world::VirtualClock clock;
  RepairPace pace(clock);
  const auto waited = [&](std::uint64_t bytes) {
    const TimePoint before = clock.now();
    EXPECT_TRUE(clock.run(pace.wait_for(1, kNear, bytes)));
    return clock.now() - before;
  };
  EXPECT_EQ(waited(1 << 30), 0s) << "without a limit nobody waits";
  pace.limit([](const wire::MemberId&) { return 1'000'000u; }, false);
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
  pace.limit([](const wire::MemberId&) { return 1'000u; }, false);
  EXPECT_TRUE(clock.run(pace.wait_for(1, kNear, 20'000)));
  EXPECT_EQ(clock.run(pace.wait_for(2, kFar, 1)).error().code, Errc::busy)
      << "its turn would come in 20 seconds";
  clock.run_for(6s);
  const TimePoint before = clock.now();
  EXPECT_TRUE(clock.run(pace.wait_for(2, kFar, 1)));
  EXPECT_EQ(clock.now() - before, 14s);
}

// One floods with questions over a thin line, two pull as friends do over good ones.
TEST(RepairPace, SharesTheTimeEvenlyWhateverOneAsksFor) {
  constexpr std::uint64_t kGood = 10'000'000;
  const wire::MemberId third{{3}};
  world::VirtualClock clock;
  RepairPace pace(clock);
  pace.limit([](const wire::MemberId& member) { return member.view()[0] == 2 ? 100'000u : kGood; }, false);
  Pulls flood, near, other;
  TaskScope scope(clock);
  for (int i = 0; i < 64; ++i) {
    const wire::MemberId machine{{2, static_cast<std::uint8_t>(i % 4)}};
    scope.spawn(pull_for_ever(clock, pace, 2, machine, 20ms, flood));
  }
  for (int i = 0; i < 2; ++i) scope.spawn(pull_for_ever(clock, pace, 1, kNear, 5s, near));
  for (int i = 0; i < 2; ++i) scope.spawn(pull_for_ever(clock, pace, 3, third, 5s, other));
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
  pace.limit([](const wire::MemberId&) { return kSegment; }, false);
  Pulls gone;
  {
    TaskScope scope(clock);
    for (int i = 0; i < 8; ++i) scope.spawn(pull_for_ever(clock, pace, 2, kFar, 1s, gone));
    clock.run_for(100ms);
  }
  const TimePoint before = clock.now();
  EXPECT_TRUE(clock.run(pace.wait_for(1, kNear, kSegment)));
  EXPECT_LT(clock.now() - before, 1s);
}

// How much a line carries shows only while it is busy.
TEST(RepairPace, TakesASampleOfALineAtATimeAndPausesForIt) {
  world::VirtualClock clock;
  RepairPace pace(clock);
  pace.limit([](const wire::MemberId&) { return kSegment; }, true);
  // Eight at a time over a line that takes a segment each 5 ms; and somebody else, patiently.
  std::uint64_t near = 0;
  TaskScope scope(clock);
  Semaphore line(clock, 1);
  auto pull = [&]() -> Task<void> {
    for (;;) {
      if (!co_await pace.wait_for(1, kNear, kSegment)) {
        co_await clock.sleep(5s);
        continue;
      }
      const Semaphore::Permit permit = co_await line.acquire();
      co_await clock.sleep(5ms);
      ++near;
    }
  };
  Pulls far;
  for (int i = 0; i < 8; ++i) scope.spawn(pull());
  clock.run_for(1s);
  constexpr std::uint64_t kSample = RepairPace::kSampleBytes / kSegment;
  EXPECT_GE(near, kSample) << "64 segments in a third of a second";
  EXPECT_LE(near, kSample + 8);
  clock.run_for(1s);
  EXPECT_LE(near, kSample + 8) << "for nine times as long nobody is given anything";
  clock.run_for(9min);
  EXPECT_LE(near, kSample + 8 + 9 * 60) << "then by the rate";
  clock.run_for(3min);
  EXPECT_GE(near, 2 * kSample + 10 * 60) << "and again after ten minutes";
  scope.spawn(pull_for_ever(clock, pace, 2, kFar, 5s, far));
  clock.run_for(9min);
  EXPECT_GT(far.segments, 9 * 60 / 2 - 60);
}

TEST(RepairPace, EndsASampleThatAThinLineDoesNotTake) {
  world::VirtualClock clock;
  RepairPace pace(clock);
  pace.limit([](const wire::MemberId&) { return 1'000'000u; }, true);
  EXPECT_TRUE(clock.run(pace.wait_for(1, kNear, kSegment)));
  const TimePoint begin = clock.now();
  clock.run_for(RepairPace::kSampleTime);
  EXPECT_EQ(clock.run(pace.wait_for(2, kFar, kSegment)).error().code, Errc::busy) << "18 s of pause";
  clock.run_for(10s);
  EXPECT_TRUE(clock.run(pace.wait_for(2, kFar, kSegment)));
  EXPECT_EQ(clock.now() - begin, 20s);
}

// However many pull at once: what goes out of each machine is limited, and everything arrives.
TEST(RepairPace, OfALossTakesNoMoreOfAnyUplinkThanItsShareAndHoldsUpNoReader) {
  constexpr std::uint64_t kRate = 10'000;
  TestRing ring(7);
  const auto chunks = fill(ring, 60);
  std::map<wire::MemberId, std::uint64_t> given;
  for (const auto& holder : ring.holders) {
    holder->service->limit_repair([](const wire::MemberId&) { return kRate; }, false);
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

struct Slowness {
  std::string_view what;
  Duration delay;
  bool describes;  // it is the description that comes late
  Errc answer;     // ok: what was asked for
};

class RepairPaceWithASlowFriend : public testing::TestWithParam<Slowness> {};

TEST_P(RepairPaceWithASlowFriend, HoldsUpNothingThatOthersHave) {
  const Slowness& slow = GetParam();
  const auto is_meant = [slow](const wire::Request& asked) {
    return slow.describes ? std::holds_alternative<wire::GetDescription>(asked) : is_for_repair(asked);
  };
  EXPECT_LT(time_to_mend([&](Holder& holder) {
              holder.delay = [=](const wire::Request& asked) { return is_meant(asked) ? slow.delay : 0s; };
              holder.tamper = [=](const wire::Request& asked, Result<wire::Response>& answer) {
                if (slow.answer != Errc::io && is_meant(asked)) answer = fail(slow.answer, "no");
              };
            }),
            1min);
}

INSTANTIATE_TEST_SUITE_P(, RepairPaceWithASlowFriend,
                         testing::Values(Slowness{"segment", 25s, false, Errc::io},
                                         Slowness{"silence", 31s, false, Errc::io},
                                         Slowness{"refusal", 29s, false, Errc::refused},
                                         Slowness{"description", 9s, true, Errc::io},
                                         Slowness{"no_description", 11s, true, Errc::io}),
                         [](const auto& info) { return std::string(info.param.what); });

// Two that offer what nobody has, and say "later" whenever they are asked for it.
TEST(RepairPace, WhatLiarsPromiseLeavesRoomForWhatFriendsHave) {
  TestRing ring(7);
  constexpr std::size_t kWaiting = 512;
  for (const auto& holder : ring.holders) {
    holder->repair_options.pulls_waiting = kWaiting;
    holder->begin_anew();
  }
  const auto chunks = fill(ring, 60);
  ring.start_repair();
  ring.clock.run_for(10min);
  SeededEntropy entropy(3);
  std::vector<wire::ChunkAddress> invented(kWaiting);
  for (wire::ChunkAddress& address : invented) address = entropy.make<wire::ChunkAddress>();
  for (const std::size_t liar : {3, 4}) {
    ring.holders[liar]->tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
      if (std::holds_alternative<wire::GetDescription>(asked) && !answer) answer = fail(Errc::busy, "later");
    };
  }
  for (const auto& holder : ring.holders) {
    if (holder == ring.holders[3] || holder == ring.holders[4]) continue;
    for (const std::size_t liar : {3, 4}) holder->repair->offered(ring.holders[liar]->id(), invented);
    EXPECT_LE(holder->repair->work().to_pull, kWaiting / 4);
  }
  ring.depart(ring.holders[2]->id());
  const TimePoint begin = ring.clock.now();
  EXPECT_TRUE(until(ring, [&] { return all_where_they_belong(ring, chunks); }));
  EXPECT_LT(ring.clock.now() - begin, 3min);
  // What cannot be had is forgotten.
  EXPECT_TRUE(until(ring, [&] {
    return std::ranges::all_of(ring.holders, [&](const auto& holder) {
      return holder == ring.holders[2] || holder->repair->work().to_pull == 0;
    });
  }));
}

// All sources of what was lost are slow, and a liar offers what it does not have.
TEST(RepairPace, FriendsThatAreAllSlowHaveTheirTurns) {
  TestRing ring(5);
  const auto chunks = fill(ring, 60);
  ring.start_repair();
  ring.clock.run_for(10min);
  Holder& one = *ring.holders[2];
  const std::size_t held = one.held().size();
  for (const auto& holder : ring.holders) {
    holder->delay = [liar = holder == ring.holders[4]](const wire::Request& asked) -> Duration {
      if (liar) return std::holds_alternative<wire::GetDescription>(asked) ? 9s : 0s;
      return is_for_repair(asked) ? 12s : 0s;
    };
  }
  ring.holders[4]->tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::GetDescription>(asked)) answer = fail(Errc::not_found, "not held here");
  };
  SeededEntropy entropy(3);
  std::vector<wire::ChunkAddress> invented(1000);
  for (wire::ChunkAddress& address : invented) address = entropy.make<wire::ChunkAddress>();
  one.repair->offered(ring.holders[4]->id(), invented);
  for (const store::ChunkFacts& facts : one.held()) {
    one.spoil(facts.address, std::nullopt);
    EXPECT_FALSE(ring.clock.run(one.chunks->read_segment(facts.address, 0)));
  }
  const TimePoint begin = ring.clock.now();
  EXPECT_TRUE(until(ring, [&] { return one.held().size() == held; }));
  EXPECT_LT(ring.clock.now() - begin, 15min);
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
