// What a machine lost, or holds damaged, is found and healed.
#include "replica/repair_ring.hpp"

#include <span>

namespace peerstore::replica::test {
namespace {

TEST(Repair, RestoresWhatAMachineLostThatBeganANewLife) {
  Settled at(6);
  for (const store::ChunkFacts& facts : at.one().held()) {
    ASSERT_TRUE(at.ring.clock.run(at.one().chunks->remove(facts.address)));
  }
  ++at.ring.truth.members[at.one().id()].incarnation;
  EXPECT_TRUE(until(at.ring, [&] { return at.one().held().size() == at.held; }));
}

TEST(Repair, FetchesOnlyTheBadSegmentOfAChunkThatIsFoundDamaged) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 5, 8);
  ASSERT_TRUE(ring.put(chunk)->safe());
  ring.start_repair();
  ring.clock.run_for(5min);
  Holder& holder = ring.holder(ring.preference(chunk)[1]);
  holder.spoil(chunk.ref.address, 6);
  ASSERT_EQ(ring.clock.run(holder.chunks->read_segment(chunk.ref.address, 6)).error().code, Errc::corrupt);
  EXPECT_FALSE(holder.has(chunk.ref.address));
  EXPECT_TRUE(until(ring, [&] { return holder.has(chunk.ref.address); }));
  EXPECT_EQ(holder.repair->counters().segments_pulled, 1U);
  EXPECT_EQ(holder.chunks->usage().quarantined, 1U) << "the bad file is kept";
  for (std::uint32_t i = 0; i < 8; ++i) {
    EXPECT_TRUE(*ring.clock.run(holder.chunks->read_segment(chunk.ref.address, i)) == chunk.segments[i]);
  }
}

// Each segment is bad in as many copies as it can be with one good copy left.
TEST(Repair, GathersFromSeveralDamagedCopiesWhatNoneOfThemHasWhole) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    TestRing ring(6, 3, seed);
    const TestChunk chunk = make_chunk(0, 2, seed, 8);
    ASSERT_TRUE(ring.put(chunk)->safe());
    const auto list = ring.preference(chunk);
    SeededRandom random(seed);
    for (std::uint32_t segment = 0; segment < 8; ++segment) {
      const std::uint64_t good = random.below(3);
      for (std::size_t i = 0; i < 3; ++i) {
        if (i != good) ring.holder(list[i]).spoil(chunk.ref.address, segment);
      }
    }
    for (std::uint32_t segment = 0; segment < 8; ++segment) {
      const auto data = ring.clock.run(ring.client().get_segment(chunk.ref, segment));
      ASSERT_TRUE(data) << data.error().message();
      EXPECT_TRUE(*data == chunk.segments[segment]);
    }
    ring.start_repair();
    const auto is_healed = [&] {
      return std::ranges::all_of(std::span(list).first(3), [&](const wire::MemberId& member) {
        return ring.holder(member).has(chunk.ref.address);
      });
    };
    EXPECT_TRUE(until(ring, is_healed));
    for (std::size_t i = 0; i < 3; ++i) {
      store::ChunkStore& chunks = *ring.holder(list[i]).chunks;
      for (std::uint32_t segment = 0; segment < 8; ++segment) {
        EXPECT_TRUE(*ring.clock.run(chunks.read_segment(chunk.ref.address, segment)) ==
                    chunk.segments[segment]);
      }
    }
  }
}

// Whoever offers it has not noticed yet what is bad of it.
TEST(Repair, TakesFromOthersWhatTheOneWhoOffersAChunkHasDamaged) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 5, 4);
  ASSERT_TRUE(ring.put(chunk)->safe());
  const auto list = ring.preference(chunk);
  ASSERT_TRUE(ring.clock.run(ring.holder(list[0]).chunks->remove(chunk.ref.address)));
  ring.holder(list[1]).spoil(chunk.ref.address, 1);
  ring.holder(list[2]).spoil(chunk.ref.address, 3);
  ring.holder(list[0]).repair->start();
  ring.holder(list[0]).repair->offered(list[1], {chunk.ref.address});
  EXPECT_TRUE(until(ring, [&] { return ring.holder(list[0]).has(chunk.ref.address); }));
}

TEST(Repair, WantsAChunkBackThatVanishedUntilSomebodyWhoHasItIsAwake) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 5);
  ASSERT_TRUE(ring.put(chunk)->safe());
  ring.start_repair();
  ring.clock.run_for(5min);
  const auto list = ring.preference(chunk);
  ring.sleep(list[0]);
  ring.sleep(list[2]);
  Holder& holder = ring.holder(list[1]);
  holder.spoil(chunk.ref.address, std::nullopt);
  ASSERT_TRUE(ring.clock.run(holder.chunks->check_names(chunk.ref.address.bytes[0])));
  ring.clock.run_for(3h);
  EXPECT_FALSE(holder.has(chunk.ref.address));
  ring.wake(list[2]);
  EXPECT_TRUE(until(ring, [&] { return holder.has(chunk.ref.address); }));
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

TEST(Repair, LosesAWholeDiskOfChunksInTimeThatGrowsWithTheirNumber) {
  TestRing ring(7);
  Holder& one = *ring.holders[2];
  const wire::ChunkHeader header = make_chunk(0, 1, 1, 1).description.header;
  const std::uint64_t before = ring.view.maps_asked;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    store::ChunkFacts facts;
    facts.header = header;
    for (std::size_t b = 0; b < 8; ++b) facts.address.bytes[b] = static_cast<std::uint8_t>(i >> (8 * b));
    one.repair->chunk_changed(facts, store::ChunkStore::Change::lost);
  }
  EXPECT_EQ(one.repair->work().to_pull, 2000u);
  EXPECT_LE(ring.view.maps_asked - before, 5u * 2000) << "not each of them anew for each";
}

TEST(Repair, NoticesInDaysWhatAnotherLostAndDoesNotKnow) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 5);
  ASSERT_TRUE(ring.put(chunk)->safe());
  ring.start_repair();
  ring.clock.run_for(5min);
  Holder& holder = ring.holder(ring.preference(chunk)[1]);
  ASSERT_TRUE(ring.clock.run(holder.chunks->remove(chunk.ref.address)));
  ring.clock.run_for(24h * 4);
  EXPECT_TRUE(holder.has(chunk.ref.address));
}

// tests/store/chunk_file_test.cpp finds the change of any byte.
TEST(Repair, HealsFromAnotherHolderWhereverTheFileIsDamaged) {
  TestRing ring(6);
  const TestChunk chunk = make_chunk(0, 2, 5, 1);
  ASSERT_TRUE(ring.put(chunk)->safe());
  ring.start_repair();
  ring.clock.run_for(5min);
  Holder& holder = ring.holder(ring.preference(chunk)[1]);
  std::uint64_t flipped = 0;
  for (std::uint64_t byte = 0; byte < 4096 + wire::kSegmentBytes; byte += byte < 4096 ? 41 : 1021) {
    holder.flip(chunk.ref.address, byte);
    ++flipped;
    // As the scrub looks at it.
    const bool head_is_good = ring.clock.run(holder.chunks->describe(chunk.ref.address)).has_value();
    if (head_is_good) ASSERT_FALSE(ring.clock.run(holder.chunks->read_segment(chunk.ref.address, 0))) << byte;
    ASSERT_FALSE(holder.has(chunk.ref.address)) << byte;
    ASSERT_TRUE(until(ring, [&] { return holder.has(chunk.ref.address); })) << byte;
    ASSERT_TRUE(*ring.clock.run(holder.chunks->read_segment(chunk.ref.address, 0)) == chunk.segments[0]);
  }
  EXPECT_EQ(holder.chunks->usage().quarantined, flipped) << "each bad file is kept";
}

}  // namespace
}  // namespace peerstore::replica::test
