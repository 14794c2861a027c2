// Segments on their way from holder to holder: put_chain.hpp (the owner), passing_on.hpp (the holders).
#include "replica/test_ring.hpp"

#include <gtest/gtest.h>
#include <peerstore/runtime/scope.hpp>

namespace peerstore::replica::test {
namespace {

constexpr std::uint32_t kSegments = 8;

struct ChainedPut {
  ChainedPut() : ring(6), chunk(make_chunk(0, 2, 5, kSegments)), list(ring.preference(chunk)) {}

  Holder& holder(std::size_t place) { return ring.holder(list[place]); }
  bool has(std::size_t place) { return holder(place).has(chunk.ref.address); }
  // How often the owner's uplink carried the chunk; what else it says is little against the segments.
  double times_sent() const {
    const auto bytes = static_cast<double>(ring.hub.counters(ring.holders[0]->id()).bytes);
    return bytes / (kSegments * double{wire::kSegmentBytes});
  }
  void expect_safe(const Result<PutOutcome>& outcome) {
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_TRUE(outcome->safe()) << outcome->shortfall;
    for (const wire::Receipt& receipt : outcome->receipts) {
      EXPECT_TRUE(ring.holder(receipt.holder.id).has(chunk.ref.address));
    }
    EXPECT_TRUE(ring.nobody_breaks_the_rule());
  }
  // Calls `then` when this holder has answered so many segments.
  void after_segments(std::size_t place, unsigned count, std::function<void()> then) {
    holder(place).tamper = [count, then](const wire::Request& asked, Result<wire::Response>&) mutable {
      if (std::holds_alternative<wire::PutSegment>(asked) && --count == 0) then();
    };
  }
  void after_begin(std::size_t place, std::function<void()> then) {
    holder(place).tamper = [then](const wire::Request& asked, Result<wire::Response>&) {
      if (std::holds_alternative<wire::PutBegin>(asked)) then();
    };
  }

  TestRing ring;
  TestChunk chunk;
  std::vector<wire::MemberId> list;
};

class PutChainTest : public testing::Test, protected ChainedPut {};

TEST_F(PutChainTest, TheOwnerSendsEachSegmentOnceHoweverManyCopies) {
  expect_safe(ring.put(chunk));
  EXPECT_TRUE(has(0) && has(1) && has(2));
  EXPECT_LT(times_sent(), 1.05);
  EXPECT_EQ(ring.served(kind_of<wire::PutSegment>()), 3 * kSegments);
}

TEST_F(PutChainTest, AHolderThatDiesInTheMiddleIsSkippedAndReplaced) {
  for (const std::size_t place : {0u, 1u, 2u}) {
    SCOPED_TRACE(place);
    ChainedPut fresh;
    fresh.after_segments(place, 3, [&] { fresh.ring.hub.set_asleep(fresh.list[place], true); });
    fresh.expect_safe(fresh.ring.put(fresh.chunk));
    EXPECT_FALSE(fresh.has(place));
    EXPECT_TRUE(fresh.has(3));
    EXPECT_LT(fresh.times_sent(), 3.1) << "a star sends it more than four times";
  }
}

TEST_F(PutChainTest, WhomTheHolderBeforeItCannotReachTheOwnerSendsToItself) {
  ring.hub.cut_one_way(list[0], list[1]);
  expect_safe(ring.put(chunk));
  EXPECT_TRUE(has(0) && has(1) && has(2));
  EXPECT_FALSE(has(3));
  EXPECT_LT(times_sent(), 2.6) << "the third has it from the first";
  EXPECT_EQ(holder(1).served[kind_of<wire::PutSegment>()], kSegments);
}

TEST_F(PutChainTest, WhoLacksSomethingInSpiteOfWhatTheChainSaysGetsItFromTheOwner) {
  holder(0).mishear = [](wire::Request& asked) {
    if (auto* segment = std::get_if<wire::PutSegment>(&asked)) segment->onward.clear();
  };
  holder(0).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::PutSegment>(asked)) answer = wire::Response(wire::SegmentTaken{{1, 1}});
  };
  expect_safe(ring.put(chunk));
  EXPECT_TRUE(has(0) && has(1) && has(2));
  EXPECT_LT(times_sent(), 3.1) << "no more than without a chain";
}

TEST_F(PutChainTest, AnAnswerForOthersThanWereNamedCountsForNobody) {
  holder(0).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::PutSegment>(asked)) {
      answer = wire::Response(wire::SegmentTaken{{1, 1, 1, 1}});
    }
  };
  expect_safe(ring.put(chunk));
  EXPECT_TRUE(has(0) && has(1) && has(2));
}

// The third is so slow that the second gives it up, and the first and the owner still hear of it in time.
TEST_F(PutChainTest, ASlowEndDoesNotMakeThoseBeforeItLookDead) {
  after_begin(2, [&] { ring.hub.set_slow(list[2], 200s); });
  const Result<PutOutcome> outcome = ring.put(chunk);
  expect_safe(outcome);
  EXPECT_TRUE(has(0) && has(1) && has(3));
  EXPECT_EQ(holder(0).served[kind_of<wire::PutCommit>()], 1u);
  EXPECT_EQ(holder(0).served[kind_of<wire::Reserve>()], 1u) << "it was never given up";
}

TEST_F(PutChainTest, AnAnswerThatComesTooLateChangesNothing) {
  after_begin(0, [&] { ring.hub.set_slow(list[0], 70s); });
  expect_safe(ring.put(chunk));
  EXPECT_FALSE(has(0));
  EXPECT_TRUE(has(1) && has(2) && has(3));
  ring.clock.run_for(10min);
  EXPECT_EQ(ring.holders_of(chunk).size(), 3u);
  holder(0).tamper = {};
  ring.hub.set_slow(list[0], 0s);
  expect_safe(ring.put(chunk));
}

TEST_F(PutChainTest, EachGetsWhatItLacksWhenAPutIsResumed) {
  const std::vector<std::vector<std::uint32_t>> there = {{0, 1}, {2}, {}};
  for (std::size_t place = 0; place < there.size(); ++place) {
    store::ChunkStore& chunks = *holder(place).chunks;
    const store::HeldChunk held{chunk.description, ring.lease(chunk)};
    ASSERT_TRUE(ring.clock.run(chunks.begin(held, {})));
    for (const std::uint32_t index : there[place]) {
      ASSERT_TRUE(ring.clock.run(chunks.put_segment(chunk.ref.address, index, chunk.segments[index])));
    }
  }
  expect_safe(ring.put(chunk));
  for (std::size_t place = 0; place < there.size(); ++place) {
    EXPECT_EQ(holder(place).served[kind_of<wire::PutSegment>()], kSegments - there[place].size());
  }
  EXPECT_LT(times_sent(), 1.05);
}

// ---- what a holder passes on, and to whom ----

class PassingOnTest : public testing::Test {
 protected:
  // The chunk is of class 3 and of person 0, who has machine 6 too. Machine 1 is asked to pass on to
  // machine 2.
  PassingOnTest() : ring(6), chunk(make_chunk(0, 3, 1)) {
    ring.add(0, 0);
    begin(1);
    begin(2);
  }
  void begin(std::size_t machine) {
    const store::HeldChunk held{chunk.description, ring.lease(chunk)};
    CHECK(ring.clock.run(ring.holders[machine]->chunks->begin(held, {})).has_value());
  }
  wire::PutSegment segment(std::vector<std::size_t> onward) {
    wire::PutSegment segment{chunk.ref.address, 0, chunk.segments[0], {}};
    for (const std::size_t machine : onward) segment.onward.push_back(ring.holders[machine]->id());
    return segment;
  }
  Result<wire::Response> ask(wire::PutSegment segment, std::size_t machine = 1) {
    const wire::Caller owner{ring.holders[0]->id(), 0, false, true};
    return ring.clock.run(ring.holders[machine]->serve(owner, wire::Request(std::move(segment))));
  }
  using Onward = std::vector<std::uint8_t>;
  static Onward onward(const Result<wire::Response>& answer) {
    CHECK(answer.has_value());
    return std::get<wire::SegmentTaken>(*answer).onward;
  }
  static Errc code(const Result<wire::Response>& answer) { return answer ? Errc{} : answer.error().code; }
  std::uint64_t sent() { return ring.hub.counters(ring.holders[1]->id()).messages; }

  TestRing ring;
  TestChunk chunk;
};

TEST_F(PassingOnTest, GoesToTheNextAndIsSaidToHave) {
  begin(4);
  EXPECT_EQ(onward(ask(segment({2, 4}))), (Onward{1, 1}));
  EXPECT_EQ(onward(ask(segment({2, 4}))), (Onward{1, 1})) << "also what is here already";
  EXPECT_EQ(onward(ask(segment({2, 5}))), (Onward{1, 0})) << "who has not begun it";
  EXPECT_EQ(onward(ask(segment({}))), Onward{});
}

TEST_F(PassingOnTest, NeverWhatIsNotWhatTheOwnerDescribed) {
  wire::PutSegment wrong = segment({2});
  wrong.index = 1;
  EXPECT_EQ(code(ask(wrong)), Errc::corrupt);
  EXPECT_EQ(code(ask(segment({2}), 4)), Errc::not_found) << "it has not begun the chunk";
  EXPECT_EQ(sent(), 0u);
  EXPECT_EQ(ring.served(kind_of<wire::PutSegment>()), 2u) << "these two alone";
}

TEST_F(PassingOnTest, NeverOfAChunkThatIsHeld) {
  for (std::uint32_t index = 0; index < 2; ++index) {
    const wire::PutSegment put{chunk.ref.address, index, chunk.segments[index], {}};
    ASSERT_TRUE(ask(put));
  }
  ASSERT_TRUE(ring.clock.run(ring.holders[1]->chunks->commit(chunk.ref.address)));
  EXPECT_EQ(onward(ask(segment({2}))), Onward{0});
  EXPECT_EQ(sent(), 0u);
}

TEST_F(PassingOnTest, NeverToWhomTheRulesForbidTheChunk) {
  wire::PutSegment stranger = segment({2});
  stranger.onward[0].bytes[0] ^= 1;
  EXPECT_EQ(onward(ask(stranger)), Onward{0});
  EXPECT_EQ(onward(ask(segment({3}))), Onward{0}) << "of the chunk's class";
  EXPECT_EQ(onward(ask(segment({6}))), Onward{0}) << "the owner's other machine";
  EXPECT_EQ(code(ask(segment({1}))), Errc::invalid) << "itself";
  EXPECT_EQ(code(ask(segment({2, 0}))), Errc::invalid) << "whoever sent it";
  ring.sleep(ring.holders[5]->id());
  EXPECT_EQ(onward(ask(segment({5}))), Onward{0}) << "away";
  EXPECT_EQ(sent(), 0u);
  EXPECT_EQ(onward(ask(segment({3, 2}))), (Onward{0, 1})) << "the rest of the chain goes on";
}

TEST_F(PassingOnTest, NoMoreOftenThanOnceHoweverManyRefuse) {
  EXPECT_EQ(onward(ask(segment({4, 5, 2}))), (Onward{0, 0, 0}));
  EXPECT_EQ(sent(), 1u);
}

TEST_F(PassingOnTest, WhoHasNoProcessIsSkipped) {
  ring.hub.detach(ring.holders[5]->id());
  EXPECT_EQ(onward(ask(segment({5, 2}))), (Onward{0, 1}));
}

Task<void> ask_in_vain(Holder& holder, wire::Caller caller, wire::PutSegment segment) {
  (void)co_await holder.serve(caller, wire::Request(std::move(segment)));
}

TEST_F(PassingOnTest, OnlySoManyAtOnceToOneMember) {
  ring.hub.set_slow(ring.holders[2]->id(), 10s);
  TaskScope scope(ring.clock);
  const wire::Caller owner{ring.holders[0]->id(), 0, false, true};
  for (int i = 0; i < 60; ++i) scope.spawn(ask_in_vain(*ring.holders[1], owner, segment({2})));
  ring.clock.run_for(1min);
  EXPECT_EQ(scope.running(), 0u);
  EXPECT_EQ(ring.holders[2]->served[kind_of<wire::PutSegment>()], 48u);
  EXPECT_EQ(onward(ask(segment({2}))), Onward{1}) << "there is room again";
}

}  // namespace
}  // namespace peerstore::replica::test
