#include <drive/home.hpp>
#include <drive/restless_files.hpp>
#include <peerstore/world/virtual_key_value.hpp>

namespace peerstore::drive {
namespace {

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() {
    home.files_seen = &files;
    home.cache = &rows;
  }
  // Lets the files be old enough that their times tell whether they have changed.
  void let_time_pass() { circle.clock.run_for(1h); }
  // A new process each time. Returns how many files were read.
  int backup() {
    let_time_pass();
    home.drive.reset();
    files.opened = 0;
    const auto summary = home.backup({"/t"});
    EXPECT_TRUE(summary) << summary.error().message();
    if (summary) last = *summary;
    return files.opened;
  }
  void expect_restored() {
    Home other(circle, 9);
    const auto restored = other.restore("", "/back");
    ASSERT_TRUE(restored) << restored.error().message();
    EXPECT_EQ(restored->failed, 0u);
    EXPECT_EQ(describe(other.files, "/back/t"), describe(home.files, "/t"));
  }
  void make_files(int count) {
    SeededRandom random(7);
    for (int i = 0; i < count; ++i) {
      home.files.write("/t/" + std::to_string(i % 3) + "/" + std::to_string(i), random_text(random, 3000));
    }
  }

  Circle circle;
  Home home{circle};
  RestlessFiles files{home.files};
  world::VirtualKeyValue rows;
  BackupSummary last;
};

TEST_F(CacheTest, AnUnchangedTreeIsNotReadAgain) {
  SeededRandom random(1);
  make_random_tree(home.files, random, "/t", 200);
  EXPECT_GT(backup(), 0);
  const BackupSummary first = last;
  EXPECT_EQ(backup(), 0);
  EXPECT_EQ(last.files, first.files);
  EXPECT_EQ(last.bytes, first.bytes);
  EXPECT_EQ(last.bytes_new, 0u);
  EXPECT_EQ(home.progress.back().bytes_safe, first.bytes);
  EXPECT_EQ(home.progress.back().files_total, first.files);
  expect_restored();
}

TEST_F(CacheTest, OnlyWhatChangedIsRead) {
  make_files(50);
  EXPECT_EQ(backup(), 50);
  home.files.write("/t/0/new", "new");
  home.files.write("/t/1/4", "another length");
  home.files.write("/t/2/5", home.files.read("/t/2/5"));         // written, with the same content
  set_mode_and_time(home.files, "/t/0/6", 0600, 1'000'000'000);  // touched
  EXPECT_EQ(backup(), 4);
  EXPECT_EQ(last.bytes_new, 3u + 14u);
  EXPECT_EQ(backup(), 0);
  expect_restored();
}

TEST_F(CacheTest, AFileThatTookThePlaceOfAnotherIsRead) {
  make_files(6);
  backup();
  const FileFacts facts = *home.files.facts("/t/0/0");
  home.files.write("/t/0/x", std::string(3000, 'x'));
  {
    auto writer = home.files.create("/t/0/0", true);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->append(as_bytes(std::string(3000, 'y'))));
    ASSERT_TRUE((*writer)->finish(facts));
  }
  ASSERT_EQ(home.files.facts("/t/0/0")->modified_ns, facts.modified_ns);
  EXPECT_EQ(backup(), 2);
  expect_restored();
}

TEST_F(CacheTest, AFileThatChangedAMomentAgoIsReadAgainNextTime) {
  make_files(5);
  ASSERT_TRUE(home.backup({"/t"}));
  EXPECT_EQ(backup(), 5);
  EXPECT_EQ(backup(), 0);
}

TEST_F(CacheTest, WithoutItEverythingIsReadAndItIsMadeAnew) {
  make_files(20);
  backup();
  const std::size_t size = rows.size();
  rows.wipe();
  EXPECT_EQ(backup(), 20);
  EXPECT_EQ(last.bytes_new, 0u);
  EXPECT_GE(rows.size(), size);
  EXPECT_EQ(backup(), 0);
}

TEST_F(CacheTest, DamagedRowsAreAsIfTheyWereNotThere) {
  make_files(20);
  backup();
  std::vector<KeyValue::Change> bad;
  const auto spoil = [&](std::string_view key, std::string_view value) {
    if (key == "owner") return true;
    std::string changed(value);
    changed[changed.size() / 2] ^= 1;
    bad.push_back({std::string(key), changed});
    return true;
  };
  ASSERT_TRUE(rows.scan("", spoil));
  ASSERT_TRUE(rows.write(bad, false));
  EXPECT_EQ(backup(), 20);
  EXPECT_EQ(backup(), 0);
  expect_restored();
}

// Each row is moved to the name of the next.
TEST_F(CacheTest, RowsOfOtherNamesAreNotBelieved) {
  make_files(20);
  backup();
  std::vector<KeyValue::Change> moved;
  const auto take = [&](std::string_view key, std::string_view value) {
    if (key != "owner") moved.push_back({std::string(key), std::string(value)});
    return true;
  };
  ASSERT_TRUE(rows.scan("", take));
  std::string first = *moved.front().value;
  for (std::size_t i = 0; i + 1 < moved.size(); ++i) moved[i].value = moved[i + 1].value;
  moved.back().value = first;
  ASSERT_TRUE(rows.write(moved, false));
  EXPECT_EQ(backup(), 20);
  expect_restored();
}

TEST_F(CacheTest, OfAnotherPersonItIsThrownAway) {
  make_files(20);
  backup();
  Circle others;
  others.drive_secret.bytes[0] ^= 1;
  Home bob(others);
  bob.files.write("/t/one", "one");
  bob.cache = &rows;
  const std::size_t size = rows.size();
  ASSERT_TRUE(bob.backup({"/t"}));
  EXPECT_LT(rows.size(), size);
  EXPECT_EQ(backup(), 20);
}

// The same person and ring, but everything that was stored is gone.
TEST_F(CacheTest, WhatTheIndexDoesNotHaveIsReadWhateverTheCacheSays) {
  make_files(20);
  backup();
  circle.space.chunks.clear();
  circle.space.published.clear();
  ASSERT_TRUE(home.disk.remove("heads.seen"));
  EXPECT_EQ(backup(), 20);
  EXPECT_EQ(last.bytes_new, last.bytes);
  expect_restored();
}

TEST_F(CacheTest, TheIndexIsNotFetchedAgain) {
  make_files(20);
  backup();
  home.drive.reset();
  circle.space.reads = 0;
  ASSERT_TRUE(home.open());
  EXPECT_EQ(circle.space.reads, 0u);
  EXPECT_EQ(home.drive->snapshots().size(), 1u);
  rows.wipe();
  ASSERT_TRUE(home.open());
  EXPECT_GT(circle.space.reads, 0u);
  circle.space.reads = 0;
  ASSERT_TRUE(home.open());
  EXPECT_EQ(circle.space.reads, 0u);
}

TEST_F(CacheTest, DoesNotGrowWithRunsAndForgetsFoldersThatVanished) {
  make_files(30);
  backup();
  const std::size_t size = rows.size();
  for (int i = 0; i < 20; ++i) home.files.write("/t/sub/" + std::to_string(i) + "/deep/file", "x");
  backup();
  EXPECT_GE(rows.size(), size + 40);
  home.files.remove("/t/sub");
  for (int i = 0; i < 40; ++i) backup();
  EXPECT_LE(rows.size(), size + 20);  // of index parts, until they are merged
  EXPECT_EQ(backup(), 0);
}

TEST_F(CacheTest, WideFoldersAreRememberedInPartsWhateverChangesInThem) {
  SeededRandom random(5);
  std::set<std::string> names;
  for (int i = 0; i < 2000; ++i) names.insert(std::to_string(random.below(1'000'000)));
  for (const std::string& name : names) home.files.write("/t/" + name, name);
  EXPECT_EQ(backup(), static_cast<int>(names.size()));
  const std::size_t size = rows.size();
  for (int round = 0; round < 12; ++round) {
    std::set<std::string> changed;
    const std::uint64_t changes = random.below(200);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const std::string name = std::to_string(random.below(1'000'000));
      home.files.write("/t/" + name, "new " + name);
      names.insert(name);
      changed.insert(name);
    }
    for (std::uint64_t left = random.below(300); left > 0 && names.size() > 1; --left) {
      const auto gone = names.lower_bound(std::to_string(random.below(1'000'000)));
      if (gone == names.end()) continue;
      home.files.remove("/t/" + *gone);
      changed.erase(*gone);
      names.erase(gone);
    }
    EXPECT_EQ(backup(), static_cast<int>(changed.size())) << round;
    EXPECT_EQ(last.files, names.size());
    EXPECT_EQ(backup(), 0);
  }
  EXPECT_LE(rows.size(), size + 30);
  expect_restored();
}

TEST_F(CacheTest, ARootThatIsAFileIsRememberedToo) {
  home.files.write("/t", std::string(100, 't'));
  EXPECT_EQ(backup(), 1);
  EXPECT_EQ(backup(), 0);
  home.files.write("/t", "changed");
  EXPECT_EQ(backup(), 1);
  expect_restored();
}

// A client that is killed at some moment of its backup, and its machine with it.
class KilledBackup {
 public:
  explicit KilledBackup(std::uint64_t puts_until, std::uint64_t checkpoint_bytes = 8'000'000) {
    home.cache = &rows;
    home.checkpoint_bytes = checkpoint_bytes;
    SeededRandom random(7);
    for (int i = 10; i < 30; ++i) home.files.write("/t/" + std::to_string(i), random_text(random, 1'000'000));
    EXPECT_TRUE(home.open());
    auto running = home.drive->backup({{"/t"}}, home.observer());
    std::optional<Result<BackupSummary>> ended;
    TaskScope scope(circle.clock);
    scope.spawn(world::detail::keep(std::move(running), ended));
    while (!ended && circle.space.puts < puts_until) EXPECT_TRUE(circle.clock.step());
  }
  void crash() {
    home.drive.reset();
    home.disk.crash();
    rows.crash();
  }
  // Of chunks that friends hold and that no head leads to.
  std::size_t left_behind() {
    vault::Vault::Environment environment{circle.clock, circle.workers, circle.entropy, circle.space};
    vault::Vault vault(environment, circle.drive_secret);
    const wire::Head head = circle.space.published.at(0);
    auto body = vault::open_head_body(vault.keys(), circle.ring_id, head);
    EXPECT_TRUE(body && body->index);
    std::vector<vault::PackRow> packs;
    EXPECT_TRUE(circle.clock.run(vault.load(*body->index, vault::Vault::Whose::own, &packs)));
    for (std::uint32_t i = 0; i < vault.index().packs(); ++i) packs.push_back(vault.index().pack(i));
    std::set<wire::ChunkAddress> known;
    for (const vault::PackRow& pack : packs) known.insert(pack.addresses.begin(), pack.addresses.end());
    return static_cast<std::size_t>(std::ranges::count_if(
        circle.space.chunks, [&](const auto& chunk) { return !known.contains(chunk.first); }));
  }
  std::uint64_t bytes_in_trash() const {
    std::uint64_t sum = 0;
    for (const auto& [address, chunk] : circle.space.trash)
      sum += chunk.segments.size() * wire::kSegmentBytes;
    return sum;
  }

  Circle circle;
  Home home{circle};
  world::VirtualKeyValue rows;
};

TEST(KilledBackupTest, IsNotSentAgainAndLeavesNothingBehindWhereverItWasKilled) {
  constexpr std::uint64_t kPack = vault::kPackRowsMax * vault::kRowBytes;
  KilledBackup whole(~0ull);
  ASSERT_EQ(whole.left_behind(), 0u);
  const std::uint64_t bytes = whole.circle.space.bytes();
  for (const std::uint64_t puts : {12, 22, 31}) {
    SCOPED_TRACE(puts);
    KilledBackup killed(puts);
    killed.crash();
    const auto second = killed.home.backup({"/t"});
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_TRUE(second->safe());
    EXPECT_EQ(killed.left_behind(), 0u);
    // The packs that were under way are still there, and known: prune alone deletes.
    EXPECT_LE(killed.circle.space.bytes(), bytes + 3 * kPack + vault::kRowBytes * 8);
    EXPECT_EQ(killed.bytes_in_trash(), 0u);
    ASSERT_TRUE(killed.circle.clock.run(killed.home.drive->prune(false, killed.home.observer())));
    EXPECT_EQ(killed.left_behind(), 0u);
    EXPECT_LE(killed.circle.space.bytes(), bytes + vault::kRowBytes * 8);
    killed.circle.space.trash.clear();
    Home other(killed.circle, 9);
    ASSERT_TRUE(other.restore("", "/back"));
    EXPECT_EQ(describe(other.files, "/back/t"), describe(killed.home.files, "/t"));
  }
}

TEST(KilledBackupTest, PacksThatFriendsCannotShowNowAreNotBelievedAndLaterPruned) {
  KilledBackup killed(18, kCheckpointBytes);
  killed.crash();
  const std::set<std::size_t> sleepers = {0, 1, 2};
  for (const std::size_t person : sleepers) killed.circle.space.set_awake(person, false);
  const auto second = killed.home.backup({"/t"});
  ASSERT_TRUE(second) << second.error().message();
  for (const std::size_t person : sleepers) killed.circle.space.set_awake(person, true);
  Home other(killed.circle, 9);
  ASSERT_TRUE(other.restore("", "/back"));
  EXPECT_EQ(describe(other.files, "/back/t"), describe(killed.home.files, "/t"));
  ASSERT_TRUE(killed.circle.clock.run(killed.home.drive->prune(false, killed.home.observer())));
  EXPECT_EQ(killed.left_behind(), 0u);
  EXPECT_GT(killed.bytes_in_trash(), 0u);
}

// What it took for packs of a killed run the newest head may count on, which nobody shows who is awake.
TEST(KilledBackupTest, AnOldCopyOfItsHomeDeletesNothingThatTheNewestHeadNeeds) {
  KilledBackup killed(22);
  killed.crash();
  vault::MemorySpace& space = killed.circle.space;
  // The copy is made now.
  world::VirtualKeyValue rows;
  std::vector<KeyValue::Change> changes;
  const auto copy = [&](std::string_view key, std::string_view value) {
    changes.push_back({std::string(key), std::string(value)});
    return true;
  };
  ASSERT_TRUE(killed.rows.scan("", copy));
  ASSERT_TRUE(rows.write(changes, true));
  const auto book = killed.home.disk.read_all("heads.seen", 1'000'000);
  ASSERT_TRUE(book);
  const auto heads_then = space.published;
  const auto second = killed.home.backup({"/t"});
  ASSERT_TRUE(second && second->safe());
  const auto heads_now = std::exchange(space.published, heads_then);
  for (auto& [address, stored] : space.chunks) {
    if (stored.description.header.chunk_class == 1) stored.friends = {3, 4};
  }
  for (const std::size_t person : {0, 1, 2}) space.set_awake(person, false);

  Home old_copy(killed.circle);
  old_copy.cache = &rows;
  ASSERT_TRUE(old_copy.disk.replace("heads.seen", *book));
  old_copy.files.write("/t/other", "of today");
  const auto backup = old_copy.backup({"/t"});
  ASSERT_TRUE(backup) << backup.error().message();
  const auto pruned = killed.circle.clock.run(old_copy.drive->prune(false, old_copy.observer()));
  ASSERT_TRUE(pruned) << pruned.error().message();
  EXPECT_EQ(space.removed, 0u);

  for (const std::size_t person : {0, 1, 2}) space.set_awake(person, true);
  space.published = heads_now;
  space.trash.clear();
  Home other(killed.circle, 9);
  const auto restored = other.restore("", "/back");
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_EQ(restored->failed, 0u);
  EXPECT_EQ(describe(other.files, "/back/t"), describe(killed.home.files, "/t"));
}

TEST(RememberedPart, ComesBackAsItWasAndAnythingElseIsRefused) {
  SeededRandom random(1);
  SeededEntropy entropy(1);
  RememberedPart part;
  for (int i = 0; i < 5; ++i) {
    RememberedFile file{"name-" + std::to_string(i), -1, 2, 3, 4, {}};
    for (int j = 0; j < i; ++j) file.content.ids.push_back(entropy.make<vault::BlobId>());
    part.files.push_back(std::move(file));
  }
  part.folders = {"a", "b"};
  part.next = "next";
  const Bytes good = encode(part);
  const auto again = decode_remembered_part(good);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, part);
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(decode_remembered_part(ByteView(good).first(size))) << size;
  }
  for (int i = 0; i < 20'000; ++i) {
    Bytes bad = good;
    bad[random.below(bad.size())] = static_cast<std::uint8_t>(random.next());
    const auto read = decode_remembered_part(bad);
    if (!read) continue;
    for (const std::string& folder : read->folders) ASSERT_TRUE(is_plain_name(folder));
  }
}

}  // namespace
}  // namespace peerstore::drive
