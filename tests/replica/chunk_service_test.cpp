#include "replica/test_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace peerstore::replica::test {
namespace {

// Asks the machine `to` directly, as the node (or a client) of machine `from`.
template <class Question>
Result<typename Question::Reply> ask(TestRing& ring, std::size_t from, std::size_t to, Question question,
                                     bool as_client = true) {
  const Holder& asker = *ring.holders[from];
  const wire::Caller caller{asker.id(), asker.person(), false, as_client};
  Result<wire::Response> answer = ring.clock.run(ring.holders[to]->serve(caller, wire::Request(question)));
  if (!answer) return answer.error();
  return std::get<typename Question::Reply>(*answer);
}

Errc code_of(const auto& result) { return result ? Errc{} : result.error().code; }

TEST(ChunkService, NeverTakesAChunkOfItsOwnColour) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 3, 1);
  const wire::PutBegin begin = ring.begin(chunk);
  EXPECT_EQ(code_of(ask(ring, 0, 3, begin)), Errc::refused);
  EXPECT_TRUE(ask(ring, 0, 2, begin));
}

TEST(ChunkService, TakesAnyClassInARingWithoutColours) {
  TestRing ring(4);
  ring.truth.policy.colours = 0;
  ring.truth.changed();
  const TestChunk chunk = make_chunk(0, 3, 1);
  EXPECT_TRUE(ask(ring, 0, 3, ring.begin(chunk)));
}

TEST(ChunkService, NeverTakesAChunkOfItsOwnPerson) {
  TestRing ring(5);
  ring.add(1, 1);  // a second machine of person 1
  const TestChunk chunk = make_chunk(1, 3, 2);
  EXPECT_EQ(code_of(ask(ring, 5, 1, ring.begin(chunk, 5))), Errc::refused);
  EXPECT_EQ(code_of(ask(ring, 5, 1, wire::Reserve{1000})), Errc::refused);
}

TEST(ChunkService, TakesChunksFromTheirOwnerAlone) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 3, 3);
  EXPECT_EQ(code_of(ask(ring, 4, 1, ring.begin(chunk))), Errc::refused);
  EXPECT_EQ(code_of(ask(ring, 4, 1, wire::PutCommit{chunk.ref.address, 0})), Errc::refused);
  ASSERT_TRUE(ring.put(chunk));
  const auto holder = ring.preference(chunk)[0];
  const auto place = std::ranges::find(ring.holders, holder, [](const auto& h) { return h->id(); });
  const auto to = static_cast<std::size_t>(place - ring.holders.begin());
  const std::size_t stranger = to == 4 ? 5 : 4;
  // A receipt in another's name would let that person claim the chunk.
  EXPECT_FALSE(
      ask(ring, stranger, to, wire::PutCommit{chunk.ref.address, static_cast<wire::PersonNumber>(stranger)}));
}

TEST(ChunkService, TakesNoChunkWithoutTheWordOfALiveWriterOfItsOwner) {
  TestRing ring(6);
  ring.add(0, 0);  // a second machine of person 0
  const TestChunk chunk = make_chunk(0, 3, 7);
  const wire::PutBegin good = ring.begin(chunk);
  wire::PutBegin bad = good;
  bad.lease.signature.bytes[5] ^= 1;
  EXPECT_EQ(code_of(ask(ring, 0, 1, bad)), Errc::refused);
  bad = good;
  bad.lease.number = 2;  // another than was signed
  EXPECT_EQ(code_of(ask(ring, 0, 1, bad)), Errc::refused);
  bad = good;
  bad.lease.number = 0;
  EXPECT_EQ(code_of(ask(ring, 0, 1, bad)), Errc::invalid);
  bad.lease = ring.lease(make_chunk(0, 3, 8));  // of another chunk
  EXPECT_EQ(code_of(ask(ring, 0, 1, bad)), Errc::refused);
  bad.lease = ring.lease(chunk, 4);  // of another person
  EXPECT_EQ(code_of(ask(ring, 0, 1, bad)), Errc::refused);
  bad.lease = ring.lease(chunk, 6);
  EXPECT_TRUE(ask(ring, 0, 1, bad));  // any machine of the owner may sign
  const TestChunk other = make_chunk(0, 3, 9);
  ring.depart(ring.holders[6]->id());
  EXPECT_EQ(code_of(ask(ring, 0, 1, ring.begin(other, 6))), Errc::refused);  // but none that is revoked
  EXPECT_EQ(ring.holders[1]->chunks->usage().chunks, 0u);
}

// The address covers the owner: who files another's chunk under its own name makes another chunk.
TEST(ChunkService, KeepsTheSameBytesOfTwoPersonsApart) {
  TestRing ring(6);
  const TestChunk victims = make_chunk(0, 3, 10);
  TestChunk copy = victims;
  copy.description.header.owner = 4;
  copy.ref.address = wire::address_of(copy.description);
  ASSERT_NE(copy.ref.address, victims.ref.address);
  EXPECT_EQ(code_of(ask(ring, 4, 1, ring.begin(victims, 4))), Errc::refused);
  EXPECT_TRUE(ask(ring, 4, 1, ring.begin(copy, 4)));
  EXPECT_TRUE(ask(ring, 0, 1, ring.begin(victims)));
}

TEST(ChunkService, RefusesDescriptionsThatAreNotWhole) {
  TestRing ring(6);
  TestChunk chunk = make_chunk(0, 3, 4);
  wire::ChunkDescription lacking = chunk.description;
  lacking.leaves.pop_back();
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::PutBegin{lacking, ring.lease(chunk), 0})), Errc::invalid);
  wire::ChunkDescription none = chunk.description;
  none.leaves.clear();
  none.header.segments = 0;
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::PutBegin{none, ring.lease(chunk), 0})), Errc::invalid);
  wire::ChunkDescription huge = chunk.description;
  huge.header.segments = 4'000'000;
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::PutBegin{huge, ring.lease(chunk), 0})), Errc::invalid);
  wire::ChunkDescription odd = chunk.description;
  odd.header.chunk_class = 5;
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::PutBegin{odd, ring.lease(chunk), 0})), Errc::invalid);
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::Reserve{std::uint64_t{1} << 40})), Errc::invalid);
}

TEST(ChunkService, RefusesBytesThatAreNotWhatTheOwnerDescribed) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 3, 5);
  ASSERT_TRUE(ask(ring, 0, 1, ring.begin(chunk)));
  const wire::PutSegment swapped{chunk.ref.address, 0, chunk.segments[1]};
  EXPECT_EQ(code_of(ask(ring, 0, 1, swapped)), Errc::corrupt);
  const wire::PutSegment torn{chunk.ref.address, 0, chunk.segments[0].slice(0, 100)};
  EXPECT_EQ(code_of(ask(ring, 0, 1, torn)), Errc::invalid);
  EXPECT_FALSE(ask(ring, 0, 1, wire::PutCommit{chunk.ref.address, 0}));
  EXPECT_FALSE(ring.holders[1]->has(chunk.ref.address));
}

TEST(ChunkService, SignsAReceiptThatNamesChunkOwnerHolderAndLife) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 3, 6);
  ring.truth.members[ring.holders[1]->id()].incarnation = 42;
  ASSERT_TRUE(ask(ring, 0, 1, ring.begin(chunk)));
  for (std::uint32_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(ask(ring, 0, 1, wire::PutSegment{chunk.ref.address, i, chunk.segments[i]}));
  }
  const auto receipt = ask(ring, 0, 1, wire::PutCommit{chunk.ref.address, 0});
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->address, chunk.ref.address);
  EXPECT_EQ(receipt->owner, 0u);
  EXPECT_EQ(receipt->holder, (wire::NodeRef{ring.holders[1]->id(), 42}));
  EXPECT_TRUE(ring.signatures.verify(*ring.view.node_key(receipt->holder.id), "receipt", ring.truth.ring_id,
                                     wire::receipt_bytes(*receipt), receipt->signature));
}

// ---- quotas ----

TEST(ChunkService, KeepsOfEachOwnerNoMoreThanItsShareOfTheQuota) {
  TestRing ring(6);  // 3 copies can be made: a machine keeps 4/15 of the quota at most
  const std::uint64_t room = room_for_chunk(2);
  ring.truth.quotas[0] = 15 * room / 4 * 2 + 16;
  EXPECT_EQ(share_of_quota(*ring.truth.map, 0, ring.truth.quotas[0]) / room, 2u);
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    EXPECT_TRUE(ask(ring, 0, 1, wire::Reserve{room}));
    EXPECT_TRUE(ask(ring, 0, 1, ring.begin(make_chunk(0, 3, seed))));
  }
  const auto refused = ask(ring, 0, 1, ring.begin(make_chunk(0, 3, 3)));
  ASSERT_EQ(code_of(refused), Errc::over_quota);
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::Reserve{room})), Errc::over_quota);
  EXPECT_NE(refused.error().context.find("prune"), std::string::npos);
  EXPECT_TRUE(ask(ring, 4, 1, ring.begin(make_chunk(4, 3, 3), 4))) << "others have their own";
}

TEST(ChunkPut, SaysThatTheQuotaIsUsedUpAndWhatHelps) {
  TestRing ring(6);
  ring.truth.quotas[0] = 1000;
  const auto outcome = ring.put(make_chunk(0, 3, 1));
  ASSERT_EQ(code_of(outcome), Errc::over_quota);
  EXPECT_NE(outcome.error().context.find("prune"), std::string::npos);
}

// ---- deleting ----

class ChunkServiceDeletes : public testing::Test {
 protected:
  ChunkServiceDeletes() : ring(6), chunk(make_chunk(0, 3, 1)) {
    CHECK(ring.put(chunk).has_value());
    const auto list = ring.preference(chunk);
    const auto place = std::ranges::find(ring.holders, list[0], [](const auto& h) { return h->id(); });
    at = static_cast<std::size_t>(place - ring.holders.begin());
  }
  // What the holder answers: 1 if the chunk is not held.
  std::uint8_t say(wire::Deletion deletion, std::size_t from = 0) {
    wire::DeleteChunks question;
    question.deletions.push_back(deletion);
    const auto reply = ask(ring, from, at, question);
    CHECK(reply.has_value() && reply->gone.size() == 1);
    return reply->gone[0];
  }
  wire::Deletion by(std::size_t machine, std::uint64_t number = 1) {
    return sign_deletion(ring.signatures, ring.truth.ring_id, ring.writers[machine], chunk.ref.address,
                         number);
  }
  bool held() { return ring.holders[at]->has(chunk.ref.address); }

  TestRing ring;
  TestChunk chunk;
  std::size_t at = 0;
};

TEST_F(ChunkServiceDeletes, AtTheSignedWordOfTheOwnerWhoeverBringsIt) {
  EXPECT_EQ(say(by(0), 4), 1);
  EXPECT_FALSE(held());
  EXPECT_EQ(say(by(0)), 1) << "again";
}

TEST_F(ChunkServiceDeletes, NothingAtTheWordOfAnybodyElse) {
  EXPECT_EQ(say(by(4), 4), 0);  // another person, for itself
  wire::Deletion forged = by(4);
  forged.owner = 0;  // another person, in the owner's name
  EXPECT_EQ(say(forged, 4), 0);
  forged = by(0);
  forged.signature.bytes[0] ^= 1;
  EXPECT_EQ(say(forged), 0);
  forged = by(0);
  forged.number = 7;
  EXPECT_EQ(say(forged), 0);
  EXPECT_TRUE(held());
}

TEST_F(ChunkServiceDeletes, NothingAtTheWordOfARevokedWriter) {
  ring.add(0, 0);
  ring.depart(ring.holders[6]->id());
  EXPECT_EQ(say(by(6)), 0);
  EXPECT_TRUE(held());
}

TEST_F(ChunkServiceDeletes, AndReadsItFromTheTrashForWhoeverKnowsTheTokenAlone) {
  ASSERT_EQ(say(by(0)), 1);
  EXPECT_TRUE(ask(ring, 0, at, wire::GetSegment{chunk.ref.address, 1, chunk.ref.token}));
  EXPECT_TRUE(ask(ring, 0, at, wire::GetDescription{chunk.ref.address, chunk.ref.token}));
  const wire::GetSegment repair{chunk.ref.address, 1, wire::ReadToken{}};
  EXPECT_EQ(code_of(ask(ring, 4, at, repair, false)), Errc::not_found);
  const auto have = ask(ring, 0, at, wire::HaveChunks{{chunk.ref.address}});
  EXPECT_EQ(have->have[0], 0);
}

TEST_F(ChunkServiceDeletes, AndTakesItAgainByANewerLeaseThatItAsksFor) {
  ASSERT_EQ(say(by(0)), 1);
  const auto replayed = ask(ring, 0, at, ring.begin(chunk));
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->lease_wanted, 2u);
  EXPECT_FALSE(held());
  const auto outcome = ring.put(chunk);  // the client does as it is asked
  ASSERT_TRUE(outcome && outcome->safe());
  EXPECT_TRUE(held());
  EXPECT_EQ(say(by(0)), 0) << "an old word, replayed";
  EXPECT_TRUE(held());
}

TEST_F(ChunkServiceDeletes, AllCopiesForAClientThatAsksForIt) {
  const auto removed = [&] {
    std::vector<ChunkRef> chunks(1, chunk.ref);
    return ring.clock.run(ring.client().remove(std::move(chunks))).value();
  };
  ring.sleep(ring.preference(chunk)[1]);
  EXPECT_EQ(removed(), std::vector<bool>{false}) << "one of its holders sleeps";
  ring.wake(ring.preference(chunk)[1]);
  ring.clock.run_for(2min);
  EXPECT_EQ(removed(), std::vector<bool>{true});
  EXPECT_TRUE(ring.holders_of(chunk).empty());
  ASSERT_TRUE(ring.put(chunk));
  EXPECT_EQ(removed(), std::vector<bool>{true}) << "though its lease is a newer one now";
  EXPECT_TRUE(ring.holders_of(chunk).empty());
}

class ChunkServiceReads : public testing::Test {
 protected:
  // The chunk is of class 3 and of person 0; machine 1 holds it. Machine 8 is of colour 3.
  ChunkServiceReads() : ring(9), chunk(make_chunk(0, 3, 7)) {
    CHECK(ask(ring, 0, 1, ring.begin(chunk)).has_value());
    for (std::uint32_t i = 0; i < 2; ++i) {
      CHECK(ask(ring, 0, 1, wire::PutSegment{chunk.ref.address, i, chunk.segments[i]}).has_value());
    }
    CHECK(ask(ring, 0, 1, wire::PutCommit{chunk.ref.address, 0}).has_value());
  }
  TestRing ring;
  TestChunk chunk;
};

TEST_F(ChunkServiceReads, ServesWhoeverShowsTheToken) {
  const wire::GetSegment question{chunk.ref.address, 1, chunk.ref.token};
  const auto reply = ask(ring, 4, 1, question);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->data, chunk.segments[1]);
  EXPECT_TRUE(ask(ring, 4, 1, wire::GetDescription{chunk.ref.address, chunk.ref.token}));
}

TEST_F(ChunkServiceReads, ServesANodeThatRepairsAndMayHoldTheChunk) {
  const wire::GetSegment question{chunk.ref.address, 1, wire::ReadToken{}};
  EXPECT_TRUE(ask(ring, 4, 1, question, false));
  EXPECT_EQ(code_of(ask(ring, 4, 1, question, true)), Errc::refused);   // a command of its owner
  EXPECT_EQ(code_of(ask(ring, 8, 1, question, false)), Errc::refused);  // of the chunk's class
  EXPECT_EQ(code_of(ask(ring, 0, 1, question, false)), Errc::refused);  // the owner's own machine
  const wire::GetDescription describe{chunk.ref.address, wire::ReadToken{}};
  EXPECT_TRUE(ask(ring, 4, 1, describe, false));
  EXPECT_EQ(code_of(ask(ring, 8, 1, describe, false)), Errc::refused);
}

TEST_F(ChunkServiceReads, RefusesAWrongToken) {
  wire::ReadToken wrong = chunk.ref.token;
  wrong.bytes[31] ^= 1;
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::GetSegment{chunk.ref.address, 0, wrong})), Errc::refused);
  EXPECT_EQ(code_of(ask(ring, 4, 1, wire::GetSegment{chunk.ref.address, 0, wrong}, false)), Errc::refused);
}

TEST_F(ChunkServiceReads, SaysNotFoundForWhatIsNotThere) {
  const wire::ChunkAddress nothing{};
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::GetSegment{nothing, 0, chunk.ref.token})), Errc::not_found);
  EXPECT_EQ(code_of(ask(ring, 0, 1, wire::GetDescription{nothing, chunk.ref.token})), Errc::not_found);
  EXPECT_FALSE(ask(ring, 0, 1, wire::GetSegment{chunk.ref.address, 2, chunk.ref.token}));
}

TEST_F(ChunkServiceReads, TellsWhatIsHere) {
  const wire::HaveChunks question{{chunk.ref.address, wire::ChunkAddress{}}};
  const auto reply = ask(ring, 4, 1, question);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->have, (std::vector<std::uint8_t>{1, 0}));
}

TEST(ChunkService, TakesOffersFromNodesOnly) {
  TestRing ring(6);
  const wire::OfferChunks question{{wire::ChunkAddress{}}};
  EXPECT_EQ(code_of(ask(ring, 0, 1, question, true)), Errc::refused);
  EXPECT_TRUE(ask(ring, 0, 1, question, false));
}

TEST(ChunkService, KeepsOnlyHeadsThatTheirMachineSigned) {
  TestRing ring(6);
  ring.add(2, 2);  // person 2's second machine
  wire::Head head = ring.head(2, 0, 1);
  wire::Head forged = head;
  const Bytes bytes = wire::head_bytes(head);
  for (const auto& key : {ring.person_keys[2].secret_key, ring.holders[2]->secret(), ring.writers[4].secret,
                          ring.writers[6].secret}) {
    forged.signature = ring.signatures.sign(key, "head", ring.truth.ring_id, bytes);
    EXPECT_EQ(code_of(ask(ring, 4, 1, wire::PutHead{forged})), Errc::refused);
  }
  EXPECT_TRUE(ask(ring, 4, 1, wire::PutHead{head}));  // another member may pass it on
  head.person = 77;
  EXPECT_EQ(code_of(ask(ring, 4, 1, wire::PutHead{head})), Errc::refused);
  const auto heads = ask(ring, 5, 1, wire::GetHeads{2});
  ASSERT_TRUE(heads);
  EXPECT_EQ(heads->heads.size(), 1u);
}

// Whoever copied a home before its person ran rekey has this key.
TEST_F(ChunkServiceDeletes, AndTakesAndKeepsNothingByAKeyOfBeforeARekey) {
  const TestChunk another = make_chunk(0, chunk.ref.chunk_class, 2);
  const wire::PutBegin begin = ring.begin(another);
  const wire::Deletion deletion = by(0);
  const wire::Head head = ring.head(0, 0, 2);
  ASSERT_TRUE(ask(ring, 0, at, wire::PutHead{ring.head(0, 0, 1)}));
  ring.rekey(0);
  EXPECT_EQ(code_of(ask(ring, 0, at, begin)), Errc::refused);
  EXPECT_EQ(say(deletion), 0);
  EXPECT_EQ(code_of(ask(ring, 0, at, wire::PutHead{head})), Errc::refused);
  EXPECT_TRUE(held());
  // What was stored before can still be mended and read.
  EXPECT_TRUE(
      check_lease(ring.signatures, ring.view, 0, chunk.ref.address, ring.lease(chunk), LeaseUse::put));
  EXPECT_TRUE(check_lease(ring.signatures, ring.view, 0, another.ref.address, begin.lease, LeaseUse::repair));
  EXPECT_EQ(ask(ring, 5, at, wire::GetHeads{0})->heads.size(), 1u);
  EXPECT_TRUE(ask(ring, 0, at, wire::PutHead{ring.head(0, 0, 3)})) << "by the new key";
  EXPECT_EQ(say(by(0)), 1);
}

TEST(ChunkService, KeepsNoNewHeadOfARevokedMachine) {
  TestRing ring(6);
  ring.add(2, 2);
  ASSERT_TRUE(ask(ring, 4, 1, wire::PutHead{ring.head(2, 1, 1)}));
  ring.depart(ring.holders[6]->id());
  EXPECT_EQ(code_of(ask(ring, 4, 1, wire::PutHead{ring.head(2, 1, 2)})), Errc::refused);
  EXPECT_EQ(ask(ring, 5, 1, wire::GetHeads{2})->heads.size(), 1u);
}

}  // namespace
}  // namespace peerstore::replica::test
