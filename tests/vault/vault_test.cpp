#include <gtest/gtest.h>
#include <peerstore/runtime/combine.hpp>
#include <peerstore/vault/cutter.hpp>
#include <peerstore/vault/vault.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <vault/memory_space.hpp>
#include <vault/random_bytes.hpp>

#include <map>

namespace peerstore::vault {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

class VaultTest : public ::testing::Test {
 protected:
  VaultTest() { reopen(); }

  void reopen() {
    vault.reset();
    vault = std::make_unique<Vault>(Vault::Environment{clock, workers, entropy, space}, secret);
  }
  // A vault that knows only what the row leads to.
  Result<std::vector<Bytes>> reload(const PackRow& newest) {
    reopen();
    return clock.run(vault->load(newest, Vault::Whose::own));
  }
  BlobId put(ByteView content, BlobKind kind = BlobKind::data) {
    const BlobId id = blob_id(vault->keys(), kind, content);
    const auto done = clock.run(vault->put(kind, id, content, content.size()));
    EXPECT_TRUE(done) << done.error().message();
    return id;
  }
  PackRow write_index(std::vector<Bytes> records = {}) {
    const auto row = clock.run(vault->write_index(std::move(records)));
    EXPECT_TRUE(row && *row);
    return **row;
  }
  bool flush() { return clock.run(vault->flush()).has_value(); }
  bool has(const BlobId& id, ByteView content, BlobKind kind = BlobKind::data) {
    const auto got = clock.run(vault->get(kind, id));
    if (!got) ADD_FAILURE() << got.error().message();
    return got && std::ranges::equal(got->view(), content);
  }

  world::VirtualClock clock;
  world::InlineWorkers workers{clock};
  SeededEntropy entropy{1};
  SeededRandom random{1};
  crypto::SecretKey secret = entropy.make<crypto::SecretKey>();
  MemorySpace space{clock};
  std::unique_ptr<Vault> vault;
};

TEST_F(VaultTest, GivesBackWhatWasPutWithNothingButTheRowOfTheIndex) {
  std::map<BlobId, Bytes> contents;
  for (const std::size_t size : {1ul, 16ul, 127ul, 128ul, 129ul, 65519ul, 65520ul, 65521ul, 327599ul,
                                 327600ul, 327601ul, kMiB - 1, kMiB, kMiB + 1, kBlobBytesMax}) {
    const Bytes content = random_bytes(random, size);
    contents.emplace(put(content), content);
  }
  ASSERT_TRUE(flush());
  const PackRow newest = write_index();
  ASSERT_TRUE(reload(newest));
  for (const auto& [id, content] : contents) EXPECT_TRUE(has(id, content)) << content.size();
}

TEST_F(VaultTest, StoresEqualContentOnceAlsoAfterItWasFoundAgain) {
  const Bytes content = random_bytes(random, 300'000);
  const BlobId id = put(content);
  EXPECT_EQ(put(content), id);
  ASSERT_TRUE(flush());
  const PackRow newest = write_index();
  const std::uint64_t puts = space.puts;
  EXPECT_EQ(puts, 10u);  // one pack and one index pack
  ASSERT_TRUE(reload(newest));
  vault->begin_run([] {});
  put(content);
  ASSERT_TRUE(flush());
  EXPECT_EQ(space.puts, puts);
  EXPECT_EQ(vault->figures().bytes_new, 0u);
  EXPECT_EQ(vault->figures().bytes_safe, content.size());
}

TEST_F(VaultTest, FilesAndListingsOfEqualContentAreDifferentBlobs) {
  const Bytes content = random_bytes(random, 1000);
  EXPECT_NE(put(content), put(content, BlobKind::tree));
}

TEST_F(VaultTest, PacksOfALargeFileAreAlmostFull) {
  const Cutter cutter(vault->keys());
  const Bytes file = random_bytes(random, 64 * kMiB);
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t size = cutter.next(ByteView(file).subspan(at));
    put(ByteView(file).subspan(at, size));
    at += size;
  }
  const std::uint64_t sent = space.bytes();
  ASSERT_TRUE(flush());
  EXPECT_GT(sent, 40 * kMiB);
  EXPECT_LT(space.bytes(), file.size() * 103 / 100 + 3 * kMiB);
}

TEST_F(VaultTest, TakesBlobsFromSeveralAtOnceAndStoresEqualOnesOnce) {
  std::vector<Bytes> contents;
  for (int i = 0; i < 12; ++i) contents.push_back(random_bytes(random, kMiB));
  std::vector<Task<Result<void>>> puts;
  for (int caller = 0; caller < 4; ++caller) {
    std::vector<NewBlob> blobs;
    for (const Bytes& content : contents) {
      blobs.push_back({BlobKind::data, blob_id(vault->keys(), BlobKind::data, content), content, kMiB});
    }
    puts.push_back(vault->put(std::move(blobs)));
  }
  for (const auto& done : clock.run(when_all(clock, std::move(puts)))) EXPECT_TRUE(done);
  ASSERT_TRUE(flush());
  EXPECT_EQ(vault->figures().bytes_new, 12 * kMiB);
  EXPECT_EQ(vault->figures().bytes_safe, 4 * 12 * kMiB);
  for (const Bytes& content : contents) {
    EXPECT_TRUE(has(blob_id(vault->keys(), BlobKind::data, content), content));
  }
}

TEST_F(VaultTest, ABlobWhoseKeeperWasStoppedIsKeptByTheNext) {
  std::vector<Bytes> contents;
  std::vector<NewBlob> blobs;
  for (int i = 0; i < 60; ++i) contents.push_back(random_bytes(random, kMiB));
  for (const Bytes& content : contents) {
    blobs.push_back({BlobKind::data, blob_id(vault->keys(), BlobKind::data, content), content, 0});
  }
  {
    TaskScope scope(clock);
    auto stopped = vault->put(blobs);
    std::optional<Result<void>> ended;
    scope.spawn(world::detail::keep(std::move(stopped), ended));
    ASSERT_FALSE(ended);  // it waits for packs to be stored
  }
  ASSERT_TRUE(clock.run(vault->put(blobs)));
  ASSERT_TRUE(flush());
  for (std::size_t i = 0; i < contents.size(); ++i) EXPECT_TRUE(has(blobs[i].id, contents[i]));
}

TEST_F(VaultTest, EveryPackIsInAllFiveClassesEvenForOneByte) {
  put(Bytes{7});
  ASSERT_TRUE(flush());
  write_index();
  std::map<ring::Id, std::set<std::uint8_t>> classes;
  for (const auto& [address, stored] : space.chunks) {
    classes[stored.description.header.placement_key].insert(stored.description.header.chunk_class);
    EXPECT_EQ(stored.segments.size(), 1u);
  }
  EXPECT_EQ(classes.size(), 2u);
  for (const auto& [key, found] : classes) EXPECT_EQ(found.size(), wire::kClasses);
}

TEST_F(VaultTest, CompressesWhatPaysAndGivesItBack) {
  Bytes text;
  while (text.size() < 3 * kMiB) {
    const std::string line = "line " + std::to_string(random.below(1000)) + " of a long file\n";
    text.insert(text.end(), line.begin(), line.end());
  }
  const BlobId id = put(text);
  const Bytes noise = random_bytes(random, 100'000);
  const BlobId other = put(noise);
  ASSERT_TRUE(flush());
  EXPECT_EQ(vault->figures().bytes_new, text.size() + noise.size());
  EXPECT_GE(vault->figures().bytes_stored, noise.size());
  EXPECT_LE(vault->figures().bytes_stored, noise.size() + text.size() / 4);
  EXPECT_LE(space.bytes(), 4 * kMiB);
  const PackRow newest = write_index();
  ASSERT_TRUE(reload(newest));
  EXPECT_TRUE(has(id, text));
  EXPECT_TRUE(has(other, noise));
}

TEST_F(VaultTest, KeepsOnlyAFewPacksUnderWay) {
  for (int i = 0; i < 40; ++i) put(random_bytes(random, kMiB));
  ASSERT_TRUE(flush());
  EXPECT_LE(space.puts_at_once_most, 3 * wire::kClasses);
  EXPECT_GT(space.puts_at_once_most, wire::kClasses);
}

TEST_F(VaultTest, CountsSafeOnlyWithEveryCopy) {
  space.set_awake(0, false);
  space.set_awake(1, false);
  space.set_awake(2, false);
  put(random_bytes(random, 1000));
  ASSERT_TRUE(flush());
  EXPECT_EQ(vault->figures().bytes_safe, 0u);
  EXPECT_EQ(vault->figures().copies_least, 2u);
  EXPECT_EQ(vault->figures().shortfall, "too few friends are awake");
}

TEST_F(VaultTest, MendsPacksThatHaveTooFewCopies) {
  space.set_awake(1, false);
  space.set_awake(2, false);
  space.set_awake(3, false);
  const Bytes content = random_bytes(random, 700'000);
  const BlobId id = put(content);
  ASSERT_TRUE(flush());
  const PackRow newest = write_index();
  EXPECT_EQ(newest.copies(), 2u);
  space.set_awake(2, true);
  ASSERT_TRUE(reload(newest));
  vault->begin_run([] {});
  clock.run(vault->mend());
  EXPECT_EQ(vault->figures().copies_least, 3u);
  const PackRow mended = write_index();
  ASSERT_TRUE(reload(mended));
  EXPECT_EQ(vault->index().pack(vault->index().find(id)->pack).copies(), 3u);
  space.lose_everything_of(0);
  space.lose_everything_of(4);
  const auto again = clock.run(vault->get(BlobKind::data, id));
  ASSERT_TRUE(again);
}

TEST_F(VaultTest, MendsTheOthersWhenOnePackCannotBeRead) {
  for (const std::size_t i : {1, 2, 3}) space.set_awake(i, false);
  std::vector<BlobId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(put(random_bytes(random, 5000)));
    ASSERT_TRUE(flush());
  }
  space.set_awake(2, true);
  const PackRow& first = vault->index().pack(vault->index().find(ids[0])->pack);
  space.spoil(first.addresses[2], 0, 1);
  vault->begin_run([] {});
  clock.run(vault->mend());
  for (int i = 1; i < 3; ++i) EXPECT_EQ(vault->index().pack(vault->index().find(ids[i])->pack).copies(), 3u);
  EXPECT_EQ(vault->figures().copies_least, 2u);
  EXPECT_NE(vault->figures().shortfall.find(first.name()), std::string::npos);
}

TEST_F(VaultTest, DoesNotReadTheWholeDriveToMendItWhileFriendsSleep) {
  for (std::size_t i = 0; i < 4; ++i) space.set_awake(i, false);
  space.copies_by_rule = 3;
  PackRow newest;
  for (int i = 0; i < 6; ++i) {
    put(random_bytes(random, 1000));
    ASSERT_TRUE(flush());
    newest = write_index();
  }
  ASSERT_TRUE(reload(newest));
  vault->begin_run([] {});
  space.reads = 0;
  clock.run(vault->mend());
  EXPECT_EQ(space.reads, wire::kClasses);
  EXPECT_EQ(vault->figures().copies_least, 1u);
  EXPECT_FALSE(vault->has_unindexed());
}

TEST_F(VaultTest, TriesAgainWhenForAWhileNobodyTakesAChunk) {
  int failing = 7;
  space.before_put = [&]() -> std::optional<Error> {
    if (failing-- > 0) return fail(Errc::unreachable, "nobody there");
    return std::nullopt;
  };
  const Bytes content = random_bytes(random, 5000);
  const BlobId id = put(content);
  EXPECT_TRUE(flush());
  EXPECT_TRUE(has(id, content));
}

TEST_F(VaultTest, SaysSoWhenAPackCannotBeStoredAndCanGoOnLater) {
  space.before_put = [] { return std::optional<Error>(fail(Errc::full, "no room")); };
  const Bytes content = random_bytes(random, 5000);
  const BlobId id = put(content);
  EXPECT_FALSE(flush());
  EXPECT_EQ(clock.run(vault->get(BlobKind::data, id)).error().code, Errc::not_found);
  space.before_put = [] { return std::optional<Error>(); };
  vault->begin_run([] {});
  EXPECT_EQ(put(content), id);
  EXPECT_TRUE(flush());
  EXPECT_TRUE(has(id, content));
}

TEST_F(VaultTest, ReadsNoMoreThanTheRowsOfABlob) {
  put(random_bytes(random, 2 * kMiB));
  const Bytes small = random_bytes(random, 100);
  const BlobId id = put(small);
  put(random_bytes(random, kMiB));
  ASSERT_TRUE(flush());
  const PackRow newest = write_index();
  ASSERT_TRUE(reload(newest));
  space.reads = 0;
  EXPECT_TRUE(has(id, small));
  EXPECT_EQ(space.reads, wire::kClasses);
  EXPECT_TRUE(has(id, small));
  EXPECT_EQ(space.reads, wire::kClasses);
}

TEST_F(VaultTest, FetchesARowOnceForManyWhoWaitForIt) {
  std::vector<BlobId> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(put(random_bytes(random, 500)));
  ASSERT_TRUE(flush());
  const PackRow newest = write_index();
  ASSERT_TRUE(reload(newest));
  space.reads = 0;
  std::vector<Task<Result<SharedBytes>>> gets;
  for (const BlobId& id : ids) gets.push_back(vault->get(BlobKind::data, id));
  for (const auto& got : clock.run(when_all(clock, std::move(gets)))) EXPECT_TRUE(got);
  EXPECT_EQ(space.reads, wire::kClasses);
}

TEST_F(VaultTest, NamesTheFriendsToWaitForAndNeverGivesWrongBytes) {
  const Bytes content = random_bytes(random, 5000);
  const BlobId id = put(content);
  ASSERT_TRUE(flush());
  for (std::size_t i = 0; i < 3; ++i) space.set_awake(i, false);
  auto got = clock.run(vault->get(BlobKind::data, id));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::unreachable);
  EXPECT_NE(got.error().context.find("friend-2"), std::string::npos) << got.error().context;
  space.set_awake(1, true);
  EXPECT_TRUE(has(id, content));

  for (auto& [address, stored] : space.chunks) space.spoil(address, 0, 33);
  const PackRow newest = write_index();
  ASSERT_TRUE(reload(newest));
  got = clock.run(vault->get(BlobKind::data, id));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::corrupt);
}

TEST_F(VaultTest, NamesTheIndexPackThatIsCorrupt) {
  put(random_bytes(random, 5000));
  ASSERT_TRUE(flush());
  const PackRow newest = write_index();
  space.spoil(newest.addresses[3], 0, 5);
  const auto loaded = reload(newest);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::corrupt);
  EXPECT_NE(loaded.error().context.find("index " + newest.name()), std::string::npos)
      << loaded.error().context;
}

TEST_F(VaultTest, MergesTheLogWhenItHasManySmallPacks) {
  std::map<BlobId, Bytes> contents;
  std::vector<Bytes> records;
  PackRow newest;
  for (std::uint8_t i = 0; i < 40; ++i) {
    const Bytes content = random_bytes(random, 500);
    contents.emplace(put(content), content);
    ASSERT_TRUE(flush());
    records.push_back(Bytes{i});
    newest = write_index({Bytes{i}});
    if (i % 7 == 0) {
      const auto loaded = reload(newest);
      ASSERT_TRUE(loaded) << loaded.error().message();
      ASSERT_EQ(*loaded, records);
    }
  }
  space.reads = 0;
  const auto loaded = reload(newest);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, records);
  EXPECT_LE(space.reads, 17 * wire::kClasses);
  for (const auto& [id, content] : contents) EXPECT_TRUE(has(id, content));
}

TEST_F(VaultTest, TwoMachinesFindEachOthersBlobs) {
  const Bytes content = random_bytes(random, 5000);
  const BlobId id = put(content);
  ASSERT_TRUE(flush());
  const PackRow first = write_index();
  reopen();
  const BlobId own = put(random_bytes(random, 400));
  ASSERT_TRUE(flush());
  const PackRow second = write_index();
  ASSERT_TRUE(reload(second));
  ASSERT_TRUE(clock.run(vault->load(first, Vault::Whose::others)));
  vault->begin_run([] {});
  put(content);
  ASSERT_TRUE(flush());
  EXPECT_EQ(vault->figures().bytes_new, 0u);
  EXPECT_TRUE(has(id, content));
  // The own log goes on with the own packs only.
  const PackRow third = write_index({Bytes{1}});
  ASSERT_TRUE(reload(third));
  EXPECT_NE(vault->index().find(own), nullptr);
  EXPECT_EQ(vault->index().find(id), nullptr);
}

TEST_F(VaultTest, NoPlaintextIsInAnyChunk) {
  Bytes content = random_bytes(random, 400'000);
  put(content);
  ASSERT_TRUE(flush());
  write_index();
  std::set<std::string> windows;
  for (std::size_t at = 0; at + 16 <= content.size(); at += 16) {
    windows.insert(std::string(as_text(ByteView(content).subspan(at, 16))));
  }
  for (const auto& [address, stored] : space.chunks) {
    for (const SharedBytes& segment : stored.segments) {
      for (std::size_t at = 0; at + 16 <= segment.size(); ++at) {
        ASSERT_FALSE(windows.contains(std::string(as_text(segment.view().subspan(at, 16)))));
      }
    }
  }
}

}  // namespace
}  // namespace peerstore::vault
