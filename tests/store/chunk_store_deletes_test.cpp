// What an owner deletes: tombstone, trash and the end of its days; and how much of an owner is taken at all.
#include <store/test_machine.hpp>
#include "store/deleted_rows.hpp"

namespace peerstore::store {
namespace {

class ChunkStoreDeletes : public testing::Test {
 protected:
  ChunkStoreDeletes() { machine.open(); }
  TestMachine machine;
};

TEST_F(ChunkStoreDeletes, MovesADeletedChunkIntoTheTrashAndReadsItThere) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  ASSERT_TRUE(machine.discard(chunk));
  for (const bool reopened : {false, true}) {
    SCOPED_TRACE(reopened);
    if (reopened) machine.open();
    EXPECT_FALSE(machine.holds(chunk));
    ASSERT_TRUE(machine.store->find_trashed(chunk.address));
    EXPECT_TRUE(*machine.read(chunk, 1) == chunk.segments[1]);
    EXPECT_EQ(*machine.describe(chunk), chunk.held());
    EXPECT_EQ(machine.store->usage().trashed_bytes, chunk.bytes);
    EXPECT_EQ(machine.store->bytes_of(kOwner), chunk.bytes);
    EXPECT_EQ(*machine.store->deletion_of(chunk.address), TestMachine::deletion(chunk));
    machine.expect_books_balance();
  }
}

TEST_F(ChunkStoreDeletes, TakesADeletedChunkAgainByANewerLeaseAlone) {
  TestChunk chunk = make_chunk(1, 2);
  const TestChunk before = chunk;
  ASSERT_TRUE(machine.keep(chunk));
  ASSERT_TRUE(machine.discard(chunk));
  EXPECT_EQ(machine.begin(chunk).error().code, Errc::refused);
  ++chunk.lease.number;
  const auto missing = machine.begin(chunk);
  ASSERT_TRUE(missing);
  EXPECT_TRUE(missing->empty()) << "it is all in the trash";
  ASSERT_TRUE(machine.commit(chunk));
  EXPECT_EQ(machine.store->usage().trashed_bytes, 0U);
  machine.expect_readable(chunk);
  machine.expect_books_balance();
  EXPECT_EQ(machine.discard(before).error().code, Errc::refused) << "what was said before counts no more";
  EXPECT_TRUE(machine.holds(chunk));
  machine.open();
  EXPECT_TRUE(machine.holds(chunk));
}

TEST_F(ChunkStoreDeletes, WritesAHeldChunkAnewByANewerLeaseSoThatNoEarlierDeletionCounts) {
  TestChunk chunk = make_chunk(1, 3);
  const TestChunk before = chunk;
  ASSERT_TRUE(machine.keep(chunk));
  ++chunk.lease.number;
  const auto missing = machine.begin(chunk);
  ASSERT_TRUE(missing) << missing.error().message();
  EXPECT_TRUE(missing->empty()) << "it is all here";
  machine.expect_readable(before);
  ASSERT_TRUE(machine.commit(chunk));
  for (const bool reopened : {false, true}) {
    SCOPED_TRACE(reopened);
    if (reopened) machine.open();
    machine.expect_readable(chunk);
    machine.expect_books_balance();
    EXPECT_EQ(machine.store->bytes_of(kOwner), chunk.bytes);
    EXPECT_EQ(machine.discard(before).error().code, Errc::refused);
    EXPECT_TRUE(machine.holds(chunk));
  }
  EXPECT_TRUE(machine.begin(before)->empty()) << "an older lease changes nothing";
  EXPECT_EQ(machine.describe(chunk)->lease, chunk.lease);
}

TEST_F(ChunkStoreDeletes, NeverPutsAnOlderLeaseInPlaceOfANewerOne) {
  for (const bool older_comes_first : {false, true}) {
    SCOPED_TRACE(older_comes_first);
    const TestChunk older = make_chunk(older_comes_first ? 1 : 2, 3);
    TestChunk newer = older;
    ++newer.lease.number;
    ASSERT_TRUE(machine.begin(older_comes_first ? older : newer));
    ASSERT_TRUE(machine.put_segment(older, 0));
    ASSERT_TRUE(machine.begin(older_comes_first ? newer : older));
    ASSERT_TRUE(machine.keep(older));
    machine.expect_readable(newer);
    ASSERT_TRUE(machine.keep(older)) << "held already";
    machine.expect_readable(newer);
    machine.expect_books_balance();
  }
}

TEST_F(ChunkStoreDeletes, CanReadAHeldChunkAtEveryMomentWhileItIsWrittenAnew) {
  TestChunk chunk = make_chunk(1, 3);
  ASSERT_TRUE(machine.keep(chunk));
  const Bytes before = machine.disk->content(path_of(chunk));
  ++chunk.lease.number;
  ASSERT_TRUE(machine.begin(chunk));
  const auto incoming = "chunks/incoming/" + to_hex(chunk.address.view());
  const Bytes after = machine.disk->content(incoming);
  int moments = 0;
  machine.plan->on_change = [&] {
    ++moments;
    ASSERT_TRUE(machine.disk->exists(path_of(chunk)));
    const Bytes& now = machine.disk->content(path_of(chunk));
    EXPECT_TRUE(now == before || now == after);
    EXPECT_TRUE(machine.holds(chunk));
  };
  ASSERT_TRUE(machine.commit(chunk));
  machine.plan->on_change = [] {};
  EXPECT_GE(moments, 4) << "sync, rename, sync of the folder, row";
  machine.expect_readable(chunk);

  // And whatever call fails.
  for (std::uint64_t call = 0; call < 20; ++call) {
    SCOPED_TRACE(call);
    TestChunk newer = chunk;
    ++newer.lease.number;
    machine.plan->fail_at = machine.plan->calls + call;
    const auto kept = machine.keep(newer);
    machine.plan->fail_at = FaultPlan::kNever;
    const std::uint64_t lease = machine.store->find(chunk.address).value().lease;
    EXPECT_TRUE(lease == newer.lease.number || !kept) << "it was promised";
    EXPECT_TRUE(machine.read(chunk, 2));
    machine.open();
    const auto found = machine.describe(chunk);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_TRUE(found->lease == newer.lease || found->lease == chunk.lease);
    chunk.lease = found->lease;
    machine.expect_readable(chunk);
  }
}

TEST_F(ChunkStoreDeletes, KeepsWhatWasWrittenAnewThoughAPowerCutTookItsRow) {
  TestChunk chunk = make_chunk(1, 1);
  const TestChunk before = chunk;
  ASSERT_TRUE(machine.keep(chunk));
  const std::size_t rows = machine.facts->unsynced();
  ++chunk.lease.number;
  ASSERT_TRUE(machine.keep(chunk));
  const auto found = machine.after_crash(Unsynced::dropped, Unsynced::dropped, rows);
  found->open();
  ASSERT_EQ(found->store->find(chunk.address)->lease, before.lease.number) << "the row is the old one";
  EXPECT_EQ(found->discard(before).error().code, Errc::refused);
  found->expect_readable(chunk);
  EXPECT_TRUE(found->discard(chunk));
  EXPECT_FALSE(found->holds(chunk));
  found->expect_books_balance();
}

TEST_F(ChunkStoreDeletes, AsksForWhatAHeldChunkHasLostWhenItIsWrittenAnew) {
  TestChunk chunk = make_chunk(1, 3);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk))[4096 + 65536] ^= 0x10;
  ++chunk.lease.number;
  EXPECT_EQ(*machine.begin(chunk), std::vector<std::uint32_t>{1});
  ASSERT_TRUE(machine.put_segment(chunk, 1));
  ASSERT_TRUE(machine.commit(chunk));
  machine.expect_readable(chunk);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDeletes, DeletesAtTheWordOfTheOwnerAloneAndNotesNothingOfWhatItDoesNotHave) {
  const TestChunk chunk = make_chunk(1, 1);
  ASSERT_TRUE(machine.discard(chunk));
  ASSERT_TRUE(machine.keep(chunk)) << "nobody can forbid a chunk that is not here";
  wire::Deletion foreign = TestMachine::deletion(chunk);
  foreign.owner = kOwner + 1;
  EXPECT_EQ(machine.clock.run(machine.store->discard(foreign)).error().code, Errc::refused);
  machine.expect_readable(chunk);
}

TEST_F(ChunkStoreDeletes, GivesUpAChunkThatIsDeletedWhileItComes) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.begin(chunk));
  ASSERT_TRUE(machine.put_segment(chunk, 0));
  ASSERT_TRUE(machine.discard(chunk));
  EXPECT_EQ(machine.commit(chunk).error().code, Errc::not_found);
  EXPECT_EQ(machine.begin(chunk).error().code, Errc::refused);
  EXPECT_EQ(machine.store->bytes_of(kOwner), 0U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDeletes, EmptiesTheTrashAfterThirtyDaysAndRemembersForLonger) {
  const TestChunk chunk = make_chunk(1, 1);
  ASSERT_TRUE(machine.keep(chunk));
  ASSERT_TRUE(machine.discard(chunk));
  const auto pass_days = [&](int days) {
    for (int day = 0; day < days; ++day) {
      machine.clock.run_for(24h);
      ASSERT_TRUE(machine.clock.run(machine.store->sweep_trash()));
    }
  };
  pass_days(29);
  EXPECT_TRUE(machine.read(chunk, 0));
  pass_days(2);
  EXPECT_FALSE(machine.read(chunk, 0));
  EXPECT_EQ(machine.store->usage().trashed_bytes, 0U);
  EXPECT_EQ(machine.store->bytes_of(kOwner), 0U);
  machine.expect_books_balance();
  machine.open();
  EXPECT_EQ(machine.begin(chunk).error().code, Errc::refused);
  pass_days(370);
  EXPECT_TRUE(machine.keep(chunk));
}

TEST_F(ChunkStoreDeletes, KnowsWhatWasDeletedAfterTheLossOfItsFacts) {
  const TestChunk chunk = make_chunk(1, 1);
  ASSERT_TRUE(machine.keep(chunk));
  ASSERT_TRUE(machine.discard(chunk));
  machine.lose_facts();
  machine.open();
  EXPECT_FALSE(machine.holds(chunk));
  EXPECT_TRUE(machine.read(chunk, 0));
  EXPECT_EQ(machine.begin(chunk).error().code, Errc::refused);
  machine.expect_books_balance();
}

TEST(TrashCalendar, CountsAClockThatJumpsAsOneDay) {
  TrashCalendar calendar{5, 1000};
  EXPECT_FALSE(calendar.look(1000));
  EXPECT_TRUE(calendar.look(1000 + 3650));
  EXPECT_EQ(calendar.day, 6U);
  EXPECT_TRUE(calendar.look(900));
  EXPECT_EQ(calendar.day, 6U);
  EXPECT_TRUE(calendar.look(901));
  EXPECT_EQ(calendar.day, 7U);
}

TEST_F(ChunkStoreDeletes, TakesNoMoreOfAnOwnerThanTheTermsAllow) {
  const TestChunk first = make_chunk(1, 1);
  const TestChunk second = make_chunk(2, 1);
  const ChunkStore::Terms terms{0, first.bytes + second.bytes - 1};
  ASSERT_TRUE(machine.clock.run(machine.store->begin(first.held(), terms)));
  EXPECT_EQ(machine.clock.run(machine.store->begin(second.held(), terms)).error().code, Errc::over_quota);
  TestChunk another = second;
  another.description.header.owner = kOwner + 1;
  EXPECT_TRUE(machine.clock.run(machine.store->begin(another.held(), terms)));
}

}  // namespace
}  // namespace peerstore::store
