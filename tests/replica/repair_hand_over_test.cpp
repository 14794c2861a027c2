// Stand-ins that drop their copies, and machines that are emptied.
#include "replica/repair_ring.hpp"

namespace peerstore::replica::test {
namespace {

TEST(Repair, HandsOverFromAStandInWhenThePreferredHolderIsBack) {
  TestRing ring(7);
  const TestChunk chunk = make_chunk(0, 2, 5);
  const auto preferred = ring.preference(chunk)[0];
  ring.sleep(preferred);
  ASSERT_TRUE(ring.put(chunk)->safe());
  ring.start_repair();
  ring.clock.run_for(10min);
  EXPECT_FALSE(ring.holder(preferred).has(chunk.ref.address));
  ring.wake(preferred);
  EXPECT_TRUE(until(ring, [&] { return ring.holder(preferred).has(chunk.ref.address); }));
  // Then it drops its own copy, and nobody else does.
  EXPECT_TRUE(until(ring, [&] { return ring.holders_of(chunk).size() == 3; }));
  ring.clock.run_for(24h);
  auto holders = ring.holders_of(chunk);
  auto list = ring.preference(chunk);
  list.resize(3);
  std::ranges::sort(holders);
  std::ranges::sort(list);
  EXPECT_EQ(holders, list);
}

// A chunk of the owner's that the first of its list lacks, and the fourth stands in for.
struct StandIn {
  explicit StandIn(TestRing& ring) : chunk(make_chunk(0, 2, 5)), list(ring.preference(chunk)) {
    ring.sleep(list[0]);
    CHECK(ring.put(chunk)->safe());
    ring.start_repair();
    ring.clock.run_for(10min);
  }
  TestChunk chunk;
  std::vector<wire::MemberId> list;
};

TEST(Repair, DropsNoCopyWhileAPreferredHolderCannotShowItsOwn) {
  TestRing ring(7);
  const StandIn at(ring);
  // It says that it has everything, and shows nothing.
  ring.holder(at.list[1]).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::PledgeChunks>(asked)) {
      answer = wire::Response(wire::PledgeReply{{crypto::Hash{{7}}}});
    }
  };
  ring.wake(at.list[0]);
  ring.clock.run_for(12h);
  EXPECT_TRUE(ring.holder(at.list[3]).has(at.chunk.ref.address));
  EXPECT_LT(ring.served(kind_of<wire::PledgeChunks>()), 12u * 60 / 4) << "ever more rarely";
  ring.holder(at.list[1]).tamper = nullptr;
  EXPECT_TRUE(until(ring, [&] { return !ring.holder(at.list[3]).has(at.chunk.ref.address); }));
  EXPECT_EQ(ring.holders_of(at.chunk).size(), 3u);
}

TEST(Repair, DropsNoCopyWhileAPreferredHolderIsAway) {
  TestRing ring(7);
  const StandIn at(ring);
  ring.sleep(at.list[1]);
  ring.wake(at.list[0]);
  ring.clock.run_for(12h);
  EXPECT_EQ(ring.holders_of(at.chunk).size(), 4u);
  // Nor if somebody stands in for it, since it is away too long.
  ring.truth.members[at.list[1]].standing = Standing::long_away;
  ring.clock.run_for(12h);
  EXPECT_EQ(ring.holders_of(at.chunk).size(), 4u);
}

TEST(Repair, PledgesOnlyByTheSameMapWhatItShouldHoldByNoOlderLease) {
  TestRing ring(7);
  const TestChunk chunk = make_chunk(0, 2, 5);
  ASSERT_TRUE(ring.put(chunk)->safe());
  const auto list = ring.preference(chunk);
  const wire::ChunkAddress address = chunk.ref.address;
  std::optional<wire::PledgeChunks> asked;
  std::optional<crypto::Hash> shown;
  for (const auto& holder : ring.holders) {
    holder->tamper = [&](const wire::Request& request, Result<wire::Response>& answer) {
      if (!std::holds_alternative<wire::PledgeChunks>(request) || !answer) return;
      asked = std::get<wire::PledgeChunks>(request);
      shown = std::get<wire::PledgeReply>(*answer).proofs.at(0);
    };
  }
  ring.start_repair();
  ring.drain(list[0]);
  ASSERT_TRUE(until(ring, [&] { return !ring.holder(list[0]).has(address); }));
  ASSERT_TRUE(asked && !shown->is_zero());
  const auto answer = [&](const wire::MemberId& member, const wire::PledgeChunks& question) {
    const wire::Caller caller{ring.holders[0]->id(), 0, false, false};
    const auto reply = ring.clock.run(ring.holder(member).serve(caller, question));
    return !std::get<wire::PledgeReply>(reply.value()).proofs.at(0).is_zero();
  };
  EXPECT_TRUE(answer(list[1], *asked));
  EXPECT_FALSE(answer(list[0], *asked)) << "it has it no more";
  wire::PledgeChunks newer = *asked;
  newer.leases[0] = 2;
  EXPECT_FALSE(answer(list[1], newer));
  wire::PledgeChunks other_map = *asked;
  ++other_map.map;
  EXPECT_FALSE(answer(list[1], other_map));
}

// It slept when the chunk was deleted and stored again, and would never pledge by its older lease.
TEST(Repair, WritesAnewByTheNewerLeaseWhatAStandInAsksAPledgeFor) {
  TestRing ring(7);
  const TestChunk chunk = make_chunk(0, 2, 5);
  const auto list = ring.preference(chunk);
  ASSERT_TRUE(ring.put(chunk)->safe());
  ring.sleep(list[0]);
  std::vector<ChunkRef> refs(1, chunk.ref);
  ASSERT_TRUE(ring.clock.run(ring.client().remove(std::move(refs))));
  ASSERT_TRUE(ring.put(chunk)->safe());
  ASSERT_EQ(ring.holder(list[3]).chunks->find(chunk.ref.address)->lease, 2u);
  ring.wake(list[0]);
  Holder& late = ring.holder(list[0]);
  ASSERT_EQ(late.chunks->find(chunk.ref.address)->lease, 1u);
  ring.start_repair();
  EXPECT_TRUE(until(ring, [&] { return !ring.holder(list[3]).has(chunk.ref.address); }));
  EXPECT_EQ(late.chunks->find(chunk.ref.address)->lease, 2u);
  EXPECT_EQ(late.repair->counters().segments_pulled, 0u) << "it has them";
  EXPECT_EQ(ring.holders_of(chunk).size(), 3u);
}

TEST(Repair, EmptiesAMachineThatIsDrained) {
  Settled at(7);
  const std::uint64_t before = pulled(at.ring);
  at.ring.drain(at.one().id());
  EXPECT_TRUE(until(at.ring, [&] { return at.one().held().empty(); }));
  EXPECT_EQ(pulled(at.ring), before + at.held) << "each chunk moves once";
  for (const TestChunk& chunk : at.chunks) EXPECT_EQ(at.ring.holders_of(chunk).size(), 3u);
}

// Nobody waits for the next of the rounds that come once a minute.
TEST(Repair, EmptiesAMachineWithoutDelay) {
  Settled at(7);
  at.ring.drain(at.one().id());
  at.ring.clock.run_for(40s);
  EXPECT_TRUE(at.one().held().empty());
}

TEST(Repair, NamesWhoShouldTakeTheRestOfAMachineThatIsDrained) {
  Settled at(6);
  Holder& newcomer = at.ring.add(6, 4, 1000);  // it has no room for anything
  for (const auto& holder : at.ring.holders) holder->repair->ring_changed();
  newcomer.repair->start();
  at.ring.drain(at.one().id());
  at.ring.clock.run_for(1h);
  ASSERT_FALSE(at.one().held().empty());
  EXPECT_EQ(at.one().repair->lacking(), std::vector<wire::MemberId>{newcomer.id()});
  EXPECT_TRUE(at.one().repair->surplus().waiting_for.empty()) << "it is on line";
  at.ring.sleep(newcomer.id());
  for (const auto& holder : at.ring.holders) holder->repair->ring_changed();
  at.ring.clock.run_for(1h);
  EXPECT_TRUE(at.one().repair->lacking().empty());
  EXPECT_EQ(at.one().repair->surplus().waiting_for, std::set<wire::MemberId>{newcomer.id()});
}

// The next of the list takes what should be its, and keeps it until it has room.
TEST(Repair, PassesOverAPreferredHolderThatIsFull) {
  Settled at(7);
  Holder& newcomer = at.ring.add(7, 4, 1000);
  at.ring.truth.members[newcomer.id()].is_full = true;
  for (const auto& holder : at.ring.holders) holder->repair->ring_changed();
  newcomer.repair->start();
  at.ring.drain(at.one().id());
  EXPECT_TRUE(until(at.ring, [&] { return at.one().held().empty(); }));
  for (const TestChunk& chunk : at.chunks) EXPECT_GE(at.ring.holders_of(chunk).size(), 3u);
  // Everybody drops what is no longer needed on nobody's word who is full.
  at.ring.clock.run_for(24h);
  for (const TestChunk& chunk : at.chunks) EXPECT_GE(at.ring.holders_of(chunk).size(), 3u);
  EXPECT_TRUE(newcomer.held().empty());
}

}  // namespace
}  // namespace peerstore::replica::test
