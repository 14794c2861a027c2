// The space given: what is counted, promised, and given back.
#include <store/test_machine.hpp>

namespace peerstore::store {
namespace {

TEST(ChunkStoreRoom, CountsReservationsWritesHeldChunksAndQuarantine) {
  const TestChunk a = make_chunk(1, 1);
  const TestChunk b = make_chunk(2, 1);
  TestMachine machine({.capacity = 2 * a.bytes});
  machine.open();
  ASSERT_TRUE(machine.keep(a));
  ASSERT_TRUE(machine.begin(b));
  EXPECT_EQ(machine.store->reserve(1).error().code, Errc::full);
  EXPECT_EQ(machine.begin(make_chunk(3, 1)).error().code, Errc::full);
  machine.disk->content(path_of(a))[5000] ^= 1;
  EXPECT_EQ(machine.read(a, 0).error().code, Errc::corrupt);
  EXPECT_EQ(machine.store->reserve(1).error().code, Errc::full);
  machine.expect_books_balance();
}

TEST(ChunkStoreRoom, KeepsWhatItReserved) {
  const TestChunk a = make_chunk(1, 1);
  TestMachine machine({.capacity = a.bytes});
  machine.open();
  const auto reservation = machine.store->reserve(a.bytes);
  ASSERT_TRUE(reservation);
  EXPECT_EQ(machine.begin(make_chunk(2, 1)).error().code, Errc::full);
  EXPECT_TRUE(machine.begin(a, *reservation));
  EXPECT_EQ(machine.store->usage().promised, a.bytes);
}

TEST(ChunkStoreRoom, GivesUpIdleWritesWhenTheirRoomIsNeeded) {
  const TestChunk a = make_chunk(1, 1);
  const TestChunk b = make_chunk(2, 1);
  TestMachine machine({.capacity = a.bytes});
  machine.open();
  ASSERT_TRUE(machine.begin(a));
  ASSERT_TRUE(machine.put_segment(a, 0));
  machine.clock.run_for(5min - 1s);
  EXPECT_EQ(machine.begin(b).error().code, Errc::full);
  machine.clock.run_for(1s);
  ASSERT_TRUE(machine.begin(b));
  EXPECT_EQ(machine.disk->files_below("chunks/incoming").size(), 1U);
  EXPECT_EQ(machine.commit(a).error().code, Errc::not_found);
  machine.clock.run_for(5min);
  EXPECT_TRUE(machine.store->reserve(a.bytes));
  machine.expect_books_balance();
}

TEST(ChunkStoreRoom, GivesUpIdleWritesWhenTheirSlotIsNeeded) {
  TestMachine machine({.capacity = 1 << 30, .writes_at_once = 2});
  machine.open();
  ASSERT_TRUE(machine.begin(make_chunk(1, 1)));
  machine.clock.run_for(40s);
  ASSERT_TRUE(machine.begin(make_chunk(2, 1)));
  EXPECT_EQ(machine.begin(make_chunk(3, 1)).error().code, Errc::busy);
  machine.clock.run_for(20s);
  ASSERT_TRUE(machine.begin(make_chunk(3, 1)));
  EXPECT_TRUE(machine.put_segment(make_chunk(2, 1), 0));
  EXPECT_EQ(machine.put_segment(make_chunk(1, 1), 0).error().code, Errc::not_found);
}

TEST(ChunkStoreRoom, GivesUpIdleWritesInTimeWhoeverNeedsTheirRoom) {
  TestMachine machine;
  machine.open();
  ASSERT_TRUE(machine.begin(make_chunk(1, 16)));
  machine.clock.run_for(4min);
  ASSERT_TRUE(machine.clock.run(machine.store->sweep_trash()));
  EXPECT_GT(machine.store->usage().promised, 0U);
  machine.clock.run_for(1min);
  ASSERT_TRUE(machine.clock.run(machine.store->sweep_trash()));
  EXPECT_EQ(machine.store->usage().promised, 0U);
  EXPECT_TRUE(machine.disk->files_below("chunks/incoming").empty());
  machine.expect_books_balance();
}

TEST(ChunkStoreRoom, LetsNobodyKeepAllOthersFromWriting) {
  TestMachine machine({.capacity = 1 << 30, .writes_at_once = 8});
  machine.open();
  const auto of_other = [](std::uint64_t seed) {
    TestChunk chunk = make_chunk(seed, 1);
    chunk.description.header.owner = kOwner + 1;
    return chunk;
  };
  for (std::uint64_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(machine.begin(make_chunk(10 + i, 1)));
    machine.clock.run_for(1s);
  }
  EXPECT_EQ(machine.begin(make_chunk(20, 1)).error().code, Errc::busy) << "it has them all itself";
  ASSERT_TRUE(machine.begin(of_other(30)));
  ASSERT_TRUE(machine.begin(of_other(31)));
  EXPECT_EQ(machine.begin(of_other(32)).error().code, Errc::busy) << "that would be more than its share";
  EXPECT_EQ(machine.put_segment(make_chunk(10, 1), 0).error().code, Errc::not_found) << "the oldest went";
  EXPECT_EQ(machine.put_segment(make_chunk(11, 1), 0).error().code, Errc::not_found);
  EXPECT_TRUE(machine.put_segment(make_chunk(12, 1), 0));
  machine.expect_books_balance();
}

TEST(ChunkStoreRoom, TakesNobodysPlaceForWhatItDoesNotTake) {
  TestMachine machine({.capacity = 1 << 30, .writes_at_once = 8});
  machine.open();
  for (std::uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(machine.begin(make_chunk(10 + i, 1)));
  TestChunk chunk = make_chunk(30, 1);
  chunk.description.header.owner = kOwner + 1;
  const ChunkStore::Terms over_quota{.owner_bytes_max = 1};
  EXPECT_EQ(machine.clock.run(machine.store->begin(chunk.held(), over_quota)).error().code, Errc::over_quota);
  for (std::uint64_t i = 0; i < 8; ++i) EXPECT_TRUE(machine.put_segment(make_chunk(10 + i, 1), 0));
  machine.expect_books_balance();
}

TEST(ChunkStoreRoom, GrantsNothingAfterTheOwnerTookSpaceBack) {
  TestMachine machine;
  machine.open();
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  TestMachine smaller({.capacity = 1000});
  smaller.disk = machine.disk->after_crash(*smaller.plan, Unsynced::kept, Unsynced::kept);
  smaller.open();
  smaller.expect_readable(chunk);
  EXPECT_EQ(smaller.store->usage().room, 0U);
  EXPECT_EQ(smaller.store->reserve(1).error().code, Errc::full);
}

TEST(ChunkStoreRoom, PromisesNoMoreThanTheDiskHasFreeAndLeavesAPartOfItAlone) {
  const TestChunk held = make_chunk(1, 16);
  TestMachine machine({.capacity = 100ULL << 30});
  machine.open();
  ASSERT_TRUE(machine.keep(held));
  const auto with_free = [&](std::uint64_t total, std::uint64_t free) {
    machine.disk->set_space({total, free});
    EXPECT_TRUE(machine.clock.run(machine.store->measure_disk()));
    return machine.store->usage();
  };
  const ChunkStore::Usage usage = with_free(1ULL << 40, 5ULL << 30);
  EXPECT_EQ(usage.given, 100ULL << 30);
  EXPECT_EQ(usage.capacity, held.bytes + (4ULL << 30)) << "a GiB stays free";
  EXPECT_EQ(usage.room, (4ULL << 30) - CapacityLedger::kSpareBytes);
  EXPECT_EQ(with_free(64 << 20, 32 << 20).room, (32ULL << 20) - (64ULL << 20) / 20) << "or a twentieth";
  const TestChunk more = make_chunk(2, 16);
  EXPECT_EQ(with_free(64 << 20, 4 << 20).room, (4ULL << 20) - (64ULL << 20) / 20);
  EXPECT_EQ(machine.begin(more).error().code, Errc::full);
  EXPECT_EQ(with_free(64 << 20, 0).room, 0U);
  machine.expect_readable(held);
  // Somebody else's files went.
  with_free(1ULL << 40, 500ULL << 30);
  EXPECT_TRUE(machine.keep(more));
  EXPECT_EQ(machine.store->usage().capacity, 100ULL << 30);
  machine.expect_books_balance();
  // It is found out when the store opens, too.
  machine.disk->set_space({1ULL << 40, 1ULL << 30});
  machine.open();
  EXPECT_EQ(machine.store->usage().room, 0U);
}

// Workers for which everything takes ten minutes.
class SlowWorkers final : public Workers {
 public:
  explicit SlowWorkers(Clock& clock) : clock_(clock) {}
  void submit(Job& job) override {
    auto* completion = new Completion(job);
    job.ticket = completion;
    clock_.arm(*completion, clock_.now() + 10min);
  }
  void cancel(Job& job) override { delete static_cast<Completion*>(job.ticket); }

 private:
  struct Completion final : Timer {
    explicit Completion(Job& work) : job(work) {}
    void fire() override {
      Job& done = job;
      delete this;
      done.execute();
      done.complete();
    }
    Job& job;
  };
  Clock& clock_;
};

TEST(ChunkStoreRoom, DoesNotGiveUpAWriteThatIsOnlySlow) {
  const TestChunk chunk = make_chunk(1, 1);
  TestMachine machine;
  SlowWorkers slow(machine.clock);
  const ChunkStore::Options options{.capacity = chunk.bytes};
  auto opened =
      machine.clock.run(ChunkStore::open(machine.clock, *machine.disk, *machine.facts, slow, options), 1000h);
  ASSERT_TRUE(opened);
  machine.store = std::move(*opened);
  ASSERT_TRUE(machine.begin(chunk));
  ASSERT_TRUE(machine.put_segment(chunk, 0));
  std::optional<Result<void>> done;
  TaskScope link(machine.clock);
  link.spawn(world::detail::keep(machine.store->commit(chunk.address), done));
  machine.clock.run_for(9min);
  EXPECT_EQ(machine.store->reserve(1).error().code, Errc::full);
  machine.clock.run_for(1min);
  ASSERT_TRUE(done && *done);
  machine.store.reset();
}

}  // namespace
}  // namespace peerstore::store
