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

TEST_F(ChunkStoreTest, FindsFilesOfTheWrongSizeDamagedWhenItOpens) {
  const TestChunk longer = make_chunk(1, 1);
  const TestChunk shorter = make_chunk(2, 2);
  ASSERT_TRUE(machine.keep(longer));
  ASSERT_TRUE(machine.keep(shorter));
  machine.disk->content(path_of(longer)).push_back(0);
  machine.disk->content(path_of(shorter)).resize(70'000);
  machine.open();
  EXPECT_EQ(machine.store->usage().chunks, 0U);
  EXPECT_EQ(machine.store->usage().damaged, 2U);
  EXPECT_TRUE(machine.read(longer, 0));
  EXPECT_TRUE(machine.read(shorter, 0));
  EXPECT_EQ(machine.read(shorter, 1).error().code, Errc::corrupt);
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
