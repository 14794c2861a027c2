#include <peerstore/chord/ring_state.hpp>

#include <gtest/gtest.h>

namespace peerstore::chord {
namespace {

NodeRef member(unsigned number, std::uint64_t incarnation = 1) {
  NodeRef node;
  node.id.bytes[0] = static_cast<std::uint8_t>(number);
  node.incarnation = incarnation;
  return node;
}

std::vector<NodeRef> members(std::initializer_list<unsigned> numbers) {
  std::vector<NodeRef> list;
  for (const unsigned number : numbers) list.push_back(member(number));
  return list;
}

// Self is 10, with a list of four, already a member.
RingState joined(std::initializer_list<unsigned> successors, unsigned predecessor = 5) {
  RingState state(member(10), 4);
  state.begin_join();
  state.complete_join(member(predecessor), members(successors));
  return state;
}

TEST(InRingOrder, KeepsWhatIsClockwise) {
  EXPECT_EQ(in_ring_order(member(10).id, members({20, 30, 5}), 8), members({20, 30, 5}));
  EXPECT_EQ(in_ring_order(member(10).id, members({20, 30, 5}), 2), members({20, 30}));
  EXPECT_EQ(in_ring_order(member(10).id, {}, 8), members({}));
}

TEST(InRingOrder, CutsAtSelfADuplicateOrAStepBack) {
  EXPECT_EQ(in_ring_order(member(10).id, members({20, 10, 30}), 8), members({20}));
  EXPECT_EQ(in_ring_order(member(10).id, members({20, 20, 30}), 8), members({20}));
  EXPECT_EQ(in_ring_order(member(10).id, members({20, 15, 30}), 8), members({20}));
  EXPECT_EQ(in_ring_order(member(10).id, members({20, 5, 30}), 8), members({20, 5}));
  EXPECT_EQ(in_ring_order(member(10).id, members({10, 20}), 8), members({}));
}

TEST(RingState, BeginsOutOfTheRing) {
  const RingState state(member(10), 4);
  EXPECT_EQ(state.phase(), Phase::out);
  EXPECT_TRUE(state.successors().empty());
  EXPECT_FALSE(state.predecessor());
  EXPECT_FALSE(state.owns(member(10).id));
  EXPECT_TRUE(state.is_well_formed());
}

TEST(RingState, JoinCopiesTheWholeListOfTheFuturePredecessor) {
  const RingState state = joined({20, 30, 40, 50, 60});
  EXPECT_EQ(state.successors(), members({20, 30, 40, 50}));
  EXPECT_EQ(state.predecessor(), member(5));
  EXPECT_TRUE(state.is_member());
}

TEST(RingState, JoinToOneWhoIsAloneMakesARingOfTwo) {
  const RingState state = joined({}, 77);
  EXPECT_EQ(state.successors(), members({77}));
  EXPECT_EQ(state.predecessor(), member(77));
}

TEST(RingState, JoinPassesOverItsEarlierLifeAndTheDeadInFrontOfIt) {
  EXPECT_EQ(joined({7, 8, 10, 20, 30}).successors(), members({20, 30}));
  EXPECT_EQ(joined({10}).successors(), members({5}));
}

TEST(RingState, AdoptReplacesTheListAndNeverMergesIt) {
  RingState state = joined({20, 30, 40, 50});
  state.adopt(member(25), members({26}));
  EXPECT_EQ(state.successors(), members({25, 26}));
}

TEST(RingState, AdoptCutsAHostileList) {
  RingState state = joined({20, 30});
  state.adopt(member(20), members({20, 30}));
  EXPECT_EQ(state.successors(), members({20}));
  state.adopt(member(20), members({30, 10, 40}));
  EXPECT_EQ(state.successors(), members({20, 30}));
  state.adopt(member(20), members({15, 30}));
  EXPECT_EQ(state.successors(), members({20}));
  state.adopt(member(20), std::vector<NodeRef>(32, member(10)));
  EXPECT_EQ(state.successors(), members({20}));
  state.adopt(member(20), members({30, 40, 50, 60, 70, 80, 90}));
  EXPECT_EQ(state.successors(), members({20, 30, 40, 50}));
}

TEST(RingState, InASmallRingTheListIsEverybodyElseOnce) {
  RingState state = joined({20, 30});
  // The list of 20 wraps around through self.
  state.adopt(member(20), members({30, 10, 20}));
  EXPECT_EQ(state.successors(), members({20, 30}));
}

TEST(RingState, AShortenedListIsLeftShort) {
  RingState state = joined({20, 30, 40});
  state.drop_first_successor();
  EXPECT_EQ(state.successors(), members({30, 40}));
  state.drop_first_successor();
  state.drop_first_successor();
  EXPECT_TRUE(state.successors().empty());
  EXPECT_TRUE(state.is_member()) << "what an exhausted list means is for the node to say";
  EXPECT_FALSE(state.owns(member(100).id)) << "an exhausted list never means: I own the ring";
}

TEST(RingState, RectifyTakesANearerPredecessorAtOnce) {
  RingState state = joined({20}, 5);
  EXPECT_TRUE(state.rectify(member(8)));
  EXPECT_EQ(state.predecessor(), member(8));
}

TEST(RingState, RectifyLeavesAFartherOneToACheckOfThePresentOne) {
  RingState state = joined({20}, 5);
  EXPECT_FALSE(state.rectify(member(200)));
  EXPECT_EQ(state.predecessor(), member(5));
  state.replace_predecessor(member(200));
  EXPECT_EQ(state.predecessor(), member(200));
}

TEST(RingState, RectifyOfOneWhoIsAloneTakesAnybody) {
  RingState state(member(10), 4);
  state.become_alone();
  EXPECT_TRUE(state.rectify(member(200)));
  EXPECT_EQ(state.predecessor(), member(200));
}

TEST(RingState, RectifyRenewsTheIncarnationOfThePredecessor) {
  RingState state = joined({20}, 5);
  EXPECT_TRUE(state.rectify(member(5, 9)));
  EXPECT_EQ(state.predecessor()->incarnation, 9U);
}

TEST(RingState, AnEarlierLifeIsNotHeard) {
  RingState state = joined({20});
  EXPECT_TRUE(state.heard(member(20, 3)));
  EXPECT_TRUE(state.heard(member(20, 3)));
  EXPECT_FALSE(state.heard(member(20, 2)));
  EXPECT_TRUE(state.heard(member(20, 4)));
  EXPECT_TRUE(state.heard(member(30, 1))) << "each member has its own lives";
}

TEST(RingState, WhatOthersSayOfAMemberDoesNotAgeIt) {
  RingState state = joined({20});
  state.adopt(member(20), {member(30, ~std::uint64_t{0})});
  EXPECT_TRUE(state.heard(member(30, 1)));
}

TEST(RingState, RestartForgetsTheRingAndRaisesTheIncarnation) {
  RingState state = joined({20, 30});
  state.restart(2);
  EXPECT_EQ(state.self(), member(10, 2));
  EXPECT_EQ(state.phase(), Phase::out);
  EXPECT_TRUE(state.successors().empty());
  EXPECT_FALSE(state.predecessor());
}

TEST(RingStateDeathTest, AnIncarnationNeverFalls) {
  RingState state = joined({20});
  EXPECT_DEATH(state.restart(1), "incarnation");
}

TEST(RingState, OwnsTheKeysFromItsPredecessorToItself) {
  RingState state = joined({20}, 5);
  EXPECT_FALSE(state.owns(member(5).id));
  EXPECT_TRUE(state.owns(member(6).id));
  EXPECT_TRUE(state.owns(member(10).id));
  EXPECT_FALSE(state.owns(member(11).id));
  state.begin_join();
  EXPECT_FALSE(state.owns(member(6).id)) << "only members answer for keys";
}

TEST(RingState, AloneOwnsEverything) {
  RingState state(member(10), 4);
  state.become_alone();
  EXPECT_TRUE(state.owns(member(0).id));
  EXPECT_TRUE(state.owns(member(10).id));
  EXPECT_TRUE(state.owns(member(255).id));
}

}  // namespace
}  // namespace peerstore::chord
