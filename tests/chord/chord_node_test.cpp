// What real laptops add to the paper: sleep, exhausted lists, partitions, earlier lives, liars,
// and quiet.
#include <chord/ring_world.hpp>

namespace peerstore::chord {
namespace {

TEST(Suspend, ResumeIsARejoinWithANewIncarnation) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  world.sleep(ring[2]);
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 3min)) << world.flaw();
  world.run_for(8h);
  world.wake(ring[2]);
  std::vector<Phase> phases;
  world.observer = [&](const ChordNode& node) {
    if (node.state().self().id == ring[2]) phases.push_back(node.state().phase());
  };
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min)) << world.flaw();
  EXPECT_EQ(world.state(ring[2]).self().incarnation, 2U);
  ASSERT_FALSE(phases.empty());
  EXPECT_EQ(phases.front(), Phase::out) << "nothing of the old ring is used";
}

TEST(Suspend, AShortNapIsNoNewLife) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  world.sleep(ring[2]);
  world.run_for(40s);
  world.wake(ring[2]);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  EXPECT_EQ(world.state(ring[2]).self().incarnation, 1U);
}

TEST(Suspend, AnAnswerFromBeforeTheSleepIsNotUsed) {
  // Sleep at every moment of a round, so that some fall between question and answer.
  for (unsigned i = 0; i < 40; ++i) {
    RingWorld world({});
    const auto ring = world.ideal_ring(5);
    world.run_for(100ms * i);
    world.sleep(ring[1]);
    world.run_for(2h);
    world.crash(ring[2]);
    world.run_for(3min);
    world.wake(ring[1]);
    EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min)) << i << ": " << world.flaw();
  }
}

TEST(ExhaustedList, MeansRejoinAndNotTheWholeRing) {
  RingWorld::Options options;
  options.chord.successor_list = 2;
  RingWorld world(options);
  const auto ring = world.ideal_ring(8);
  bool rejoined = false;
  world.observer = [&](const ChordNode& node) {
    const RingState& state = node.state();
    if (state.self().id != ring[0]) return;
    rejoined = rejoined || state.phase() == Phase::joining;
    EXPECT_FALSE(state.is_member() && state.owns(point(40))) << "never a key of the live";
  };
  world.crash(ring[1]);
  world.crash(ring[2]);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  EXPECT_TRUE(rejoined);
  EXPECT_EQ(world.state(ring[0]).self().incarnation, 1U) << "the same life: it never slept";
}

TEST(ExhaustedList, TheLastOneLeftStandsAlone) {
  RingWorld world({});
  const auto ring = world.ideal_ring(4);
  for (unsigned i = 1; i < 4; ++i) world.crash(ring[i]);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 3min)) << world.flaw();
  EXPECT_TRUE(world.state(ring[0]).owns(point(77)));
}

TEST(Partition, TwoRingsBecomeOneAgain) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    RingWorld::Options options;
    options.seed = seed;
    RingWorld world(options);
    const auto ring = world.ideal_ring(10);
    for (unsigned i = 0; i < 10; ++i) world.set_side(ring[i], i % 2);
    world.run_for(1h);
    EXPECT_EQ(world.state(ring[0]).successors().front().id, ring[2]) << "a ring of its own";
    for (const ring::Id& id : ring) world.set_side(id, 0);
    EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 5min))
        << "seed " << seed << ": " << world.flaw();
  }
}

TEST(Incarnations, ANotifyOfAnEarlierLifeIsIgnored) {
  RingWorld world({});
  const auto ring = world.ideal_ring(4);
  world.crash(ring[1]);
  world.restart(ring[1]);
  ASSERT_TRUE(world.run_until(
      [&] {
        const auto& predecessor = world.state(ring[2]).predecessor();
        return predecessor && *predecessor == NodeRef{ring[1], 2};
      },
      2min));
  world.node(ring[2]).notified(NodeRef{ring[1], 1});
  EXPECT_EQ(world.state(ring[2]).predecessor()->incarnation, 2U);
}

TEST(Hostile, ANotifyInOwnNameChangesNothing) {
  RingWorld world({});
  const auto ring = world.ideal_ring(3);
  world.node(ring[1]).notified(NodeRef{ring[1], 99});
  EXPECT_EQ(world.state(ring[1]).predecessor()->id, ring[0]);
}

TEST(Hostile, AnInventedPredecessorIsSoonCorrected) {
  RingWorld world({});
  const auto ring = world.ideal_ring(4);
  world.node(ring[2]).notified(NodeRef{point(31), 1});  // nobody is there
  EXPECT_EQ(world.state(ring[2]).predecessor()->id, point(31));
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
}

TEST(Digests, OfNeighboursAreCompared) {
  RingWorld world({});
  const auto ring = world.ideal_ring(5);
  world.forget_compared(ring[0]);
  world.run_for(2min);
  EXPECT_TRUE(world.compared_by(ring[0]).contains(ring[1]));
}

// ---- views: a list that did not change is not sent again ----

TEST(View, StaysTheSameAsLongAsNothingChanges) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  world.run_for(2min);
  const wire::Pong before = world.node(ring[2]).pong();
  EXPECT_NE(before.view, 0U);
  EXPECT_EQ(before.view, world.node(ring[2]).neighbours().view);
  world.run_for(10min);
  EXPECT_EQ(world.node(ring[2]).pong(), before);
}

TEST(View, ChangesWithTheSuccessorsAndThePredecessor) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  const std::uint64_t before = world.node(ring[2]).pong().view;
  world.crash(ring[5]);
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  const std::uint64_t after = world.node(ring[2]).pong().view;
  EXPECT_NE(after, before);
  world.crash(ring[1]);
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  EXPECT_NE(world.node(ring[2]).pong().view, after);
}

TEST(View, IsNothingOutOfTheRing) {
  RingWorld world({});
  const auto ring = world.ideal_ring(4);
  world.clock().run(world.node(ring[2]).leave());
  EXPECT_EQ(world.node(ring[2]).pong(), wire::Pong{});
}

// ---- past the byte budget ----

RingWorld::Options fingers_only(std::size_t successor_list) {
  RingWorld::Options options;
  options.chord.fingers_only = true;
  options.chord.successor_list = successor_list;
  options.everybody_known = false;
  return options;
}

TEST(FingersOnly, LookupsFindTheTrueSuccessor) {
  RingWorld world(fingers_only(3));
  const auto ring = world.ideal_ring(16);
  for (const unsigned place : {7U, 100U, 213U, 255U})
    EXPECT_EQ(world.wrong_lookups(point(place)), 0U) << place;
}

TEST(FingersOnly, FingersReachFartherThanTheSuccessorList) {
  RingWorld world(fingers_only(2));
  const auto ring = world.ideal_ring(16);
  world.run_for(10min);
  EXPECT_GE(world.node(ring[0]).neighbours_and_fingers().size(), 6U);
  const auto found = world.clock().run(world.node(ring[0]).find_successor(point(16 * 13 - 3)));
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->successor.id, ring[13]);
  EXPECT_LE(found->hops, 4U) << "six, if it went from list to list";
}

TEST(FingersOnly, ADeadFingerIsDroppedAndPassedBy) {
  RingWorld world(fingers_only(2));
  const auto ring = world.ideal_ring(16);
  world.run_for(10min);
  for (const unsigned i : {8U, 9U, 12U}) world.crash(ring[i]);
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 3min)) << world.flaw();
  EXPECT_EQ(world.wrong_lookups(point(16 * 13 - 3)), 0U);
}

TEST(FingersOnly, WhoeverJoinsDoesAsItsPredecessorDoes) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  for (const ring::Id& id : ring) world.follow_neighbours_only(id);
  world.start(point(40), {ring[0]});
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  EXPECT_TRUE(world.node(point(40)).fingers_only());
  world.node(point(40)).set_fingers_only(false);
  EXPECT_FALSE(world.node(point(40)).fingers_only()) << "it is no verdict for ever";
}

TEST(Quiet, AQuietRingSlowsDownAndNewsWakeIt) {
  RingWorld world({});
  const auto ring = world.ideal_ring(10);
  world.run_for(10min);
  const std::uint64_t before = world.messages();
  world.run_for(1h);
  const double per_node_and_minute = static_cast<double>(world.messages() - before) / 10 / 60;
  std::printf("%.1f messages a minute and node in a quiet ring of 10\n", per_node_and_minute);
  EXPECT_LT(per_node_and_minute, 12);
  world.start(point(5), {ring[0]});
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 30s)) << world.flaw();
}

TEST(Quiet, ADeathInAQuietRingIsNoticedWithinTwoLongPeriods) {
  RingWorld world({});
  const auto ring = world.ideal_ring(10);
  world.run_for(10min);
  world.crash(ring[4]);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min + 20s)) << world.flaw();
}

}  // namespace
}  // namespace peerstore::chord
