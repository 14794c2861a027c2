#include <peerstore/crypto/hash.hpp>
#include <peerstore/membership/admins.hpp>
#include <peerstore/membership/membership.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include <membership/test_world.hpp>

namespace peerstore::membership {
namespace {

// ---- news ----

TEST(News, BringAStatementToFiftyNodesInSeconds) {
  TestWorld world(50);
  const wire::Statement news = world.ring.by_root(RevocationStatement{900, std::nullopt});
  world[17].membership.learn({news}, {});
  EXPECT_TRUE(world.wait(10s, [&] { return world.all_agree(); }));
  for (const auto& peer : world.peers) {
    EXPECT_TRUE(peer->membership.roster().contains(wire::id_of(news)));
    EXPECT_EQ(peer->exchanges, 0);
  }
}

TEST(News, BringAPresenceToFiftyNodesInSeconds) {
  TestWorld world(50);
  world[3].membership.announce(world.presence(3, 5, 1));
  EXPECT_TRUE(world.wait(10s, [&] { return world.all_agree(); }));
  ASSERT_NE(world[49].membership.presence(world.id(3)), nullptr);
  EXPECT_EQ(world[49].membership.presence(world.id(3))->node.incarnation, 5u);
}

TEST(News, ReachEverybodyWhoIsUpWhenSomeAreAway) {
  TestWorld world(40);
  for (std::size_t i = 0; i < 40; i += 3) world.hub.set_asleep(world.id(i), true);
  world[1].membership.announce(world.presence(1, 2, 1));
  const auto all_know = [&] {
    for (std::size_t i = 0; i < 40; ++i) {
      if (i % 3 != 0 && world[i].membership.presence(world.id(1)) == nullptr) return false;
    }
    return true;
  };
  EXPECT_TRUE(world.wait(60s, all_know));
}

TEST(News, AreToldToEverybodyOnce) {
  TestWorld world(50);
  world[0].membership.announce(world.presence(0, 1, 1));
  world.wait(30s, [] { return false; });
  EXPECT_TRUE(world.all_agree());
  EXPECT_EQ(world[0].pushes, 0);
  for (std::size_t i = 1; i < 50; ++i) EXPECT_EQ(world[i].pushes, 1) << i;
}

TEST(News, TakeAboutAsManyStepsAsTheTreeIsDeep) {
  TestWorld world(200);
  world[0].membership.announce_now(world.presence(0, 1, 1));
  // Four steps of at most 52 ms.
  EXPECT_TRUE(world.wait(250ms, [&] { return world.all_agree(); }));
}

TEST(News, AreNotPassedOnWithoutAPartOfTheRing) {
  TestWorld world(10);
  wire::PushStatements news;
  news.presences.push_back(world.presence(3, 1, 1));
  world[0].membership.hear(news);
  world.clock.run_for(30s);
  EXPECT_NE(world[0].membership.presence(world.id(3)), nullptr);
  EXPECT_EQ(world.hub.counters().calls, 0u);
}

TEST(News, OfANewcomerCountAlsoWhenItsWordComesBeforeItsStatements) {
  TestWorld world(10);
  const auto [statements, word] = world.newcomer();
  wire::PushStatements early;
  early.presences.push_back(word);
  early.until = world.id(0);
  for (std::size_t i = 0; i < 10; ++i) world[i].membership.hear(early);
  EXPECT_EQ(world[5].membership.presence(word.node.id), nullptr);
  world[0].membership.learn(statements, {});
  const auto all_know = [&, id = word.node.id] {
    return std::ranges::all_of(world.peers,
                               [&](const auto& peer) { return peer->membership.presence(id) != nullptr; });
  };
  EXPECT_TRUE(world.wait(3s, all_know));
}

TEST(News, OfStrangersAreNotKeptWithoutEnd) {
  TestWorld world(2);
  const auto [statements, word] = world.newcomer();
  world[0].membership.learn({}, {word});
  std::vector<wire::Presence> flood(1000, word);
  for (wire::Presence& each : flood) each.node.id = world.ring.entropy.make<wire::MemberId>();
  world[0].membership.learn({}, flood);
  world[0].membership.learn(statements, {});
  EXPECT_EQ(world[0].membership.presence(word.node.id), nullptr);
}

// ---- exchanges ----

TEST(Exchange, BringsBothSidesTogether) {
  TestWorld world(2, {.news_fan_out = 0});
  TestRing& ring = world.ring;
  const Identity bob = ring.admit("bob");  // known to nobody yet
  world[0].membership.learn(bob.proof, {});
  world[0].membership.learn(ring.roster->statements(), {world.presence(bob, 1, 1), world.presence(0, 3, 1)});
  world[1].membership.learn({ring.by_root(RevocationStatement{55, std::nullopt})},
                            {world.presence(1, 2, 2), world.presence(0, 2, 9)});
  EXPECT_FALSE(world.all_agree());
  ASSERT_TRUE(world.clock.run(world[1].membership.exchange(world.id(0))));
  EXPECT_TRUE(world.all_agree());
  EXPECT_EQ(world[1].membership.presence(world.id(0))->node.incarnation, 3u);
  EXPECT_NE(world[1].membership.presence(bob.member), nullptr);
}

TEST(Exchange, BringsPresencesOfThoseWhomOnlyTheAskerKnew) {
  TestWorld world(2, {.news_fan_out = 0});
  const Identity bob = world.ring.admit("bob");
  world[0].membership.learn(world.ring.roster->statements(), {world.presence(bob, 1, 1)});
  ASSERT_TRUE(world.clock.run(world[0].membership.exchange(world.id(1))));
  EXPECT_NE(world[1].membership.presence(bob.member), nullptr);
  EXPECT_TRUE(world.all_agree());
}

TEST(Exchange, SettlesTwoPresencesOfOneAge) {
  TestWorld world(2, {.news_fan_out = 0});
  world[0].membership.learn({}, {world.presence(0, 1, 1, "192.0.2.1:1")});
  world[1].membership.learn({}, {world.presence(0, 1, 1, "192.0.2.2:2")});
  ASSERT_TRUE(world.clock.run(world[0].membership.exchange(world.id(1))));
  EXPECT_TRUE(world.all_agree());
}

TEST(Exchange, HappensSoonWithSomebodyNew) {
  TestWorld world(3, {.news_fan_out = 0});
  world[0].membership.announce(world.presence(0, 1, 1));
  const auto agree = [&] {
    world.compare(1, 0);
    return world[1].membership.digest() == world[0].membership.digest();
  };
  EXPECT_TRUE(world.wait(4s, agree));
}

TEST(Exchange, LeavesNewsTheTimeToArrive) {
  TestWorld world(10);
  for (std::size_t i = 0; i < 10; ++i) world.compare(i, (i + 1) % 10);
  world[0].membership.announce(world.presence(0, 1, 1));
  const auto compare_all = [&] {
    for (std::size_t i = 0; i < 10; ++i) world.compare(i, (i + 1) % 10);
    return false;
  };
  world.wait(30s, compare_all);
  EXPECT_TRUE(world.all_agree());
  for (const auto& peer : world.peers) EXPECT_EQ(peer->exchanges, 0);
}

TEST(Exchange, IsNotRepeatedWithinThePause) {
  TestWorld world(2, {.news_fan_out = 0});
  const wire::RosterMarks nobodys{1, 1};
  const auto compare = [&] {
    world[0].membership.compare(world.id(1), nobodys);  // it never agrees
    return false;
  };
  world.wait(60s, compare);
  EXPECT_GE(world[1].exchanges, 4);
  EXPECT_LE(world[1].exchanges, 7);
}

TEST(Exchange, FailsWithAContextAndMarksThePeerAway) {
  TestWorld world(2);
  world.hub.set_asleep(world.id(1), true);
  const auto done = world.clock.run(world[0].membership.exchange(world.id(1)));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::timed_out);
  EXPECT_FALSE(world[0].membership.is_live(world.id(1)));
}

TEST(Exchange, LetsAPartitionedNodeCatchUp) {
  TestWorld world(12);
  for (std::size_t i = 0; i < 4; ++i) world.hub.set_island(world.id(i), 1);
  world.ring.invite("bob");
  world[0].membership.learn(world.ring.roster->statements(), {});
  world[9].membership.learn({world.ring.by_root(RevocationStatement{3, std::nullopt})}, {});
  for (std::size_t i = 0; i < 12; ++i) world[i].membership.announce(world.presence(i, 1, 1));
  world.clock.run_for(2min);
  EXPECT_FALSE(world.all_agree());
  EXPECT_FALSE(world[9].membership.is_live(world.id(1)) && world[1].membership.is_live(world.id(9)));
  world.hub.heal();
  // Nobody but the memberships themselves notices: those who are away are asked now and then.
  // (Whoever is expelled is told by nobody: it has to ask.)
  const auto together = [&] {
    for (const auto& peer : world.peers) {
      if (peer == world.peers[3]) continue;
      if (peer->membership.digest() != world[0].membership.digest()) return false;
      for (const auto& other : world.peers) {
        const bool is_out = other == world.peers[3];
        if (peer->membership.is_live(other->identity.member) == is_out) return false;
      }
    }
    return true;
  };
  // Neighbours on either side compare what they know, as at each stabilisation.
  const auto compare_and_look = [&] {
    for (std::size_t i = 0; i < 12; ++i) {
      if (i != 3 && i != 11) world.compare(i, i == 2 ? 0 : i + 1);
    }
    return together();
  };
  EXPECT_TRUE(world.wait(3min, compare_and_look));
  EXPECT_EQ(world[11].membership.roster().open_invitations().size(), 1u);
  const std::uint64_t calls = world.hub.counters().calls;
  world.clock.run_for(1h);
  EXPECT_LE(world.hub.counters().calls, calls + 20);
}

TEST(Exchange, BringsTheWayToTheLatestRootWhicheverSideAsks) {
  for (const bool behind_asks : {false, true}) {
    TestWorld world(4, {.news_fan_out = 0});
    TestRing& ring = world.ring;
    for (int version = 2; version < 6; ++version) {
      const auto second = ring.keys_of(world[version % 3 + 1].identity).public_key;
      ring.state({propose_root(ring.signatures, *ring.roster, ring.root(), {ring.founder.root_key, second}, 1)
                      .value()});
    }
    world[0].membership.learn(ring.roster->statements(), {});
    ASSERT_EQ(world[3].membership.roster().root_record().version, 1u);
    const std::size_t asker = behind_asks ? 3 : 0;
    ASSERT_TRUE(world.clock.run(world[asker].membership.exchange(world.id(3 - asker))));
    EXPECT_TRUE(world.wait(5s, [&] { return world[3].membership.roster().root_record().version == 5; }));
    EXPECT_EQ(world[3].membership.digest(), world[0].membership.digest());
  }
}

TEST(Exchange, WorksForRostersThatDoNotFitOneMessage) {
  TestWorld world(2, {.news_fan_out = 0});
  TestRing& ring = world.ring;
  const std::size_t size = wire::kStatementsMax + 900;
  std::vector<wire::Statement> many;
  for (std::uint32_t number = 10; many.size() < size; ++number) {
    many.push_back(ring.by_root(RevocationStatement{number, std::nullopt}));
  }
  world[0].membership.learn(many, {});
  world[1].membership.learn({many.begin() + 7, many.end() - 450}, {});
  world[1].membership.learn({ring.by_root(RevocationStatement{5, 5})}, {});
  int exchanges = 0;
  for (; exchanges < 60 && !world.all_agree(); ++exchanges) {
    ASSERT_TRUE(world.clock.run(world[exchanges % 2].membership.exchange(world.id((exchanges + 1) % 2))));
  }
  EXPECT_TRUE(world.all_agree());
}

TEST(Exchange, AnswersAnythingWithoutHarm) {
  TestWorld world(3);
  const crypto::Hash before = world[0].membership.digest();
  wire::ExchangeRoster odd;
  odd.known.assign(wire::kStatementsMax, wire::StatementId{});
  odd.known.push_back(world.ring.entropy.make<wire::StatementId>());
  odd.presences.resize(100);
  wire::Presence forged = world.presence(1, 9, 9);
  forged.addresses = {"198.51.100.6:1"};
  odd.presences.push_back(forged);
  forged = world.presence(2, 9, 9, std::string(wire::kHostPortBytesMax + 1, 'h'));
  odd.presences.push_back(forged);
  forged = world.presence(2, 9, 9, "a b");
  odd.presences.push_back(forged);
  const wire::RosterDifference difference = world[0].membership.answer(odd);
  EXPECT_LE(difference.wanted.size(), wire::kStatementsMax);
  EXPECT_EQ(world[0].membership.digest(), before);
  EXPECT_EQ(world[0].membership.refused(), 3u);  // the rest is of strangers, who may be let in yet
}

// ---- presences ----

TEST(Presence, OfTheNewestIncarnationAndSequenceWins) {
  TestWorld world(2);
  Membership& membership = world[0].membership;
  const auto now = [&] {
    return std::pair(membership.presence(world.id(1))->node.incarnation,
                     membership.presence(world.id(1))->sequence);
  };
  using Age = std::pair<std::uint64_t, std::uint64_t>;
  membership.learn({}, {world.presence(1, 2, 5)});
  EXPECT_EQ(now(), Age(2, 5));
  membership.learn({}, {world.presence(1, 2, 4), world.presence(1, 1, 99)});
  EXPECT_EQ(now(), Age(2, 5));
  membership.learn({}, {world.presence(1, 3, 0)});
  EXPECT_EQ(now(), Age(3, 0));
}

TEST(Presence, OrderMakesNoDifferenceToTheDigest) {
  TestWorld world(4);
  std::vector<wire::Presence> presences;
  for (std::size_t i = 0; i < 4; ++i) {
    presences.push_back(world.presence(i, 1, 1));
    presences.push_back(world.presence(i, 1, 2));
    presences.push_back(world.presence(i, 1, 2, "192.0.2.99:1"));
  }
  world[0].membership.learn({}, presences);
  std::ranges::reverse(presences);
  world[1].membership.learn({}, presences);
  EXPECT_EQ(world[0].membership.digest(), world[1].membership.digest());
}

TEST(Presence, OfStrangersAndOfThoseGoneIsDropped) {
  TestWorld world(3);
  Membership& membership = world[0].membership;
  membership.learn({}, {world.presence(1, 1, 1), world.presence(2, 1, 1)});
  TestRing other(77);
  membership.learn({}, {world.presence(other.admit("eve"), 1, 1)});
  EXPECT_EQ(membership.presences().size(), 2u);
  const crypto::Hash before = membership.digest();
  membership.learn({world.ring.by_root(RevocationStatement{1, std::nullopt})}, {});
  EXPECT_EQ(membership.presence(world.id(1)), nullptr);
  membership.learn({}, {world.presence(1, 5, 5)});
  EXPECT_EQ(membership.presence(world.id(1)), nullptr);
  EXPECT_NE(membership.digest(), before);
  // The other way round ends the same.
  world[2].membership.learn({world.ring.by_root(RevocationStatement{1, std::nullopt})}, {});
  world[2].membership.learn({}, {world.presence(2, 1, 1), world.presence(1, 1, 1)});
  EXPECT_EQ(membership.digest(), world[2].membership.digest());
}

// ---- changes ----

TEST(Membership, TellsEverySubscriberOnceABatch) {
  TestWorld world(2);
  int first = 0;
  int second = 0;
  world[0].membership.on_change([&] { ++first; });
  world[0].membership.on_change([&] { ++second; });
  world.ring.admit("bob");
  world.ring.admit("eve");
  world[0].membership.learn(world.ring.roster->statements(), {});
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
  world[0].membership.learn(world.ring.roster->statements(), {world.presence(1, 1, 1)});
  EXPECT_EQ(first, 1);
}

// ---- liveness ----

TEST(Liveness, TriesEverybodyAtFirst) {
  TestWorld world(5);
  Membership& membership = world[0].membership;
  EXPECT_EQ(membership.live_members().size(), 4u);
  EXPECT_TRUE(std::ranges::is_sorted(membership.live_members()));
  EXPECT_EQ(membership.last_heard(world.id(1)), std::nullopt);
  EXPECT_TRUE(membership.is_live(world.id(0)));
  EXPECT_FALSE(membership.is_live(wire::MemberId{}));
}

TEST(Liveness, IsLostAtOnceAndComesBackWhenHeardFrom) {
  TestWorld world(5);
  Membership& membership = world[0].membership;
  world.clock.run_for(5s);
  membership.heard_from(world.id(2));
  const TimePoint heard = world.clock.now();
  membership.failed(world.id(2));
  EXPECT_FALSE(membership.is_live(world.id(2)));
  EXPECT_EQ(membership.live_members().size(), 3u);
  EXPECT_EQ(membership.last_heard(world.id(2)), heard);
  membership.heard_from(world.id(2));
  EXPECT_TRUE(membership.is_live(world.id(2)));
  EXPECT_EQ(membership.live_members().size(), 4u);
  EXPECT_TRUE(std::ranges::is_sorted(membership.live()));
}

TEST(Liveness, OfThoseWhoAreGoneOrUnknownIsNone) {
  TestWorld world(3);
  Membership& membership = world[0].membership;
  membership.learn({world.ring.by_root(RevocationStatement{1, std::nullopt})}, {});
  membership.heard_from(world.id(1));
  EXPECT_FALSE(membership.is_live(world.id(1)));
  EXPECT_EQ(membership.live_members(), std::vector{world.id(2)});
  membership.failed(world.ring.entropy.make<wire::MemberId>());
  EXPECT_EQ(membership.live_members().size(), 1u);
}

TEST(Liveness, ANewPresenceMakesAMemberWorthAnotherTry) {
  TestWorld world(3);
  Membership& membership = world[0].membership;
  membership.learn({}, {world.presence(1, 1, 1)});
  membership.failed(world.id(1));
  membership.learn({}, {world.presence(1, 1, 1)});
  EXPECT_FALSE(membership.is_live(world.id(1)));
  membership.learn({}, {world.presence(1, 2, 1)});
  EXPECT_TRUE(membership.is_live(world.id(1)));
  EXPECT_EQ(membership.last_heard(world.id(1)), std::nullopt);
}

TEST(Liveness, OneLostAnswerIsNotRememberedForEver) {
  TestWorld world(5);
  world[0].membership.failed(world.id(2));
  EXPECT_TRUE(world.wait(1min, [&] { return world[0].membership.is_live(world.id(2)); }));
  EXPECT_TRUE(world[0].membership.last_heard(world.id(2)));
}

TEST(Liveness, AsksThoseWhoAreAwaySeldom) {
  TestWorld world(5);
  for (std::size_t i = 1; i < 5; ++i) {
    world.hub.set_asleep(world.id(i), true);
    world[0].membership.failed(world.id(i));
  }
  world.clock.run_for(1h);
  EXPECT_GE(world.hub.counters().calls, 90u);
  EXPECT_LE(world.hub.counters().calls, 130u);
}

}  // namespace
}  // namespace peerstore::membership
