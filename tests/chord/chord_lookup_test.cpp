#include <chord/ring_world.hpp>

namespace peerstore::chord {
namespace {

TEST(Lookup, OfAnOwnKeyAsksNobody) {
  RingWorld world({});
  const auto ring = world.ideal_ring(5);
  const auto found = world.clock().run(world.node(ring[1]).find_successor(point(9)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->successor.id, ring[1]);
  EXPECT_EQ(found->hops, 0U);
  EXPECT_EQ(found->successors.size(), 4U);
}

TEST(Lookup, AStaleViewCostsAHopAndGivesNoWrongAnswer) {
  RingWorld world({});
  const auto ring = world.ideal_ring(8);
  world.think_away(ring[0], ring[4]);  // so that the first guess for its keys is wrong
  const auto found = world.clock().run(world.node(ring[0]).find_successor(point(60)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->successor.id, ring[4]);
  EXPECT_EQ(found->hops, 2U);
}

TEST(Lookup, FindsItsWayAroundTheDead) {
  RingWorld world({});
  const auto ring = world.ideal_ring(10);
  world.crash(ring[4]);
  world.crash(ring[5]);
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  world.think_live(ring[0], ring[4]);
  world.think_live(ring[0], ring[5]);
  const auto found = world.clock().run(world.node(ring[0]).find_successor(point(60)));
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->successor.id, ring[6]);
}

TEST(Lookup, AsksNobodyTwiceAndSaysWhichKeyNobodyConfirmed) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  for (unsigned i = 1; i < 6; ++i) world.crash(ring[i]);
  const std::uint64_t before = world.messages();
  const auto found = world.clock().run(world.node(ring[0]).find_successor(point(60)));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::unreachable);
  EXPECT_NE(found.error().context.find(ring::short_name(point(60))), std::string::npos);
  // One question each, and what stabilize sent meanwhile.
  EXPECT_LE(world.messages() - before, 5U + 15U);
}

TEST(Lookup, WorksFromOutsideTheRing) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  world.clock().run(world.node(ring[2]).leave());
  ASSERT_TRUE(world.run_until([&] { return world.state(ring[3]).predecessor()->id == ring[1]; }, 1min));
  const auto found = world.clock().run(world.node(ring[2]).find_successor(point(60)));
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->successor.id, ring[4]);
}

TEST(Lookup, ReportsWhoAnsweredAndWhoDidNot) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  world.crash(ring[4]);
  (void)world.clock().run(world.node(ring[0]).find_successor(point(60)));
  EXPECT_TRUE(world.thinks_away(ring[0], ring[4]));
  world.restart(ring[4]);
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 2min));
  (void)world.clock().run(world.node(ring[0]).find_successor(point(60)));
  EXPECT_FALSE(world.thinks_away(ring[0], ring[4]));
}

TEST(Lookup, AnswersAreImmediateFromTheCommittedState) {
  RingWorld world({});
  const auto ring = world.ideal_ring(4);
  // Whatever questions of its own are in flight, at every moment.
  for (unsigned i = 0; i < 100; ++i) {
    world.run_for(77ms);
    const auto answer = world.node(ring[1]).answer(wire::FindSuccessor{point(10)});
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->is_successor);
  }
}

TEST(Lookup, RedirectsToTheSuccessorListOfThePredecessor) {
  RingWorld world({});
  const auto ring = world.ideal_ring(5);
  const auto answer = world.node(ring[1]).answer(wire::FindSuccessor{point(20)});
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->is_successor);
  ASSERT_FALSE(answer->closer.empty());
  EXPECT_EQ(answer->closer.front().id, ring[2]);
}

}  // namespace
}  // namespace peerstore::chord
