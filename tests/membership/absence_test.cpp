#include <peerstore/membership/membership.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include <membership/test_world.hpp>

namespace peerstore::membership {
namespace {

TEST(Absence, TellsEverybodyWhoIsAway) {
  TestWorld world(40);
  for (std::size_t i = 0; i < 40; ++i) world[i].membership.announce(world.presence(i, 1, 1));
  world.clock.run_for(1min);
  world.hub.detach(world.id(7));
  world[3].membership.lost(world.id(7));
  const auto known = [&] {
    for (std::size_t i = 0; i < 40; ++i) {
      if (i != 7 && world[i].membership.is_live(world.id(7))) return false;
    }
    return true;
  };
  EXPECT_TRUE(world.wait(1s, known));
  // It comes back, and all try it again.
  world.hub.attach(world.id(7), world.peers[7].get(), 7);
  world[3].membership.learn({}, {world.presence(7, 2, 1)});
  EXPECT_TRUE(world.wait(5s, [&] { return world[30].membership.is_live(world.id(7)); }));
}

TEST(Absence, LeavesAClientTheAddressesOfThoseWhoMayBeBack) {
  TestWorld world(5);
  for (std::size_t i = 0; i < 5; ++i) world[i].membership.announce(world.presence(i, 1, 1));
  world.clock.run_for(1min);
  world.hub.detach(world.id(3));
  world[0].membership.lost(world.id(3));
  world.clock.run_for(10s);
  const auto link = world.hub.client(world.id(1), 1);
  SeededRandom random(1);
  Membership client(world.clock, random, world.ring.signatures, *link, *world.ring.roster, wire::MemberId{},
                    {});
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(world.clock.run(client.exchange(world.id(2))));
    ASSERT_NE(client.presence(world.id(3)), nullptr);
    EXPECT_EQ(client.presence(world.id(3))->addresses, std::vector<std::string>{"192.0.2.7:7000"});
    EXPECT_FALSE(client.is_live(world.id(3)));
    EXPECT_TRUE(client.is_live(world.id(4)));
  }
  EXPECT_FALSE(world[2].membership.is_live(world.id(3))) << "a client tells nobody anything";
}

TEST(Absence, IsDeniedByWhoHearsOfItsOwn) {
  TestWorld world(20);
  for (std::size_t i = 0; i < 20; ++i) world[i].membership.announce(world.presence(i, 1, 1));
  world.clock.run_for(1min);
  int denials = 0;
  world[7].membership.on_denial([&](std::uint64_t) {
    ++denials;
    world[7].membership.announce_now(world.presence(7, 1, 2));
  });
  world[3].membership.lost(world.id(7));
  EXPECT_TRUE(world.wait(60s, [&] { return denials > 0 && world.all_agree(); }));
  EXPECT_EQ(denials, 1);
  for (const auto& peer : world.peers) EXPECT_TRUE(peer->membership.is_live(world.id(7)));
}

TEST(Absence, OfALaterLifeThanItsOwnTellsAMachineWhatItForgot) {
  TestWorld world(3);
  for (std::size_t i = 0; i < 3; ++i) world[i].membership.announce(world.presence(i, 9, 1));
  world.clock.run_for(1min);
  std::vector<std::uint64_t> remembered;
  const auto note = [&](std::uint64_t incarnation) { remembered.push_back(incarnation); };
  world[1].membership.on_denial(note);
  wire::PushStatements news;
  news.absences.push_back({{world.id(1), 12}, 1});
  news.until = world.id(1);
  world[1].membership.hear(news);
  EXPECT_EQ(remembered, (std::vector<std::uint64_t>{12}));
  world[1].membership.learn({}, {world.presence(1, 15, 1)});
  EXPECT_EQ(remembered, (std::vector<std::uint64_t>{12, 15})) << "its own signed word of a later life";
}

TEST(Absence, EndsOneWordAndNotANewerOne) {
  TestWorld world(3);
  world[0].membership.learn({}, {world.presence(1, 2, 5)});
  wire::PushStatements old;
  old.absences.push_back({{world.id(1), 2}, 4});
  old.until = world.id(0);
  world[0].membership.hear(old);
  EXPECT_TRUE(world[0].membership.is_live(world.id(1)));
  old.absences[0].sequence = 5;
  world[0].membership.hear(old);
  EXPECT_FALSE(world[0].membership.is_live(world.id(1)));
  // However high the number that a liar gives, the next word of the member undoes it.
  old.absences[0] = {{world.id(2), ~0ULL}, ~0ULL};
  world[0].membership.learn({}, {world.presence(2, 1, 1)});
  world[0].membership.hear(old);
  EXPECT_FALSE(world[0].membership.is_live(world.id(2)));
  world[0].membership.learn({}, {world.presence(2, 1, 2)});
  EXPECT_TRUE(world[0].membership.is_live(world.id(2)));
}

TEST(Absence, ThatIsOnlyARumourIsPutToTheMemberFirst) {
  TestWorld world(4);
  for (std::size_t i = 0; i < 4; ++i) world[0].membership.learn({}, {world.presence(i, 1, 1)});
  world.clock.run_for(10s);
  world.hub.set_asleep(world.id(2), true);
  wire::PushStatements rumour;
  rumour.absences = {{{world.id(1), 1}, 1}, {{world.id(2), 1}, 1}};
  world[0].membership.hear(rumour);
  world.clock.run_for(10s);
  EXPECT_TRUE(world[0].membership.is_live(world.id(1)));
  EXPECT_FALSE(world[0].membership.is_live(world.id(2)));
}

TEST(Entering, BringsWhatWasMissedAndTellsEverybody) {
  TestWorld world(30);
  for (std::size_t i = 0; i < 30; ++i) {
    if (i != 4 && i != 9) world[i].membership.announce(world.presence(i, 1, 1));
  }
  world.clock.run_for(1min);
  world[9].membership.set_presence(world.presence(9, 1, 1));
  world[9].membership.enter(world.id(10));
  EXPECT_TRUE(world[9].membership.digest().is_zero());  // not to be compared with, yet
  // (4 may be left out: nobody ever heard of it.)
  const auto agree = [&] {
    return std::ranges::all_of(world.peers, [&](const auto& peer) {
      return peer == world.peers[4] || peer->membership.digest() == world[0].membership.digest();
    });
  };
  EXPECT_TRUE(world.wait(1s, agree));
  EXPECT_TRUE(world[9].membership.is_live(world.id(5)));
  EXPECT_NE(world[20].membership.presence(world.id(9)), nullptr);
}

// The last hears nothing of it, and is about to enter.
void announce_without_the_last(TestWorld& world) {
  const std::size_t last = world.peers.size() - 1;
  world.hub.detach(world.id(last));
  for (std::size_t i = 0; i < last; ++i) world[i].membership.announce(world.presence(i, 1, 1));
  world.clock.run_for(1min);
  world.hub.attach(world.id(last), world.peers[last].get(), world[last].identity.person);
  world[last].membership.set_presence(world.presence(last, 1, 1));
}

TEST(Entering, LearnsFromAnotherIfTheSuccessorHasGoneSilent) {
  TestWorld world(10);
  announce_without_the_last(world);
  world.hub.detach(world.id(2));
  world[9].membership.enter(world.id(2));
  ASSERT_TRUE(world.wait(1min, [&] { return !world[9].membership.is_catching_up(); }));
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NE(world[9].membership.presence(world.id(i)), nullptr) << i;
}

// After a power cut: who is asked may know no more.
TEST(Entering, LearnsFromAnotherIfTheSuccessorIsComingInItself) {
  TestWorld world(6);
  announce_without_the_last(world);
  world[0].membership.on_stale([] { return true; });
  world[5].membership.enter(world.id(0));
  ASSERT_TRUE(world.wait(5s, [&] { return !world[5].membership.is_catching_up(); }));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NE(world[5].membership.presence(world.id(i)), nullptr) << i;
    EXPECT_TRUE(world[5].membership.is_live(world.id(i))) << i;
  }
}

TEST(Entering, IsSeenByAClientInThatItIsToldNothing) {
  TestWorld world(4);
  for (std::size_t i = 0; i < 4; ++i) world[i].membership.announce(world.presence(i, 1, 1));
  world.clock.run_for(1min);
  const auto link = world.hub.client(world.id(0), 1);
  SeededRandom random(1);
  Membership client(world.clock, random, world.ring.signatures, *link, *world.ring.roster, wire::MemberId{},
                    {});
  world[1].membership.enter(world.id(2));
  EXPECT_TRUE(world[1].membership.is_catching_up());
  ASSERT_TRUE(world.clock.run(client.exchange(world.id(1))));
  EXPECT_TRUE(client.presences().empty()) << "not even where it is itself";
  ASSERT_TRUE(world.wait(1s, [&] { return !world[1].membership.is_catching_up(); }));
  ASSERT_TRUE(world.clock.run(client.exchange(world.id(1))));
  EXPECT_EQ(client.presences().size(), 4u);
}

TEST(Entering, DoesNotBringBackTheDeadThatOthersForgot) {
  TestWorld world(10, {.news_fan_out = 0});
  // 1 slept, and believes 5 to be live; 0 began anew after 5 had died, and does not know of it.
  for (std::size_t i = 0; i < 10; ++i) world[1].membership.learn({}, {world.presence(i, 1, 1)});
  for (std::size_t i = 0; i < 10; ++i) {
    if (i != 5) world[0].membership.learn({}, {world.presence(i, 1, 1)});
  }
  world[1].membership.enter(world.id(0));
  ASSERT_TRUE(world.wait(1s, [&] { return world.all_agree() || !world[1].membership.digest().is_zero(); }));
  world.clock.run_for(1s);
  EXPECT_FALSE(world[1].membership.is_live(world.id(5)));
  EXPECT_EQ(world[0].membership.presence(world.id(5)), nullptr);
  EXPECT_EQ(world[0].membership.digest(), world[1].membership.digest());
}

TEST(Exchange, OfTwoThatAlmostAgreeIsSmall) {
  TestWorld world(400, {.news_fan_out = 0});
  for (std::size_t i = 0; i < 400; ++i) {
    world[0].membership.learn({}, {world.presence(i, 1, 1)});
    if (i != 77) world[1].membership.learn({}, {world.presence(i, 1, 1)});
  }
  const std::uint64_t before = world.hub.counters().bytes;
  ASSERT_TRUE(world.clock.run(world[0].membership.exchange(world.id(1))));
  EXPECT_EQ(world[0].membership.digest(), world[1].membership.digest());
  EXPECT_LT(world.hub.counters().bytes - before, 4000u);
}

TEST(News, TravelTogether) {
  TestWorld world(20);
  for (std::size_t i = 0; i < 20; ++i) world[i].membership.announce(world.presence(i, 1, 1));
  ASSERT_TRUE(world.wait(20s, [&] { return world.all_agree(); }));
  int pushes = 0;
  for (const auto& peer : world.peers) pushes += peer->pushes;
  EXPECT_LT(pushes, 20 * 3 * 8);  // one by one they would be 20 * 20 * 3
}

TEST(News, AQuietRingSendsNothing) {
  TestWorld world(30);
  world.clock.run_for(1h);
  EXPECT_EQ(world.hub.counters().calls, 0u);
  world[0].membership.announce(world.presence(0, 1, 1));
  world.clock.run_for(1min);
  const std::uint64_t calls = world.hub.counters().calls;
  EXPECT_GT(calls, 0u);
  world.clock.run_for(24h);
  // What is known is no news, however often it is said.
  world[0].membership.announce(world.presence(0, 1, 1));
  world[5].membership.learn(world.ring.roster->statements(), {world.presence(0, 1, 1)});
  world.clock.run_for(1min);
  EXPECT_EQ(world.hub.counters().calls, calls);
}

TEST(News, AreNotWhatWasLearnedBeforeTheStart) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  world::VirtualClock clock;
  world::VirtualNetwork hub(clock, 1);
  SeededRandom random(1);
  Membership membership(clock, random, ring.signatures, hub.endpoint(bob.member),
                        Roster(ring.signatures, bob.root_key), bob.member, {});
  membership.learn(ring.roster->statements(), {});
  membership.start();
  clock.run_for(1min);
  EXPECT_EQ(hub.counters().calls, 0u);
}

}  // namespace
}  // namespace peerstore::membership
