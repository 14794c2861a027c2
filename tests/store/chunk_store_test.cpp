#include <peerstore/runtime/combine.hpp>
#include <store/test_machine.hpp>

namespace peerstore::store {
namespace {

class ChunkStoreTest : public testing::Test {
 protected:
  ChunkStoreTest() { machine.open(); }
  TestMachine machine;
};

// ---- keeping ----

TEST_F(ChunkStoreTest, KeepsAChunkAndGivesItBack) {
  const TestChunk chunk = make_chunk(1, 3);
  ASSERT_TRUE(machine.keep(chunk));
  machine.expect_readable(chunk);
  EXPECT_EQ(machine.store->find(chunk.address)->header.owner, kOwner);
  EXPECT_EQ(machine.store->usage().held, chunk.bytes);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, SyncsTheFileRenamesItSyncsTheFolderAndOnlyThenWritesTheRow) {
  const TestChunk chunk = make_chunk(1, 1);
  machine.plan->log.clear();
  ASSERT_TRUE(machine.keep(chunk));
  const std::string name = to_hex(chunk.address.view());
  const std::string incoming = "chunks/incoming/" + name;
  const std::string folder = "chunks/" + name.substr(0, 2);
  const std::vector<std::string> expected = {"create " + incoming,
                                             "write " + incoming,
                                             "write " + incoming,
                                             "make_folder " + folder,
                                             "sync_folder chunks",
                                             "sync " + incoming,
                                             "rename " + incoming + ' ' + path_of(chunk),
                                             "sync_folder " + folder,
                                             "facts"};
  EXPECT_EQ(machine.plan->log, expected);
}

TEST_F(ChunkStoreTest, IsAskedForNothingMoreWhenTheChunkIsHeld) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  const auto missing = machine.begin(chunk);
  ASSERT_TRUE(missing);
  EXPECT_TRUE(missing->empty());
  EXPECT_TRUE(machine.put_segment(chunk, 1));
  EXPECT_TRUE(machine.commit(chunk));
  EXPECT_EQ(machine.store->usage().chunks, 1U);
}

TEST_F(ChunkStoreTest, GoesOnWhereAnotherLinkLeftOff) {
  const TestChunk chunk = make_chunk(1, 4);
  ASSERT_TRUE(machine.begin(chunk));
  ASSERT_TRUE(machine.put_segment(chunk, 2));
  EXPECT_EQ(*machine.begin(chunk), (std::vector<std::uint32_t>{0, 1, 3}));
  EXPECT_TRUE(machine.keep(chunk));
  machine.expect_readable(chunk);
}

TEST_F(ChunkStoreTest, LetsTwoLinksSendTheSameChunkAtOnce) {
  const TestChunk chunk = make_chunk(1, 4);
  std::vector<Task<Result<std::vector<std::uint32_t>>>> begins;
  begins.push_back(machine.store->begin(chunk.held(), {}));
  begins.push_back(machine.store->begin(chunk.held(), {}));
  for (const auto& missing : machine.clock.run(when_all(machine.clock, std::move(begins)))) {
    ASSERT_TRUE(missing);
    EXPECT_EQ(missing->size(), 4U);
  }
  EXPECT_EQ(machine.store->usage().promised, chunk.bytes);

  std::vector<Task<Result<void>>> rest;
  for (std::uint32_t i = 0; i < 4; ++i) {
    rest.push_back(machine.store->put_segment(chunk.address, i, chunk.segments[i]));
    rest.push_back(machine.store->put_segment(chunk.address, 3 - i, chunk.segments[3 - i]));
  }
  rest.push_back(machine.store->commit(chunk.address));
  rest.push_back(machine.store->commit(chunk.address));
  for (const auto& done : machine.clock.run(when_all(machine.clock, std::move(rest)))) EXPECT_TRUE(done);
  machine.expect_readable(chunk);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, RefusesASegmentThatIsNotWhatWasAnnounced) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.begin(chunk));
  const auto wrong = machine.clock.run(machine.store->put_segment(chunk.address, 0, chunk.segments[1]));
  EXPECT_EQ(wrong.error().code, Errc::corrupt);
  // Nothing is lost by it: the right one is still welcome.
  EXPECT_TRUE(machine.keep(chunk));
  machine.expect_readable(chunk);
}

TEST_F(ChunkStoreTest, RefusesWhatBreaksTheRules) {
  const TestChunk chunk = make_chunk(1, 2);
  EXPECT_EQ(machine.put_segment(chunk, 0).error().code, Errc::not_found);
  EXPECT_EQ(machine.commit(chunk).error().code, Errc::not_found);
  ASSERT_TRUE(machine.begin(chunk));
  const auto beyond = machine.clock.run(machine.store->put_segment(chunk.address, 2, chunk.segments[0]));
  EXPECT_EQ(beyond.error().code, Errc::invalid);
  const SharedBytes half = chunk.segments[0].slice(0, wire::kSegmentBytes / 2);
  EXPECT_EQ(machine.clock.run(machine.store->put_segment(chunk.address, 0, half)).error().code,
            Errc::invalid);
  EXPECT_EQ(machine.commit(chunk).error().code, Errc::invalid);

  TestChunk broken = make_chunk(2, 2);
  broken.description.leaves.pop_back();
  EXPECT_EQ(machine.begin(broken).error().code, Errc::invalid);
  broken.description.header.segments = 0;
  broken.description.leaves.clear();
  EXPECT_EQ(machine.begin(broken).error().code, Errc::invalid);
  broken = make_chunk(2, 1);
  broken.description.header.chunk_class = wire::kClasses;
  EXPECT_EQ(machine.begin(broken).error().code, Errc::invalid);
  broken.description.header.chunk_class = 0;
  broken.description.header.segments = 1U << 31;
  EXPECT_EQ(machine.begin(broken).error().code, Errc::invalid);
}

TEST_F(ChunkStoreTest, WalksTheChunksInOrderOfPlacementKeyAndStopsWhenTold) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) ASSERT_TRUE(machine.keep(make_chunk(seed, 1)));
  machine.expect_books_balance();
  int visited = 0;
  ASSERT_TRUE(machine.store->for_each([&](const ChunkFacts&) { return ++visited < 3; }));
  EXPECT_EQ(visited, 3);
}

TEST_F(ChunkStoreTest, RemovesAChunkForGood) {
  const TestChunk chunk = make_chunk(1, 1);
  EXPECT_EQ(machine.remove(chunk).error().code, Errc::not_found);
  ASSERT_TRUE(machine.keep(chunk));
  ASSERT_TRUE(machine.remove(chunk));
  EXPECT_FALSE(machine.holds(chunk));
  EXPECT_EQ(machine.read(chunk, 0).error().code, Errc::not_found);
  EXPECT_EQ(machine.store->usage().held, 0U);
  const auto found = machine.after_crash(Unsynced::dropped, Unsynced::dropped, 0);
  found->open();
  EXPECT_FALSE(found->holds(chunk));
  EXPECT_EQ(found->disk->bytes_below("chunks"), 0U);
  EXPECT_TRUE(machine.keep(chunk));
  machine.expect_readable(chunk);
}

// ---- room ----

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
  machine.clock.run_for(3min);
  ASSERT_TRUE(machine.begin(make_chunk(2, 1)));
  EXPECT_EQ(machine.begin(make_chunk(3, 1)).error().code, Errc::busy);
  machine.clock.run_for(2min);
  ASSERT_TRUE(machine.begin(make_chunk(3, 1)));
  EXPECT_TRUE(machine.put_segment(make_chunk(2, 1), 0));
  EXPECT_EQ(machine.put_segment(make_chunk(1, 1), 0).error().code, Errc::not_found);
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

// ---- damage ----

TEST_F(ChunkStoreTest, SetsADamagedFileAsideAndNoLongerHoldsIt) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk))[4096 + 65536] ^= 0x10;
  EXPECT_TRUE(machine.read(chunk, 0)) << "the other segments can still be read";
  const auto bad = machine.read(chunk, 1);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::corrupt);
  EXPECT_FALSE(machine.holds(chunk));
  EXPECT_EQ(machine.store->usage().quarantined, 1U);
  EXPECT_EQ(machine.read(chunk, 0).error().code, Errc::not_found);
  machine.expect_books_balance();

  // It can be repaired, and damaged again: both bad files are kept.
  ASSERT_TRUE(machine.keep(chunk));
  machine.expect_readable(chunk);
  machine.disk->content(path_of(chunk))[0] ^= 1;
  EXPECT_EQ(machine.describe(chunk).error().code, Errc::corrupt);
  EXPECT_EQ(machine.store->usage().quarantined, 2U);
  machine.open();
  EXPECT_EQ(machine.store->usage().quarantined, 2U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, SetsADamagedFileAsideOnceWhenManyReadIt) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk)).resize(70'000);
  std::vector<Task<Result<SharedBytes>>> reads;
  for (std::uint32_t i = 0; i < 6; ++i) reads.push_back(machine.store->read_segment(chunk.address, i % 2));
  for (const auto& data : machine.clock.run(when_all(machine.clock, std::move(reads)))) EXPECT_FALSE(data);
  EXPECT_EQ(machine.store->usage().quarantined, 1U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, ForgetsAChunkWhoseFileHasGone) {
  const TestChunk chunk = make_chunk(1, 1);
  ASSERT_TRUE(machine.keep(chunk));
  ASSERT_TRUE(machine.disk->remove(path_of(chunk)));
  EXPECT_EQ(machine.read(chunk, 0).error().code, Errc::not_found);
  EXPECT_FALSE(machine.holds(chunk));
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, SalvagesWhatIsStillGoodOfAFileInQuarantine) {
  const TestChunk chunk = make_chunk(1, 4);
  std::vector<ChunkStore::Change> changes;
  machine.store->on_change([&](const ChunkFacts& facts, ChunkStore::Change change) {
    EXPECT_EQ(facts.address, chunk.address);
    changes.push_back(change);
  });
  ASSERT_TRUE(machine.keep(chunk));
  machine.disk->content(path_of(chunk))[4096 + 2 * 65536] ^= 0x10;
  machine.disk->content(path_of(chunk))[9] ^= 0x10;  // and the head
  EXPECT_EQ(machine.read(chunk, 2).error().code, Errc::corrupt);
  EXPECT_EQ(machine.clock.run(machine.store->salvage(chunk.address)).error().code, Errc::not_found);
  ASSERT_EQ(machine.begin(chunk)->size(), 4U);
  EXPECT_EQ(*machine.clock.run(machine.store->salvage(chunk.address)), std::vector<std::uint32_t>{2});
  ASSERT_TRUE(machine.put_segment(chunk, 2));
  ASSERT_TRUE(machine.commit(chunk));
  machine.expect_readable(chunk);
  machine.expect_books_balance();
  using enum ChunkStore::Change;
  EXPECT_EQ(changes, (std::vector{kept, lost, kept}));
}

TEST_F(ChunkStoreTest, NoticesByTheNamesAloneWhatHasGoneOrHasAnotherSize) {
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
  EXPECT_EQ(machine.store->usage().quarantined, 1U);
  machine.expect_readable(whole);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, IsReadThroughByTheScrubWhichGoesOnWhereItWasStopped) {
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
  EXPECT_EQ(machine.store->usage().quarantined, 3U);
  EXPECT_GE(read, 2U * 12 - 3);
  EXPECT_LE(read, 2U * 12 + 10) << "a folder that was begun is read again, and no more";
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, DoesNotBlameTheFileForAReadThatFailsOnce) {
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

TEST_F(ChunkStoreTest, SetsAFileWithABadSectorAside) {
  const TestChunk chunk = make_chunk(1, 2);
  for (const std::uint64_t byte : {std::uint64_t{100}, std::uint64_t{5000}, std::uint64_t{4096 + 65536}}) {
    SCOPED_TRACE(byte);
    ASSERT_TRUE(machine.keep(chunk));
    machine.disk->make_unreadable(path_of(chunk), byte);
    const auto first = machine.read(chunk, 0);
    const auto second = machine.read(chunk, 1);
    EXPECT_TRUE((!first && first.error().code == Errc::corrupt) || second.error().code == Errc::corrupt);
    EXPECT_FALSE(machine.holds(chunk));
  }
  EXPECT_EQ(machine.store->usage().quarantined, 3U);
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, BlamesNoFileWhileTheDiskGivesNothing) {
  const TestChunk chunk = make_chunk(1, 2);
  ASSERT_TRUE(machine.keep(chunk));
  machine.plan->files_give_nothing = true;
  EXPECT_EQ(machine.read(chunk, 0).error().code, Errc::io);
  EXPECT_EQ(machine.describe(chunk).error().code, Errc::io);
  machine.plan->files_give_nothing = false;
  machine.expect_readable(chunk);
  EXPECT_EQ(machine.store->usage().quarantined, 0U);
}

TEST_F(ChunkStoreTest, NeverServesAFlippedByte) {
  const TestChunk chunk = make_chunk(1, 1);
  ASSERT_TRUE(machine.keep(chunk));
  for (std::size_t byte = 0; byte < chunk.bytes; byte += byte < 4096 ? 61 : 1021) {
    Bytes& bytes = machine.disk->content(path_of(chunk));
    bytes[byte] ^= 0x80;
    ASSERT_EQ(machine.read(chunk, 0).error().code, Errc::corrupt) << byte;
    ASSERT_FALSE(machine.holds(chunk));
    ASSERT_TRUE(machine.disk->remove("chunks/quarantine/" + to_hex(chunk.address.view())));
    ASSERT_TRUE(machine.keep(chunk)) << byte;
  }
}

// ---- opening again ----

TEST_F(ChunkStoreTest, FindsEverythingAgainAfterACleanStop) {
  std::vector<TestChunk> chunks;
  for (std::uint64_t seed = 0; seed < 5; ++seed) chunks.push_back(make_chunk(seed, 1 + seed % 3));
  for (const TestChunk& chunk : chunks) ASSERT_TRUE(machine.keep(chunk));
  machine.plan->log.clear();
  machine.open();
  for (const TestChunk& chunk : chunks) machine.expect_readable(chunk);
  machine.expect_books_balance();
  EXPECT_EQ(std::ranges::count(machine.plan->log, "facts"), 0) << "nothing was to be put right";
}

TEST_F(ChunkStoreTest, RebuildsTheFactsFromTheFiles) {
  std::vector<TestChunk> chunks;
  for (std::uint64_t seed = 0; seed < 5; ++seed) chunks.push_back(make_chunk(seed, 1 + seed % 3));
  for (const TestChunk& chunk : chunks) ASSERT_TRUE(machine.keep(chunk));
  machine.lose_facts();
  machine.open();
  for (const TestChunk& chunk : chunks) {
    machine.expect_readable(chunk);
    EXPECT_EQ(machine.store->find(chunk.address)->header.owner, kOwner);
  }
  machine.expect_books_balance();
}

TEST_F(ChunkStoreTest, PutsADamagedFactsDatabaseRight) {
  std::vector<TestChunk> chunks;
  for (std::uint64_t seed = 0; seed < 6; ++seed) chunks.push_back(make_chunk(seed, 1));
  for (const TestChunk& chunk : chunks) ASSERT_TRUE(machine.keep(chunk));
  SeededRandom random(1);
  for (int round = 0; round < 40; ++round) {
    auto& rows = machine.facts->rows();
    for (int i = 0; i < 3; ++i) {
      if (rows.empty()) break;
      const auto row = std::next(rows.begin(), static_cast<std::ptrdiff_t>(random.below(rows.size())));
      switch (random.below(3)) {
        case 0: rows.erase(row); break;
        case 1: row->second.resize(random.below(row->second.size() + 1)); break;
        default: rows[row->first + "x"] = "foreign"; break;
      }
    }
    machine.open();
    for (const TestChunk& chunk : chunks) ASSERT_NO_FATAL_FAILURE(machine.expect_readable(chunk));
    ASSERT_NO_FATAL_FAILURE(machine.expect_books_balance());
  }
}

TEST_F(ChunkStoreTest, IgnoresForeignFilesAndSetsImpostorsAside) {
  const TestChunk chunk = make_chunk(1, 1);
  const TestChunk other = make_chunk(2, 1);
  ASSERT_TRUE(machine.keep(chunk));
  const std::string folder = path_of(chunk).substr(0, 9);
  machine.disk->plant(folder + "/README", Bytes{1, 2, 3});
  machine.disk->plant("chunks/lost+found", Bytes{});
  machine.disk->plant("chunks/incoming/left over", Bytes(100));
  ASSERT_TRUE(machine.disk->make_folder("chunks/zz"));
  // One chunk's bytes under another's name, an empty file, and a name in a folder that is not its own.
  ASSERT_TRUE(machine.disk->make_folder(path_of(other).substr(0, 9)));
  machine.disk->plant(path_of(other), machine.disk->content(path_of(chunk)));
  machine.disk->plant(path_of(chunk).substr(0, 73) + (path_of(chunk).back() == 'f' ? 'e' : 'f'), Bytes{});
  ASSERT_TRUE(machine.disk->make_folder("chunks/00"));
  machine.disk->plant("chunks/00/" + to_hex(chunk.address.view()), machine.disk->content(path_of(chunk)));

  machine.open();
  EXPECT_TRUE(machine.disk->exists(folder + "/README"));
  EXPECT_FALSE(machine.disk->exists("chunks/incoming/left over"));
  EXPECT_EQ(machine.store->usage().chunks, 1U);
  EXPECT_EQ(machine.store->usage().quarantined, 2U);
  EXPECT_FALSE(machine.holds(other));
  machine.expect_readable(chunk);
}

TEST_F(ChunkStoreTest, SetsFilesOfTheWrongSizeAsideWhenItOpens) {
  const TestChunk longer = make_chunk(1, 1);
  const TestChunk shorter = make_chunk(2, 2);
  ASSERT_TRUE(machine.keep(longer));
  ASSERT_TRUE(machine.keep(shorter));
  machine.disk->content(path_of(longer)).push_back(0);
  machine.disk->content(path_of(shorter)).resize(70'000);
  machine.open();
  EXPECT_EQ(machine.store->usage().chunks, 0U);
  EXPECT_EQ(machine.store->usage().quarantined, 2U);
  machine.expect_books_balance();
}

// ---- callers that go away ----

// A link breaks after every possible number of steps of the loop, in each of the calls.
TEST(ChunkStoreCancellation, LeavesTheBooksRightWhereverACallIsDropped) {
  const TestChunk chunk = make_chunk(1, 1);
  for (int call = 0; call < 4; ++call) {
    for (int steps = 0; steps < 6; ++steps) {
      SCOPED_TRACE(testing::Message() << "call " << call << " dropped after " << steps << " steps");
      TestMachine machine;
      machine.open();
      if (call > 0) ASSERT_TRUE(machine.begin(chunk));
      if (call > 1) ASSERT_TRUE(machine.put_segment(chunk, 0));
      if (call > 2) ASSERT_TRUE(machine.commit(chunk));
      {
        TaskScope link(machine.clock);
        std::optional<Result<std::vector<std::uint32_t>>> missing;
        std::optional<Result<void>> done;
        ChunkStore& store = *machine.store;
        if (call == 0) link.spawn(world::detail::keep(store.begin(chunk.held(), {}), missing));
        if (call == 1)
          link.spawn(world::detail::keep(store.put_segment(chunk.address, 0, chunk.segments[0]), done));
        if (call == 2) link.spawn(world::detail::keep(store.commit(chunk.address), done));
        if (call == 3) link.spawn(world::detail::keep(store.remove(chunk.address), done));
        for (int i = 0; i < steps; ++i) machine.clock.step();
      }
      machine.clock.run_for(1s);
      machine.expect_books_balance();
      ASSERT_TRUE(machine.keep(chunk));
      machine.expect_readable(chunk);
      machine.expect_books_balance();
      EXPECT_EQ(machine.store->usage().promised, 0U);
    }
  }
}

TEST(ChunkStoreCancellation, MayBeStoppedWhileItIsBusy) {
  for (int steps = 0; steps < 8; ++steps) {
    TestMachine machine;
    machine.open();
    const TestChunk chunk = make_chunk(1, 1);
    ASSERT_TRUE(machine.begin(chunk));
    ASSERT_TRUE(machine.put_segment(chunk, 0));
    {
      TaskScope link(machine.clock);
      std::optional<Result<void>> first;
      std::optional<Result<void>> second;
      link.spawn(world::detail::keep(machine.store->commit(chunk.address), first));
      link.spawn(world::detail::keep(machine.store->remove(chunk.address), second));
      for (int i = 0; i < steps; ++i) machine.clock.step();
    }
    machine.open();
    machine.expect_books_balance();
  }
}

}  // namespace
}  // namespace peerstore::store
