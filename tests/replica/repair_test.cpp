#include <peerstore/replica/head_keepers.hpp>

#include "replica/repair_ring.hpp"

#include <algorithm>

namespace peerstore::replica::test {
namespace {

TEST(Repair, RestoresAllCopiesAfterADeparture) {
  TestRing ring(7);
  const auto chunks = fill(ring, 20);
  ring.start_repair();
  ring.depart(ring.holders[2]->id());
  EXPECT_TRUE(until(ring, [&] { return all_where_they_belong(ring, chunks); }));
  for (const TestChunk& chunk : chunks) EXPECT_GE(ring.holders_of(chunk).size(), 3u);
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

TEST(Repair, MovesNothingWhenAMachineMerelySleeps) {
  TestRing ring(7);
  const auto chunks = fill(ring, 20);
  ring.start_repair();
  ring.clock.run_for(10min);
  ring.sleep(ring.holders[2]->id());
  ring.clock.run_for(12h);
  ring.wake(ring.holders[2]->id());
  ring.clock.run_for(12h);
  EXPECT_EQ(pulled(ring), 0u);
}

TEST(Repair, AddsACopyWhenAMachineIsAwayForLongerThanTheGrace) {
  TestRing ring(7);
  const auto chunks = fill(ring, 20);
  ring.start_repair();
  const auto gone = ring.holders[2]->id();
  ring.sleep(gone);
  ring.clock.run_for(10min);
  ring.truth.members[gone].standing = Standing::long_away;
  EXPECT_TRUE(until(ring, [&] { return all_where_they_belong(ring, chunks); }));
  EXPECT_GT(pulled(ring), 0u);
  const std::uint64_t before = pulled(ring);
  ring.wake(gone);  // it counts at once, and nothing moves back
  ring.clock.run_for(1h);
  EXPECT_EQ(pulled(ring), before);
}

TEST(Repair, CompletesAPutThatFellShort) {
  TestRing ring(5);
  const TestChunk chunk = make_chunk(0, 2, 6);
  const auto list = ring.preference(chunk);
  ring.sleep(list[0]);
  ring.sleep(list[1]);
  EXPECT_FALSE(ring.put(chunk)->safe());
  ring.start_repair();
  ring.wake(list[0]);
  ring.wake(list[1]);
  EXPECT_TRUE(until(ring, [&] { return ring.holders_of(chunk).size() == 3; }));
}

TEST(Repair, MovesChunksToANewcomerThatShouldHoldThem) {
  TestRing ring(6);
  const auto chunks = fill(ring, 20);
  ring.start_repair();
  ring.clock.run_for(5min);
  Holder& newcomer = ring.add(6, 1);
  newcomer.repair->start();
  for (const auto& holder : ring.holders) holder->repair->ring_changed();
  EXPECT_TRUE(until(ring, [&] { return all_where_they_belong(ring, chunks); }));
  EXPECT_GT(newcomer.held().size(), 0u);
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

// One chunk goes as another one comes: as many as before, and yet not the same.
TEST(Repair, OffersAChunkThatCameWhileAnotherOneWent) {
  TestRing ring(5);
  const TestChunk first = make_chunk(0, 2, 6);
  const TestChunk second = make_chunk(0, 2, 7);
  ASSERT_TRUE(ring.put(first)->safe());
  ring.start_repair();
  ring.clock.run_for(30min);
  const auto list = ring.preference(second);
  Holder& one = ring.holder(list[0]);
  ASSERT_TRUE(one.has(first.ref.address));
  ASSERT_TRUE(ring.clock.run(one.chunks->begin({second.description, ring.lease(second)}, {})));
  for (std::uint32_t i = 0; i < second.segments.size(); ++i) {
    ASSERT_TRUE(ring.clock.run(one.chunks->put_segment(second.ref.address, i, second.segments[i])));
  }
  ASSERT_TRUE(ring.clock.run(one.chunks->commit(second.ref.address)));
  ASSERT_TRUE(ring.clock.run(one.chunks->remove(first.ref.address)));
  EXPECT_TRUE(until(ring, [&] { return ring.holders_of(second).size() == 3; }));
}

TEST(Repair, IsQuietWhenEverythingIsWhereItBelongs) {
  TestRing ring(7);
  fill(ring, 30);
  ring.start_repair();
  ring.clock.run_for(10min);
  const std::uint64_t messages = ring.hub.counters().messages;
  ring.clock.run_for(24h);
  EXPECT_EQ(ring.hub.counters().messages, messages);
}

TEST(Repair, OffersToAFullMachineEverMoreRarely) {
  TestRing ring(4);
  Holder& full = ring.add(4, 4, 1000);
  const TestChunk chunk = make_chunk(0, 3, 1, 1);
  EXPECT_EQ(ring.put(chunk)->receipts.size(), 2u);
  ring.start_repair();
  ring.clock.run_for(24h);
  EXPECT_FALSE(full.has(chunk.ref.address));
  EXPECT_GT(full.repair->counters().pull_failures, 0u);
  EXPECT_LT(full.served[kind_of<wire::OfferChunks>()], 2u * 24 * 60 / 10);
}

TEST(Repair, PullsNothingThatItShouldNotHoldWhateverItIsOffered) {
  TestRing ring(9);
  const auto chunks = fill(ring, 40);
  for (const auto& holder : ring.holders) {
    for (const auto& from : ring.holders) {
      std::vector<wire::ChunkAddress> everything;
      for (const store::ChunkFacts& facts : from->held()) everything.push_back(facts.address);
      if (from != holder) holder->repair->offered(from->id(), everything);
    }
  }
  ring.clock.run_for(1h);
  EXPECT_EQ(pulled(ring), 0u);
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

TEST(Repair, TakesNothingFromALiar) {
  TestRing ring(5);
  const TestChunk chunk = make_chunk(0, 2, 9);
  const auto list = ring.preference(chunk);
  ring.sleep(list[0]);
  ASSERT_TRUE(ring.put(chunk));
  for (const std::size_t place : {1u, 2u}) {
    ring.holder(list[place]).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
      if (std::holds_alternative<wire::GetSegment>(asked)) {
        answer = wire::Response(wire::SegmentReply{SharedBytes(Bytes(wire::kSegmentBytes, 9))});
      }
    };
  }
  ring.start_repair();
  ring.wake(list[0]);
  ring.clock.run_for(1h);
  EXPECT_FALSE(ring.holder(list[0]).has(chunk.ref.address));
  ring.holder(list[2]).tamper = nullptr;
  EXPECT_TRUE(until(ring, [&] { return ring.holder(list[0]).has(chunk.ref.address); }));
}

// A member that holds a chunk may offer it, but only the owner's word makes others keep it.
TEST(Repair, TakesNothingThatItsOwnerDidNotLease) {
  TestRing ring(5);
  const TestChunk chunk = make_chunk(0, 3, 1);
  const auto list = ring.preference(chunk);
  ring.sleep(list[1]);
  ASSERT_TRUE(ring.put(chunk));
  wire::Lease forged = ring.lease(chunk, 2);  // by another person's writer
  ring.holder(list[0]).tamper = [&](const wire::Request&, Result<wire::Response>& answer) {
    if (!answer) return;
    if (auto* reply = std::get_if<wire::DescriptionReply>(&*answer)) reply->lease = forged;
  };
  ring.wake(list[1]);
  ring.holder(list[1]).repair->offered(list[0], {chunk.ref.address});
  ring.clock.run_for(10s);
  EXPECT_FALSE(ring.holder(list[1]).has(chunk.ref.address));
  EXPECT_EQ(ring.holder(list[1]).repair->counters().pull_failures, 1u);
  ring.holder(list[0]).tamper = nullptr;
  ring.holder(list[1]).repair->offered(list[0], {chunk.ref.address});
  ring.clock.run_for(10s);
  EXPECT_TRUE(ring.holder(list[1]).has(chunk.ref.address));
}

// What a machine stored is to outlive it, whatever became of it.
TEST(Repair, BelievesTheLeasesOfAWriterThatIsGone) {
  TestRing ring(7);
  ring.add(0, 0);  // person 0's second machine
  std::vector<TestChunk> chunks(1, make_chunk(0, 3, 1));
  ASSERT_TRUE(ring.put(chunks[0], 7));
  const auto list = ring.preference(chunks[0]);
  ring.start_repair();
  ring.depart(ring.holders[7]->id());
  ring.depart(list[0]);
  EXPECT_TRUE(until(ring, [&] { return all_where_they_belong(ring, chunks); }));
}

// A laptop that slept when its owner deleted a chunk brings it back to nobody, and hears of it.
TEST(Repair, DoesNotResurrectWhatWasDeleted) {
  TestRing ring(6);
  const std::vector<TestChunk> chunks(1, make_chunk(0, 3, 1));
  ASSERT_TRUE(ring.put(chunks[0]));
  const auto list = ring.preference(chunks[0]);
  ring.start_repair();
  ring.sleep(list[1]);
  std::vector<ChunkRef> refs(1, chunks[0].ref);
  ASSERT_TRUE(ring.clock.run(ring.client().remove(std::move(refs))));
  EXPECT_EQ(ring.holders_of(chunks[0]), std::vector<wire::MemberId>{list[1]});
  ring.wake(list[1]);
  for (const auto& holder : ring.holders) holder->repair->ring_changed();
  EXPECT_TRUE(until(ring, [&] { return ring.holders_of(chunks[0]).empty(); }));
}

TEST(Repair, MakesCopiesOfWhatWasAcknowledgedThoughTheQuotaIsLowerNow) {
  TestRing ring(7);
  const auto chunks = fill(ring, 5);
  ring.truth.quotas[0] = 0;
  ring.start_repair();
  ring.depart(ring.preference(chunks[0])[0]);
  EXPECT_TRUE(until(ring, [&] { return all_where_they_belong(ring, chunks); }));
}

TEST(Repair, BringsHeadsToAMachineThatSleptWhenTheyWerePublished) {
  TestRing ring(6);
  ring.start_repair();
  ring.clock.run_for(5min);
  ring.sleep(ring.holders[4]->id());
  ASSERT_TRUE(ring.clock.run(ring.client().publish(ring.head(0, 0, 1))));
  EXPECT_TRUE(ring.holders[4]->heads->all().empty());
  ring.wake(ring.holders[4]->id());
  EXPECT_TRUE(until(ring, [&] { return ring.holders[4]->heads->all().size() == 1; }));
}

TEST(Repair, BringsHeadsToTheNextKeeperWhenOneDeparts) {
  TestRing ring(14);
  ring.start_repair();
  ASSERT_TRUE(ring.clock.run(ring.client().publish(ring.head(0, 0, 1))));
  ring.rekey(0);  // what its former writer signed is handed on, while there is nothing newer
  ring.clock.run_for(5min);
  const auto walk = head_walk(*ring.truth.map, 0);
  EXPECT_TRUE(ring.holder(walk[kHeadKeepers]).heads->all().empty());
  ring.depart(walk[2]);
  EXPECT_TRUE(until(ring, [&] { return ring.holder(walk[kHeadKeepers]).heads->all().size() == 1; }));
}

// A thief with a writer key of before a rekey, and a keeper that helps.
TEST(Repair, PutsNoHeadOfAFormerWriterInPlaceOfOneOfTodays) {
  TestRing ring(6);
  const wire::Head forged = ring.head(0, 0, 99);
  ring.rekey(0);
  ASSERT_TRUE(ring.clock.run(ring.client().publish(ring.head(0, 0, 2))));
  for (const std::size_t helper : {1u, 2u}) {
    ring.holders[helper]->tamper = [&](const wire::Request&, Result<wire::Response>& answer) {
      auto* heads = answer ? std::get_if<wire::HeadsReply>(&*answer) : nullptr;
      if (heads != nullptr) heads->heads = {forged};
    };
  }
  ring.start_repair();
  ring.sleep(ring.holders[4]->id());
  ring.wake(ring.holders[4]->id());
  ring.clock.run_for(10min);
  EXPECT_EQ(ring.holders[4]->heads->all().at(0).version, 2u);
  // Nor, after another rekey, of one that ended earlier in place of one that ended later.
  ring.rekey(0);
  ring.sleep(ring.holders[4]->id());
  ring.wake(ring.holders[4]->id());
  ring.clock.run_for(10min);
  EXPECT_EQ(ring.holders[4]->heads->all().at(0).version, 2u);
  // And what the key of today signs takes its place, whatever the versions.
  ASSERT_TRUE(ring.clock.run(ring.holders[3]->heads->put(forged)));
  ASSERT_TRUE(ring.clock.run(ring.client().publish(ring.head(0, 0, 3))));
  EXPECT_EQ(ring.holders[3]->heads->all().at(0).version, 3u);
  const auto read = ring.clock.run(ring.client(0).heads());
  ASSERT_TRUE(read && read->size() == 1);
  EXPECT_EQ(read->at(0).version, 3u);
}

// Random rings, random comings and goings: copies come back, and the rule is never bent.
class RepairUnderChurn : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RepairUnderChurn, NeverBendsTheRuleAndRestoresEveryCopy) {
  const std::uint64_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom dice(seed);
  TestRing ring(8 + dice.below(4), static_cast<std::uint8_t>(2 + dice.below(2)), seed);
  auto chunks = fill(ring, 10, seed * 1000);
  ring.start_repair();
  std::size_t present = ring.holders.size();
  auto next_person = static_cast<wire::PersonNumber>(ring.holders.size());
  for (int change = 0; change < 8; ++change) {
    const std::size_t which = 1 + dice.below(ring.holders.size() - 1);
    const auto id = ring.holders[which]->id();
    const Standing standing = ring.truth.members[id].standing;
    switch (dice.below(4)) {
      case 0:
        if (standing == Standing::live && present > 7) {
          ring.depart(id);
          --present;
        }
        break;
      case 1: {
        const auto colour = static_cast<std::uint8_t>(dice.below(wire::kClasses));
        ring.add(next_person++, colour).repair->start();
        ++present;
        break;
      }
      case 2:
        if (standing == Standing::live) ring.sleep(id);
        break;
      default:
        if (standing == Standing::away) ring.wake(id);
        break;
    }
    // It is said of them, and may be so no longer.
    for (auto& [member, facts] : ring.truth.members) facts.is_full = dice.below(4) == 0;
    const TestChunk chunk = make_chunk(0, static_cast<std::uint8_t>(dice.below(5)), dice.next(), 1);
    if (ring.put(chunk)) chunks.push_back(chunk);
    EXPECT_TRUE(ring.nobody_breaks_the_rule());
    // Time enough to mend this before the next loss; nobody wakes for it.
    ring.clock.run_for(20min);
  }
  for (const auto& holder : ring.holders) {
    if (ring.truth.members[holder->id()].standing == Standing::away) ring.wake(holder->id());
  }
  EXPECT_TRUE(until(ring, [&] { return all_where_they_belong(ring, chunks); }));
  // Who stood in for those that are full gives back what it took.
  for (auto& [member, facts] : ring.truth.members) facts.is_full = false;
  const auto are_spare_copies_gone = [&] {
    return std::ranges::all_of(chunks, [&](const TestChunk& chunk) {
      return ring.holders_of(chunk).size() <= ring.truth.policy.copies;
    });
  };
  EXPECT_TRUE(until(ring, are_spare_copies_gone));
  EXPECT_TRUE(all_where_they_belong(ring, chunks));
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RepairUnderChurn, testing::Range<std::uint64_t>(1, 31));

}  // namespace
}  // namespace peerstore::replica::test
