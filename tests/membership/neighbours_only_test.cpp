// What a machine does past its byte budget.
#include <membership/test_world.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace peerstore::membership {
namespace {

TEST(NeighboursOnly, StatementsAreNewsAndPresencesAreNot) {
  TestWorld world(8);
  for (const auto& peer : world.peers) peer->membership.follow_neighbours_only(true);
  world[0].membership.announce(world.presence(0, 1, 1));
  (void)world.ring.admit("late");
  world[0].membership.learn(world.ring.roster->statements(), {});
  const auto all_have_it = [&] {
    return std::ranges::all_of(world.peers, [&](const auto& peer) {
      return peer->membership.roster().digest() == world.ring.roster->digest();
    });
  };
  EXPECT_TRUE(world.wait(1min, all_have_it));
  world.clock.run_for(1min);
  for (std::size_t i = 1; i < 8; ++i) EXPECT_EQ(world[i].membership.presence(world.id(0)), nullptr) << i;
}

TEST(NeighboursOnly, IsSaidByTheMarksAndIsNoDifference) {
  TestWorld world(2);
  world[0].membership.announce(world.presence(0, 1, 1));
  world[1].membership.follow_neighbours_only(true);
  EXPECT_FALSE(world[0].membership.marks().follows_neighbours_only());
  EXPECT_TRUE(world[1].membership.marks().follows_neighbours_only());
  const auto compare = [&] {
    world.compare(0, 1);
    world.compare(1, 0);
    return false;
  };
  world.wait(30s, compare);
  EXPECT_EQ(world[0].exchanges + world[1].exchanges, 0);
}

TEST(NeighboursOnly, AnAbsenceIsNotedAndNotTold) {
  TestWorld world(6);
  for (std::size_t i = 0; i < 6; ++i) {
    for (const auto& peer : world.peers) peer->membership.learn({}, {world.presence(i, 1, 1)});
  }
  world.clock.run_for(1min);
  for (const auto& peer : world.peers) peer->membership.follow_neighbours_only(true);
  world.hub.set_asleep(world.id(3), true);
  const int pushes = world[5].pushes;
  world[0].membership.lost(world.id(3));
  world.clock.run_for(5s);
  EXPECT_FALSE(world[0].membership.is_live(world.id(3)));
  EXPECT_TRUE(world[5].membership.is_live(world.id(3)));
  EXPECT_EQ(world[5].pushes, pushes);
}

TEST(NeighboursOnly, ANewAddressIsToldToWhomItConcerns) {
  TestWorld world(4);
  world[0].membership.follow_neighbours_only(true);
  world[0].membership.set_presence(world.presence(0, 1, 2, "203.0.113.9:7000"));
  world[0].membership.tell({world.id(2)});
  EXPECT_TRUE(world.wait(5s, [&] { return world[2].membership.presence(world.id(0)) != nullptr; }));
  EXPECT_EQ(world[1].membership.presence(world.id(0)), nullptr);
}

}  // namespace
}  // namespace peerstore::membership
