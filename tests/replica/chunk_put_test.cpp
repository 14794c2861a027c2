#include "replica/test_ring.hpp"

#include <gtest/gtest.h>

#include <set>

namespace peerstore::replica::test {
namespace {

std::set<wire::PersonNumber> persons_of(const TestRing& ring, const PutOutcome& outcome) {
  std::set<wire::PersonNumber> persons;
  for (const wire::Receipt& receipt : outcome.receipts) {
    persons.insert(ring.truth.members.at(receipt.holder.id).person);
  }
  return persons;
}

TEST(ChunkPut, ReachesAsManyPersonsAsThePolicyAsks) {
  TestRing ring(6);
  for (std::uint8_t chunk_class = 0; chunk_class < wire::kClasses; ++chunk_class) {
    const TestChunk chunk = make_chunk(0, chunk_class, 100u + chunk_class, 3);
    const Result<PutOutcome> outcome = ring.put(chunk);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_TRUE(outcome->safe());
    EXPECT_EQ(outcome->shortfall, "");
    EXPECT_EQ(persons_of(ring, *outcome).size(), 3u);
    EXPECT_EQ(ring.holders_of(chunk).size(), 3u);
  }
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

TEST(ChunkPut, WritesToTheFirstOfThePreferenceList) {
  TestRing ring(8);
  const TestChunk chunk = make_chunk(0, 1, 7);
  const auto list = ring.preference(chunk);
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(ring.holder(list[i]).has(chunk.ref.address)) << i;
}

TEST(ChunkPut, SendsNothingTwiceWhenItIsRepeated) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 8, 4);
  ASSERT_TRUE(ring.put(chunk)->safe());
  const unsigned sent = ring.served(kind_of<wire::PutSegment>());
  EXPECT_EQ(sent, 3u * 4u);
  ASSERT_TRUE(ring.put(chunk)->safe());
  EXPECT_EQ(ring.served(kind_of<wire::PutSegment>()), sent);
}

TEST(ChunkPut, PassesOverAMemberThatIsKnownToBeAway) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 9);
  const auto list = ring.preference(chunk);
  ring.sleep(list[0]);
  const TimePoint before = ring.clock.now();
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->safe());
  EXPECT_TRUE(ring.holder(list[3]).has(chunk.ref.address));
  EXPECT_LT(ring.clock.now() - before, 1s);  // nobody waited for the sleeper
}

TEST(ChunkPut, PassesOverAMemberThatDiesInTheMiddle) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 10, 4);
  const auto list = ring.preference(chunk);
  Holder& dying = ring.holder(list[1]);
  unsigned segments = 0;
  dying.tamper = [&](const wire::Request& asked, Result<wire::Response>&) {
    if (std::holds_alternative<wire::PutSegment>(asked) && ++segments == 2)
      ring.hub.set_asleep(list[1], true);
  };
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->safe());
  EXPECT_FALSE(dying.has(chunk.ref.address));
  EXPECT_TRUE(ring.holder(list[3]).has(chunk.ref.address));
}

TEST(ChunkPut, TriesAHolderOnceMoreAfterAPassingFailure) {
  TestRing ring(5);
  const TestChunk chunk = make_chunk(0, 2, 11, 4);
  Holder& busy = ring.holder(ring.preference(chunk)[0]);
  unsigned asked_for_room = 0;
  busy.tamper = [&](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::Reserve>(asked) && ++asked_for_room == 1) {
      answer = fail(Errc::busy, "later");
    }
  };
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(busy.has(chunk.ref.address));
  EXPECT_EQ(asked_for_room, 2u);
}

TEST(ChunkPut, PassesOverAFullMember) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 12);
  const auto list = ring.preference(chunk);
  ring.holder(list[0]).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::Reserve>(asked)) answer = fail(Errc::full, "");
  };
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->safe());
  EXPECT_FALSE(ring.holder(list[0]).has(chunk.ref.address));
}

TEST(ChunkPut, SaysWhoIsFullWhenNobodyElseIsLeft) {
  TestRing ring(5, 3, 1, std::uint64_t{3} * 64 * 1024);  // room for one chunk of two segments each
  for (std::uint64_t seed = 20; seed < 30; ++seed) {
    const Result<PutOutcome> outcome = ring.put(make_chunk(0, 0, seed));
    if (outcome && outcome->safe()) continue;
    const std::string words = outcome ? outcome->shortfall : outcome.error().context;
    EXPECT_NE(words.find("no room left on"), std::string::npos) << words;
    if (!outcome) EXPECT_EQ(outcome.error().code, Errc::full);
    return;
  }
  FAIL() << "the ring never filled up";
}

TEST(ChunkPut, CountsNoReceiptThatTheHolderDidNotSign) {
  TestRing ring(5);
  const TestChunk chunk = make_chunk(0, 2, 13);
  const auto list = ring.preference(chunk);
  ASSERT_EQ(list.size(), 3u);
  ring.holder(list[0]).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::PutCommit>(asked))
      std::get<wire::Receipt>(*answer).signature.bytes[0] ^= 1;
  };
  ring.holder(list[1]).tamper = [&](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::PutCommit>(asked)) std::get<wire::Receipt>(*answer).holder.id = list[2];
  };
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->safe());
  ASSERT_EQ(outcome->receipts.size(), 1u);
  EXPECT_EQ(outcome->receipts[0].holder.id, list[2]);
  EXPECT_NE(outcome->shortfall.find(ring.names[list[0]] + " did not take it"), std::string::npos)
      << outcome->shortfall;
}

TEST(ChunkPut, GivesAllHoldersTheLeaseThatIsNewerThanAnyDeletion) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 15);
  const auto list = ring.preference(chunk);
  ASSERT_TRUE(ring.put(chunk)->safe());
  // One alone hears that it is deleted; then it is wanted again.
  Holder& told = ring.holder(list[1]);
  const wire::Deletion deletion =
      sign_deletion(ring.signatures, ring.truth.ring_id, ring.writers[0], chunk.ref.address, 1);
  ASSERT_TRUE(ring.clock.run(told.chunks->discard(deletion)));
  ASSERT_FALSE(told.has(chunk.ref.address));
  const unsigned sent = ring.served(kind_of<wire::PutSegment>());
  ASSERT_TRUE(ring.put(chunk)->safe());
  EXPECT_EQ(ring.served(kind_of<wire::PutSegment>()), sent) << "it is all there, in the trash or not";
  for (std::size_t i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    store::ChunkStore& chunks = *ring.holder(list[i]).chunks;
    EXPECT_EQ(chunks.find(chunk.ref.address)->lease, 2u);
    EXPECT_EQ(ring.clock.run(chunks.discard(deletion)).error().code, Errc::refused);
    EXPECT_TRUE(ring.holder(list[i]).has(chunk.ref.address));
  }
}

// Who knows of the deletion sleeps while further copies are made, and brings it back when it wakes.
TEST(ChunkPut, IsNotOverruledByADeletionThatNobodyAwakeKnowsOf) {
  TestRing ring(7);
  const TestChunk chunk = make_chunk(0, 2, 15);
  const auto list = ring.preference(chunk);
  ASSERT_TRUE(ring.put(chunk)->safe());
  ring.sleep(list[0]);
  std::vector<ChunkRef> refs(1, chunk.ref);
  ASSERT_TRUE(ring.clock.run(ring.client().remove(std::move(refs))));
  ring.sleep(list[1]);
  ring.sleep(list[2]);
  ring.wake(list[0]);
  ring.clock.run_for(2min);  // it is left alone for a while, since it did not answer
  ASSERT_TRUE(ring.clock.run(ring.client().get_segment(chunk.ref, 0)));
  ASSERT_TRUE(ring.put(chunk)->safe());
  ring.start_repair();
  ring.wake(list[1]);
  ring.wake(list[2]);
  ring.clock.run_for(1h);
  auto holders = ring.holders_of(chunk);
  EXPECT_GE(holders.size(), 3u);
  for (const wire::MemberId& holder : holders) {
    EXPECT_EQ(ring.holder(holder).chunks->find(chunk.ref.address)->lease, 2u);
  }
}

TEST(ChunkPut, SignsNoLeaseWithANumberOutOfReach) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 16);
  const auto list = ring.preference(chunk);
  ring.holder(list[0]).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::PutBegin>(asked)) {
      std::get<wire::PutState>(*answer).lease_wanted = wire::kLeaseStepMax + 2;
    }
  };
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->safe()) << "the next of the list took it";
  EXPECT_EQ(ring.holder(list[1]).chunks->find(chunk.ref.address)->lease, 1u);
}

TEST(ChunkPut, RefusesAHolderThatAsksForSegmentsTheChunkDoesNotHave) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 14);
  const auto list = ring.preference(chunk);
  ring.holder(list[0]).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::PutBegin>(asked)) std::get<wire::PutState>(*answer).missing = {0, 99999};
  };
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->safe());
  EXPECT_FALSE(ring.holder(list[0]).has(chunk.ref.address));
}

TEST(ChunkPut, MayGoWellLaterWhileSomebodyIsAwayWhateverTheOthersSay) {
  TestRing ring(4);
  const TestChunk chunk = make_chunk(0, 2, 17);
  const auto list = ring.preference(chunk);
  const auto refuse = [](const wire::Request&, Result<wire::Response>& answer) {
    answer = fail(Errc::refused, "not a member of this ring, or no longer");
  };
  for (const wire::MemberId& holder : list) ring.holder(holder).tamper = refuse;
  EXPECT_EQ(ring.put(chunk).error().code, Errc::refused);
  ring.sleep(list[0]);
  EXPECT_EQ(ring.put(chunk).error().code, Errc::unreachable);
}

TEST(ChunkPut, SaysThatOneMoreFriendIsNeeded) {
  TestRing ring(4);  // three friends, one of whom may not hold class 1
  const Result<PutOutcome> outcome = ring.put(make_chunk(0, 1, 15));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->receipts.size(), 2u);
  EXPECT_EQ(outcome->shortfall, "2 of 3 copies: one more friend is needed");
}

TEST(ChunkPut, SaysWhoIsAway) {
  TestRing ring(5);
  const TestChunk chunk = make_chunk(0, 1, 16);
  const auto list = ring.preference(chunk);
  ring.sleep(list[0]);
  ring.sleep(list[2]);
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->shortfall,
            "1 of 3 copies: " + ring.names[list[0]] + " and " + ring.names[list[2]] + " are away");
}

TEST(ChunkPut, AsksAMemberThatWasAwayAgainBeforeItGivesUp) {
  TestRing ring(5);
  const TestChunk chunk = make_chunk(0, 1, 17);
  const auto list = ring.preference(chunk);
  ring.truth.members[list[0]].standing = Standing::away;  // it woke, and nobody has noticed
  const Result<PutOutcome> outcome = ring.put(chunk);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->safe());
}

TEST(ChunkPut, WaitsForASilentMemberOnceAndNotForEveryChunk) {
  TestRing ring(5);
  const auto first = make_chunk(0, 1, 18);
  const auto dead = ring.preference(first)[0];
  ring.hub.set_asleep(dead, true);  // dead, and thought to be live
  ASSERT_TRUE(ring.put(first));
  const TimePoint before = ring.clock.now();
  for (std::uint64_t seed = 40; seed < 50; ++seed) ASSERT_TRUE(ring.put(make_chunk(0, 1, seed)));
  EXPECT_LT(ring.clock.now() - before, 10s);
  EXPECT_LE(ring.holder(dead).served[kind_of<wire::Reserve>()], 1u);
}

TEST(ChunkPut, FailsWhenNoCopyCouldBeMade) {
  TestRing ring(5);
  for (std::size_t i = 1; i < 5; ++i) ring.sleep(ring.holders[i]->id());
  const Result<PutOutcome> outcome = ring.put(make_chunk(0, 1, 19));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::unreachable);

  TestRing pair(2);  // the only friend has colour 1
  const Result<PutOutcome> refused = pair.put(make_chunk(0, 1, 19));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_NE(refused.error().context.find("three more friends are needed"), std::string::npos)
      << refused.error().context;
}

TEST(ChunkPut, SurvivesALossyNetwork) {
  TestRing ring(7);
  ring.hub.set_loss(0.02);
  for (std::uint64_t seed = 60; seed < 70; ++seed) {
    const TestChunk chunk = make_chunk(0, static_cast<std::uint8_t>(seed % 5), seed, 4);
    const Result<PutOutcome> outcome = ring.put(chunk);
    ASSERT_TRUE(outcome);
    for (const wire::Receipt& receipt : outcome->receipts) {
      EXPECT_TRUE(ring.holder(receipt.holder.id).has(chunk.ref.address));
    }
  }
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

}  // namespace
}  // namespace peerstore::replica::test
