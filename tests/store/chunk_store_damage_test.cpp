// Files that are bad, cut or gone: found, set aside, and healed.
#include <peerstore/runtime/combine.hpp>
#include <store/test_machine.hpp>

namespace peerstore::store {
namespace {

class ChunkStoreDamage : public testing::Test {
 protected:
  ChunkStoreDamage() { machine.open(); }
  TestMachine machine;
};

TEST_F(ChunkStoreDamage, ServesTheGoodSegmentsOfAChunkThatItNoLongerHolds) {
  const TestChunk chunk = make_chunk(1, 3);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk))[4096 + 65536] ^= 0x10;
  EXPECT_TRUE(machine.read(chunk, 0));
  EXPECT_EQ(machine.read(chunk, 1).error().code, Errc::corrupt);
  for (const bool after_restart : {false, true}) {
    SCOPED_TRACE(after_restart);
    if (after_restart) machine.open();
    EXPECT_FALSE(machine.holds(chunk));
    EXPECT_EQ(machine.store->usage().damaged, 1U);
    EXPECT_TRUE(*machine.read(chunk, 0) == chunk.segments[0]);
    EXPECT_EQ(machine.read(chunk, 1).error().code, Errc::corrupt);
    EXPECT_TRUE(*machine.read(chunk, 2) == chunk.segments[2]);
    EXPECT_EQ(*machine.describe(chunk), chunk.held());
    EXPECT_EQ(machine.clock.run(machine.store->recheck(chunk.address)).error().code, Errc::corrupt);
    machine.expect_books_balance();
  }

  // Received anew, it takes only what is bad; damaged again, both bad files are kept.
  ASSERT_EQ(*machine.begin(chunk), std::vector<std::uint32_t>{1});
  ASSERT_TRUE(machine.keep(chunk));
  machine.expect_readable(chunk);
  EXPECT_EQ(machine.store->usage().damaged, 0U);
  EXPECT_EQ(machine.store->usage().quarantined, 1U);
  machine.expect_books_balance();
  machine.disk->content(path_of(chunk))[0] ^= 1;
  EXPECT_EQ(machine.describe(chunk).error().code, Errc::corrupt);
  ASSERT_TRUE(machine.begin(chunk)->empty()) << "the head alone was bad";
  ASSERT_TRUE(machine.commit(chunk));
  EXPECT_EQ(machine.store->usage().quarantined, 2U);
  machine.open();
  machine.expect_readable(chunk);
  EXPECT_EQ(machine.store->usage().quarantined, 2U);
  machine.expect_books_balance();
}

// The new file and the one in whose place it comes lie side by side for a moment.
TEST(ChunkStoreDamageOnAFullMachine, IsHealedAndALeaseIsRenewedWithinTheSpaceGiven) {
  TestMachine machine({.capacity = 66 * CapacityLedger::kSpareBytes});
  machine.open();
  std::vector<TestChunk> chunks;
  for (std::uint64_t seed = 1;; ++seed) {
    chunks.push_back(make_chunk(seed, 16));
    const auto kept = machine.keep(chunks.back());
    if (kept) continue;
    EXPECT_EQ(kept.error().code, Errc::full);
    break;
  }
  const TestChunk too_many = chunks.back();
  chunks.pop_back();
  ASSERT_GT(chunks.size(), 60u);
  for (const std::size_t i : {3, 4}) {
    machine.disk->content(path_of(chunks[i]))[4096 + 65536] ^= 0x10;
    EXPECT_EQ(machine.read(chunks[i], 1).error().code, Errc::corrupt);
    EXPECT_EQ(*machine.begin(chunks[i]), std::vector<std::uint32_t>{1});
    ASSERT_TRUE(machine.keep(chunks[i]));
    machine.expect_readable(chunks[i]);
    machine.expect_books_balance();
  }
  chunks[5].lease.number += 10;
  ASSERT_TRUE(machine.keep(chunks[5]));
  machine.expect_readable(chunks[5]);
  EXPECT_EQ(machine.begin(too_many).error().code, Errc::full);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, NotesADamagedFileOnceWhenManyReadIt) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk)).resize(70'000);
  std::vector<Task<Result<SharedBytes>>> reads;
  for (std::uint32_t i = 0; i < 6; ++i) reads.push_back(machine.store->read_segment(chunk.address, i % 2));
  const auto data = machine.clock.run(when_all(machine.clock, std::move(reads)));
  for (std::size_t i = 0; i < data.size(); ++i) {
    EXPECT_EQ(data[i].has_value(), i % 2 == 0) << "it ends within the other segment";
    if (!data[i]) EXPECT_EQ(data[i].error().code, Errc::corrupt);
  }
  EXPECT_EQ(machine.store->usage().damaged, 1U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, HoldsAChunkAgainThatReadsWellAgain) {
  const TestChunk chunk = make_chunk(1, 3);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->make_unreadable(path_of(chunk), 4096 + 5);
  EXPECT_EQ(machine.read(chunk, 0).error().code, Errc::corrupt);
  EXPECT_FALSE(machine.holds(chunk));
  EXPECT_TRUE(machine.read(chunk, 2));
  EXPECT_FALSE(machine.clock.run(machine.store->recheck(chunk.address)));
  machine.disk->make_readable(path_of(chunk));
  EXPECT_TRUE(machine.read(chunk, 0)) << "whoever asks gets what is good now";
  ASSERT_TRUE(machine.clock.run(machine.store->recheck(chunk.address)));
  machine.expect_readable(chunk);
  EXPECT_EQ(machine.store->usage().quarantined, 0U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, TakesBackWhatLiesInQuarantineAndNowhereElse) {
  const TestChunk sound = make_chunk(1, 2);
  const TestChunk partly = make_chunk(2, 2);
  const TestChunk deleted = make_chunk(3, 1);
  const TestChunk headless = make_chunk(4, 1);
  for (const TestChunk* chunk : {&sound, &partly, &deleted, &headless}) {
    ASSERT_TRUE(machine.keep(*chunk));
    const auto set_aside = "chunks/quarantine/" + to_hex(chunk->address.view());
    machine.disk->plant(set_aside, machine.disk->content(path_of(*chunk)));
  }
  ASSERT_TRUE(machine.discard(deleted));
  for (const TestChunk* chunk : {&sound, &partly, &headless}) ASSERT_TRUE(machine.remove(*chunk));
  machine.disk->content("chunks/quarantine/" + to_hex(partly.address.view()))[4096] ^= 1;
  machine.disk->content("chunks/quarantine/" + to_hex(headless.address.view()))[100] ^= 1;
  machine.open();
  machine.expect_readable(sound);
  EXPECT_FALSE(machine.holds(partly));
  EXPECT_FALSE(machine.read(partly, 0));
  EXPECT_TRUE(machine.read(partly, 1));
  EXPECT_FALSE(machine.holds(deleted));
  EXPECT_FALSE(machine.store->find_damaged(headless.address));
  EXPECT_EQ(machine.store->usage().quarantined, 2U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, DeletesADamagedChunkAtItsOwnersWord) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk))[4096] ^= 1;
  ASSERT_FALSE(machine.read(chunk, 0));
  ASSERT_TRUE(machine.discard(chunk));
  EXPECT_EQ(machine.store->usage().damaged, 0U);
  EXPECT_EQ(machine.store->usage().trashed_bytes, chunk.bytes);
  EXPECT_EQ(machine.begin(chunk).error().code, Errc::refused);
  machine.expect_books_balance();
  machine.open();
  EXPECT_FALSE(machine.holds(chunk));
  EXPECT_TRUE(machine.read(chunk, 1)) << "from the trash";
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, FreesTheRoomOfABadFileDaysAfterItsChunkWasHealed) {
  const TestChunk chunk = make_chunk(1, 2);
  const TestChunk other = make_chunk(2, 1);
  for (const TestChunk* one : {&chunk, &other}) {
    ASSERT_TRUE(machine.keep(*one));
    machine.disk->content(path_of(*one))[4096] ^= 1;
    ASSERT_FALSE(machine.read(*one, 0));
  }
  ASSERT_TRUE(machine.keep(chunk));
  for (int day = 0; day < 7; ++day) {
    EXPECT_EQ(machine.store->usage().quarantined, 1U) << day;
    machine.clock.run_for(24h);
    if (day == 3) machine.open();
    ASSERT_TRUE(machine.clock.run(machine.store->sweep_trash()));
  }
  EXPECT_EQ(machine.store->usage().quarantined, 0U);
  EXPECT_EQ(machine.store->usage().damaged, 1U) << "it may be the last";
  machine.expect_readable(chunk);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, GivesTheRoomOfAHealedChunksBadFileToWhoeverNeedsIt) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk))[4096] ^= 1;
  ASSERT_FALSE(machine.read(chunk, 0));
  ASSERT_TRUE(machine.keep(chunk));
  machine.store->set_capacity(2 * chunk.bytes);
  EXPECT_EQ(machine.store->usage().room, 0U);
  ASSERT_TRUE(machine.keep(make_chunk(2, 2)));
  EXPECT_EQ(machine.store->usage().quarantined, 0U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, ForgetsAChunkWhoseFileHasGone) {
  const TestChunk chunk = make_chunk(1, 1);
  ASSERT_TRUE(machine.keep(chunk));
  ASSERT_TRUE(machine.disk->remove(path_of(chunk)));
  EXPECT_EQ(machine.read(chunk, 0).error().code, Errc::not_found);
  EXPECT_FALSE(machine.holds(chunk));
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, SalvagesWhatIsStillGoodThoughTheHeadIsBadAndTheFactsAreLost) {
  const TestChunk chunk = make_chunk(1, 4);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk))[4096 + 2 * 65536] ^= 0x10;
  machine.disk->content(path_of(chunk))[9] ^= 0x10;
  machine.lose_facts();
  machine.open();
  std::vector<ChunkStore::Change> changes;
  machine.store->on_change([&](const ChunkFacts& facts, ChunkStore::Change change) {
    EXPECT_EQ(facts.address, chunk.address);
    changes.push_back(change);
  });
  EXPECT_EQ(machine.read(chunk, 1).error().code, Errc::not_found);
  EXPECT_EQ(machine.store->usage().quarantined, 1U);
  EXPECT_EQ(machine.clock.run(machine.store->salvage(chunk.address)).error().code, Errc::not_found);
  ASSERT_EQ(machine.begin(chunk)->size(), 4U);
  EXPECT_EQ(*machine.clock.run(machine.store->salvage(chunk.address)), std::vector<std::uint32_t>{2});
  ASSERT_TRUE(machine.put_segment(chunk, 2));
  ASSERT_TRUE(machine.commit(chunk));
  machine.expect_readable(chunk);
  machine.disk->content(path_of(chunk))[9] ^= 0x10;
  EXPECT_FALSE(machine.describe(chunk));
  ASSERT_TRUE(machine.keep(chunk));
  machine.expect_books_balance();
  using enum ChunkStore::Change;
  EXPECT_EQ(changes, (std::vector{kept, lost, kept}));
}

TEST_F(ChunkStoreDamage, NoticesByTheNamesAloneWhatHasGoneOrHasAnotherSize) {
  const TestChunk gone = make_chunk(1, 1);
  const TestChunk cut = make_chunk(2, 1);
  const TestChunk whole = make_chunk(3, 1);
  for (const TestChunk* chunk : {&gone, &cut, &whole}) ASSERT_TRUE(machine.keep(*chunk));
  ASSERT_TRUE(machine.disk->remove(path_of(gone)));
  machine.disk->content(path_of(cut)).resize(5000);
  for (unsigned folder = 0; folder < 256; ++folder) {
    ASSERT_TRUE(machine.clock.run(machine.store->check_names(folder)));
  }
  EXPECT_FALSE(machine.holds(gone));
  EXPECT_FALSE(machine.holds(cut));
  EXPECT_EQ(machine.store->usage().damaged, 1U);
  machine.expect_readable(whole);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, IsReadThroughByTheScrubWhichGoesOnWhereItWasStopped) {
  std::vector<TestChunk> chunks;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) chunks.push_back(make_chunk(seed, 2));
  for (const TestChunk& chunk : chunks) ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunks[4]))[4096 + 65536] ^= 1;
  machine.disk->content(path_of(chunks[9]))[4096] ^= 1;
  ASSERT_TRUE(machine.read(chunks[6], 0)) << "so that its leaves are known";
  machine.disk->content(path_of(chunks[6]))[9] ^= 1;
  const Scrub::Options options{.contents_period = 10h, .names_period = 10h};
  std::uint64_t read = 0;
  for (int part = 0; part < 5; ++part) {
    Scrub scrub(machine.clock, *machine.disk, machine.workers, *machine.store, options);
    scrub.start();
    machine.clock.run_for(2h + 5min);
    read += scrub.counters().segments_read;
    EXPECT_LT(scrub.counters().segments_read, 20U) << "evenly over the period";
  }
  EXPECT_FALSE(machine.holds(chunks[4]));
  EXPECT_FALSE(machine.holds(chunks[9]));
  EXPECT_FALSE(machine.holds(chunks[6]));
  EXPECT_EQ(machine.store->usage().damaged, 3U);
  EXPECT_GE(read, 2U * 12 - 3);
  EXPECT_LE(read, 2U * 12 + 10) << "a folder that was begun is read again, and no more";
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, DoesNotBlameTheFileForAReadThatFailsOnce) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  for (std::uint64_t call = 0; call < 6; ++call) {
    machine.plan->fail_at = machine.plan->calls + call;
    const auto data = machine.read(chunk, 1);
    if (!data) EXPECT_EQ(data.error().code, Errc::io);
    machine.plan->fail_at = FaultPlan::kNever;
    EXPECT_TRUE(machine.holds(chunk));
  }
  EXPECT_EQ(machine.store->usage().quarantined, 0U);
}

TEST_F(ChunkStoreDamage, HealsAFileWithABadSector) {
  const TestChunk chunk = make_chunk(1, 2);
  for (const std::uint64_t byte : {std::uint64_t{100}, std::uint64_t{5000}, std::uint64_t{4096 + 65536}}) {
    SCOPED_TRACE(byte);
    ASSERT_TRUE(machine.keep(chunk));
    machine.disk->make_unreadable(path_of(chunk), byte);
    const auto first = machine.read(chunk, 0);
    const auto second = machine.read(chunk, 1);
    EXPECT_TRUE((!first && first.error().code == Errc::corrupt) || second.error().code == Errc::corrupt);
    EXPECT_FALSE(machine.holds(chunk));
    EXPECT_EQ(machine.store->usage().damaged, 1U);
  }
  ASSERT_TRUE(machine.keep(chunk));
  machine.expect_readable(chunk);
  EXPECT_EQ(machine.store->usage().quarantined, 3U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreDamage, BlamesNoFileWhileTheDiskGivesNothing) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  machine.plan->files_give_nothing = true;
  EXPECT_EQ(machine.read(chunk, 0).error().code, Errc::io);
  EXPECT_EQ(machine.describe(chunk).error().code, Errc::io);
  machine.plan->files_give_nothing = false;
  machine.expect_readable(chunk);
  EXPECT_EQ(machine.store->usage().quarantined, 0U);
}

TEST_F(ChunkStoreDamage, NeverServesAFlippedByte) {
  const TestChunk chunk = make_chunk(1, 1);
  ASSERT_TRUE(machine.keep(chunk));
  for (std::size_t byte = 0; byte < chunk.bytes; byte += byte < 4096 ? 61 : 1021) {
    Bytes& bytes = machine.disk->content(path_of(chunk));
    bytes[byte] ^= 0x80;
    ASSERT_EQ(machine.read(chunk, 0).error().code, Errc::corrupt) << byte;
    ASSERT_FALSE(machine.holds(chunk));
    ASSERT_TRUE(machine.keep(chunk)) << byte;
    ASSERT_TRUE(machine.disk->remove("chunks/quarantine/" + to_hex(chunk.address.view())));
  }
}

}  // namespace
}  // namespace peerstore::store
