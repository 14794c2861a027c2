#include "replica/test_ring.hpp"

#include <gtest/gtest.h>

#include <peerstore/replica/head_keepers.hpp>

#include <algorithm>

namespace peerstore::replica::test {
namespace {

TEST(ChunkStanding, TellsWhoHasAChunkAndWhoIsAway) {
  TestRing ring(6);
  std::vector<ChunkRef> refs;
  std::vector<std::vector<wire::MemberId>> lists;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    TestChunk chunk = make_chunk(0, static_cast<std::uint8_t>(seed % 5), 100 + seed);
    const Result<PutOutcome> outcome = ring.put(chunk);
    ASSERT_TRUE(outcome);
    for (const wire::Receipt& receipt : outcome->receipts) chunk.ref.holders.push_back(receipt.holder.id);
    refs.push_back(chunk.ref);
  }
  const wire::MemberId sleeper = refs[0].holders[1];
  ring.sleep(sleeper);
  const auto standing = ring.clock.run(ring.client().standing(refs));
  ASSERT_TRUE(standing);
  ASSERT_EQ(standing->size(), refs.size());
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const bool slept = std::ranges::find(refs[i].holders, sleeper) != refs[i].holders.end();
    EXPECT_EQ((*standing)[i].confirmed.size(), slept ? 2u : 3u) << i;
    EXPECT_EQ((*standing)[i].away, slept ? std::vector{sleeper} : std::vector<wire::MemberId>()) << i;
  }
}

TEST(ChunkStanding, AsksEachMemberOnceForManyChunks) {
  TestRing ring(6);
  std::vector<ChunkRef> refs;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const TestChunk chunk = make_chunk(0, 1, 200 + seed, 1);
    ASSERT_TRUE(ring.put(chunk));
    refs.push_back(chunk.ref);
  }
  ASSERT_TRUE(ring.clock.run(ring.client().standing(refs)));
  EXPECT_LE(ring.served(kind_of<wire::HaveChunks>()), 5u);
}

// Its copies were handed over, and the owner's receipts are of before.
TEST(ChunkStanding, IsNotLostWhileThoseSleepWhoShouldHaveIt) {
  TestRing ring(12);
  TestChunk chunk = make_chunk(0, 1, 400);
  ASSERT_TRUE(ring.put(chunk)->safe());
  const auto list = ring.preference(chunk);
  ASSERT_EQ(list.size(), 8u);
  chunk.ref.holders = {list[5], list[6], list[7]};
  for (std::size_t place = 0; place < 3; ++place) ring.sleep(list[place]);
  auto standing = ring.clock.run(ring.client().standing({chunk.ref}));
  ASSERT_TRUE(standing);
  EXPECT_EQ((*standing)[0].silent, (std::vector{list[0], list[1], list[2]}));
  EXPECT_FALSE((*standing)[0].is_lost());
  const auto segment = ring.clock.run(ring.client().get_segment(chunk.ref, 0));
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Errc::unreachable) << segment.error().context;
  for (std::size_t place = 0; place < 3; ++place) {
    ASSERT_TRUE(ring.clock.run(ring.holder(list[place]).chunks->remove(chunk.ref.address)));
    ring.wake(list[place]);
  }
  ring.clock.run_for(2min);
  standing = ring.clock.run(ring.client().standing({chunk.ref}));
  EXPECT_TRUE((*standing)[0].is_lost());
}

TEST(ChunkStanding, AsksEverybodyBeforeAChunkIsLost) {
  TestRing ring(12);
  TestChunk chunk = make_chunk(0, 1, 401);
  const auto list = ring.preference(chunk);
  for (std::size_t place = 0; place < 6; ++place) ring.sleep(list[place]);
  ASSERT_TRUE(ring.put(chunk));
  for (std::size_t place = 0; place < 6; ++place) ring.wake(list[place]);
  ring.clock.run_for(2min);
  auto standing = ring.clock.run(ring.client().standing({chunk.ref}));
  ASSERT_TRUE(standing);
  EXPECT_EQ((*standing)[0].confirmed, (std::vector{list[6], list[7]}));
  // While half of the ring sleeps nothing is lost; one machine that never comes back does not hinder that.
  for (std::size_t place = 4; place < 8; ++place) ring.sleep(list[place]);
  standing = ring.clock.run(ring.client().standing({chunk.ref}));
  EXPECT_EQ((*standing)[0].silent.size(), 4u);
  for (std::size_t place = 4; place < 7; ++place) ring.wake(list[place]);
  ring.clock.run_for(2min);
  ASSERT_TRUE(ring.clock.run(ring.holder(list[6]).chunks->remove(chunk.ref.address)));
  standing = ring.clock.run(ring.client().standing({chunk.ref}));
  EXPECT_TRUE((*standing)[0].is_lost());
}

TEST(ChunkStanding, DoesNotBelieveAnAnswerOfTheWrongLength) {
  TestRing ring(6);
  TestChunk chunk = make_chunk(0, 1, 300);
  ASSERT_TRUE(ring.put(chunk)->safe());
  const auto liar = ring.preference(chunk)[0];
  ring.holder(liar).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::HaveChunks>(asked))
      answer = wire::Response(wire::HaveReply{{1, 1, 1, 1}});
  };
  const auto standing = ring.clock.run(ring.client().standing({chunk.ref}));
  ASSERT_TRUE(standing);
  EXPECT_EQ((*standing)[0].confirmed.size(), 2u);
}

TEST(Heads, ArePublishedToEveryLiveMemberOfASmallRing) {
  TestRing ring(6);
  ring.sleep(ring.holders[3]->id());
  const Result<unsigned> kept = ring.clock.run(ring.client().publish(ring.head(0, 0, 1)));
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, 5u);
  EXPECT_TRUE(ring.holders[3]->heads->all().empty());
}

TEST(Heads, AreKeptByEightMembersOfALargerRing) {
  TestRing ring(20);
  ASSERT_TRUE(ring.clock.run(ring.client().publish(ring.head(0, 0, 1))));
  const auto walk = head_walk(*ring.truth.map, 0);
  for (std::size_t i = 0; i < walk.size(); ++i) {
    EXPECT_EQ(ring.holder(walk[i]).heads->all().size(), i < kHeadKeepers ? 1u : 0u) << i;
  }
}

TEST(Heads, AreReplacedOnTheWalkWhenAKeeperIsAway) {
  TestRing ring(20);
  const auto walk = head_walk(*ring.truth.map, 0);
  ring.sleep(walk[0]);
  ring.hub.set_asleep(walk[1], true);  // and nobody knows
  const Result<unsigned> kept = ring.clock.run(ring.client().publish(ring.head(0, 0, 1)));
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, kHeadKeepers);
  EXPECT_EQ(ring.holder(walk[9]).heads->all().size(), 1u);
}

TEST(Heads, AreMergedToTheHighestVersionOfEachMachine) {
  TestRing ring(6);
  ring.add(0, 0);  // the owner's second machine
  const wire::Head old = ring.head(0, 0, 1);
  const wire::Head newer = ring.head(0, 0, 2);
  const wire::Head other = ring.head(0, 1, 7);
  for (std::size_t i = 0; i < 6; ++i) {
    Holder& holder = *ring.holders[i];
    ASSERT_TRUE(ring.clock.run(holder.heads->put(i == 4 ? newer : old)));
  }
  ASSERT_TRUE(ring.clock.run(ring.holders[1]->heads->put(other)));
  const auto heads = ring.clock.run(ring.client().heads());
  ASSERT_TRUE(heads);
  ASSERT_EQ(heads->size(), 2u);
  EXPECT_EQ((*heads)[0].version, 2u);
  EXPECT_EQ((*heads)[1].version, 7u);
}

TEST(Heads, ThatTheOwnerDidNotSignAreDropped) {
  TestRing ring(5);
  const wire::Head head = ring.head(0, 0, 3);
  ASSERT_TRUE(ring.clock.run(ring.client().publish(head)));
  ring.holders[2]->tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (!std::holds_alternative<wire::GetHeads>(asked) || !answer) return;
    std::get<wire::HeadsReply>(*answer).heads.at(0).version = 99;
  };
  const auto heads = ring.clock.run(ring.client().heads());
  ASSERT_TRUE(heads);
  ASSERT_EQ(heads->size(), 1u);
  EXPECT_EQ((*heads)[0].version, 3u);
}

TEST(Heads, OfACopiedMachineAreChosenAlikeByEveryReader) {
  TestRing ring(5);
  const wire::Head one = ring.head(0, 0, 3, 1);
  const wire::Head two = ring.head(0, 0, 3, 2);
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(ring.clock.run(ring.holders[i]->heads->put(i % 2 == 0 ? one : two)));
  }
  const auto first = ring.clock.run(ring.client().heads());
  ring.sleep(ring.holders[2]->id());
  const auto second = ring.clock.run(ring.client().heads());
  ASSERT_TRUE(first && second);
  EXPECT_EQ((*first)[0].body, (*second)[0].body);
}

TEST(Heads, CannotBeReadWhenNobodyAnswers) {
  TestRing ring(4);
  for (std::size_t i = 1; i < 4; ++i) ring.sleep(ring.holders[i]->id());
  ring.hub.detach(ring.holders[0]->id());  // the owner's own machine runs no node
  const auto heads = ring.clock.run(ring.client().heads());
  ASSERT_FALSE(heads);
  EXPECT_EQ(heads.error().code, Errc::unreachable);
  EXPECT_NE(heads.error().context.find("m2"), std::string::npos) << heads.error().context;
  const auto kept = ring.clock.run(ring.client().publish(ring.head(0, 0, 1)));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Errc::unreachable);
}

// One that had its three copies is with at least two friends.
TEST(Heads, AreSurelyTheNewestIfTooFewFriendsWereNotHeardToHaveANewerOne) {
  TestRing ring(6);
  ring.hub.detach(ring.holders[0]->id());  // the own node says nothing new, and does not count
  EXPECT_FALSE(ring.client().heads_are_surely_newest()) << "none were read yet";
  const auto are_newest = [&] {
    EXPECT_TRUE(ring.clock.run(ring.client().heads()));
    return ring.client().heads_are_surely_newest();
  };
  EXPECT_TRUE(are_newest());
  ring.sleep(ring.holders[2]->id());
  EXPECT_TRUE(are_newest());
  ring.hub.set_asleep(ring.holders[4]->id(), true);  // and nobody knows
  EXPECT_FALSE(are_newest());
  ring.wake(ring.holders[2]->id());
  ring.clock.run_for(2min);
  EXPECT_TRUE(are_newest());
  for (std::size_t i = 1; i < 6; ++i) ring.sleep(ring.holders[i]->id());
  EXPECT_FALSE(ring.clock.run(ring.client().heads()));
  EXPECT_FALSE(ring.client().heads_are_surely_newest());

  TestRing of_two_copies(6, 2);
  of_two_copies.sleep(of_two_copies.holders[2]->id());
  ASSERT_TRUE(of_two_copies.clock.run(of_two_copies.client().heads()));
  EXPECT_FALSE(of_two_copies.client().heads_are_surely_newest());
  of_two_copies.wake(of_two_copies.holders[2]->id());
  ASSERT_TRUE(of_two_copies.clock.run(of_two_copies.client().heads()));
  EXPECT_TRUE(of_two_copies.client().heads_are_surely_newest());
}

TEST(Heads, OlderThanWhatIsKeptAreRefused) {
  TestRing ring(4);
  ASSERT_TRUE(ring.clock.run(ring.client().publish(ring.head(0, 0, 5))));
  const auto kept = ring.clock.run(ring.client().publish(ring.head(0, 0, 4)));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Errc::refused);
}

TEST(ChunkClient, TellsHowManyCopiesTheRingAllows) {
  TestRing small(4);
  EXPECT_EQ(small.client().reachable_copies(), 2u);
  EXPECT_EQ(small.client().wanted_copies(), 3u);
  TestRing enough(5);
  EXPECT_EQ(enough.client().reachable_copies(), 3u);
}

}  // namespace
}  // namespace peerstore::replica::test
