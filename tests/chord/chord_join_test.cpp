#include <chord/ring_world.hpp>

namespace peerstore::chord {
namespace {

bool alone(RingWorld& world, const ring::Id& id) {
  const RingState& state = world.state(id);
  return state.is_member() && state.successors().empty() && !state.predecessor();
}

TEST(Join, WithoutContactsItStandsAloneAtOnce) {
  RingWorld world({});
  world.start(point(1));
  EXPECT_TRUE(alone(world, point(1)));
}

TEST(Join, OneContactIsEnough) {
  RingWorld::Options options;
  options.everybody_known = false;
  RingWorld world(options);
  const auto ring = world.ideal_ring(12);
  world.start(point(100), {ring[11]});
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min)) << world.flaw();
}

TEST(Join, GoesOnLookingWhileNoContactAnswers) {
  RingWorld world({});
  const auto ring = world.ideal_ring(4);
  for (const ring::Id& id : ring) world.sleep(id);
  world.start(point(100), {ring[0]});
  ASSERT_TRUE(world.run_until([&] { return alone(world, point(100)); }, 1min));
  world.run_for(10min);
  EXPECT_TRUE(alone(world, point(100)));
  for (const ring::Id& id : ring) world.wake(id);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 3min)) << world.flaw();
}

TEST(Join, PassesOverDeadNeighboursOfItsPlace) {
  RingWorld world({});
  const auto ring = world.ideal_ring(8);
  world.crash(ring[2]);
  world.crash(ring[3]);
  world.start(point(60), {ring[0]});  // its true predecessor still has the dead in its list
  ASSERT_TRUE(world.run_until([&] { return world.state(point(60)).is_member(); }, 10s));
  EXPECT_EQ(world.state(point(60)).successors().front().id, ring[4]);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
}

TEST(Join, AGroupThatStartsTogetherMakesOneRing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RingWorld::Options options;
    options.seed = seed;
    RingWorld world(options);
    for (unsigned i = 0; i < 8; ++i) world.start(point(255 - 30 * i));
    EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min))
        << "seed " << seed << ": " << world.flaw();
  }
}

TEST(Join, AGroupThatWakesTogetherMakesOneRing) {
  RingWorld world({});
  const auto ring = world.ideal_ring(8);
  for (const ring::Id& id : ring) world.sleep(id);
  world.run_for(8h);
  std::set<ring::Id> beginners;
  world.observer = [&](const ChordNode& node) {
    if (alone(world, node.state().self().id)) beginners.insert(node.state().self().id);
  };
  for (const ring::Id& id : ring) world.wake(id);
  const auto rejoined = [&] { return world.ideal() && world.state(ring[0]).self().incarnation == 2; };
  EXPECT_TRUE(world.run_until(rejoined, 1min)) << world.flaw();
  EXPECT_EQ(beginners, std::set<ring::Id>{ring[0]}) << "the others wait for the smallest identifier";
}

TEST(Join, TwoWhoAreAloneFindEachOther) {
  RingWorld world({});
  world.start(point(10));
  world.start(point(20));
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min)) << world.flaw();
}

TEST(Join, AQuickRestartTakesItsOldPlaceWithANewIncarnation) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  world.crash(ring[3]);
  world.restart(ring[3]);  // nobody noticed
  ASSERT_TRUE(world.run_until([&] { return world.state(ring[3]).is_member(); }, 10s));
  EXPECT_EQ(world.state(ring[3]).predecessor()->id, ring[2]);
  EXPECT_EQ(world.state(ring[3]).successors().front().id, ring[4]);
  const auto everybody_knows = [&] {
    for (const ring::Id& id : ring) {
      for (const NodeRef& successor : world.state(id).successors()) {
        if (successor.id == ring[3] && successor.incarnation != 2) return false;
      }
    }
    return world.ideal();
  };
  EXPECT_TRUE(world.run_until(everybody_knows, 3min)) << world.flaw();
}

TEST(Leave, IsOutAndMayComeBack) {
  RingWorld world({});
  const auto ring = world.ideal_ring(4);
  world.clock().run(world.node(ring[1]).leave());
  EXPECT_EQ(world.state(ring[1]).phase(), Phase::out);
  EXPECT_FALSE(world.node(ring[1]).answer(wire::FindSuccessor{point(9)}));
  world.run_for(5min);
  EXPECT_EQ(world.state(ring[0]).successors().front().id, ring[2]);
  EXPECT_EQ(world.state(ring[2]).predecessor()->id, ring[0]);
  world.node(ring[1]).start();
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min)) << world.flaw();
}

TEST(Leave, OfOneWhoIsAloneNeedsNobody) {
  RingWorld world({});
  world.start(point(1));
  world.clock().run(world.node(point(1)).leave());
  EXPECT_EQ(world.state(point(1)).phase(), Phase::out);
}

}  // namespace
}  // namespace peerstore::chord
