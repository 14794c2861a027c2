#include <peerstore/runtime/random.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <peerstore/world/virtual_key_value.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace peerstore::world {
namespace {

constexpr std::size_t kPage = ContentPool::kPageBytes;

void put(Disk& disk, std::string_view path, std::string_view content) {
  auto writer = disk.create(path);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(as_bytes(content)));
  ASSERT_TRUE((*writer)->sync());
}
std::string get(Disk& disk, std::string_view path) {
  const auto bytes = disk.read(path, 0, 1 << 20);
  return bytes ? std::string(as_text(*bytes)) : "(" + bytes.error().message() + ")";
}
bool is_there(Disk& disk, std::string_view path) { return disk.size(path).has_value(); }

// ---- power failures ----

TEST(PowerFailure, KeepsWhatWasSyncedWhateverTheChance) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    VirtualDisk disk;
    ASSERT_TRUE(disk.make_folder("a"));
    ASSERT_TRUE(disk.sync_folder(""));
    put(disk, "a/kept", "kept");
    put(disk, "a/renamed", "renamed");
    ASSERT_TRUE(disk.rename("a/renamed", "a/new name"));
    ASSERT_TRUE(disk.sync_folder("a"));
    put(disk, "a/other", "other");
    ASSERT_TRUE(disk.survives_crash("a/kept"));
    SeededRandom chance(seed);
    disk.crash(chance);
    EXPECT_EQ(get(disk, "a/kept"), "kept");
    EXPECT_EQ(get(disk, "a/new name"), "renamed");
    EXPECT_FALSE(is_there(disk, "a/renamed"));
    EXPECT_EQ(disk.list("a")->size(), is_there(disk, "a/other") ? 3U : 2U);
  }
}

// What a file may be found as after a power failure between two syncs, over many chances.
std::set<std::string> outcomes(const std::string& old_content, const std::string& new_content) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    VirtualDisk disk;
    auto writer = disk.create("file");
    EXPECT_TRUE(writer && (*writer)->append(as_bytes(old_content)) && (*writer)->sync());
    EXPECT_TRUE(disk.sync_folder(""));
    EXPECT_TRUE((*writer)->write_at(0, as_bytes(new_content)));
    SeededRandom chance(seed);
    disk.crash(chance);
    EXPECT_EQ(disk.bytes_used(), *disk.size("file"));
    found.insert(get(disk, "file"));
    EXPECT_FALSE((*writer)->append(as_bytes("x"))) << "the program that wrote it is gone";
  }
  return found;
}

TEST(PowerFailure, LeavesPagesOldOrNewOrTornAtASector) {
  const std::string before(3 * kPage, 'o');
  const std::string after(3 * kPage, 'n');
  const auto found = outcomes(before, after);
  EXPECT_TRUE(found.contains(before));
  EXPECT_TRUE(found.contains(after));
  bool torn = false;
  bool reordered = false;
  for (const std::string& content : found) {
    ASSERT_EQ(content.size(), before.size());
    for (std::size_t sector = 0; sector < content.size(); sector += 512) {
      const char first = content[sector];
      ASSERT_EQ(content.substr(sector, 512), std::string(512, first)) << "a sector is written as a whole";
      const bool new_after_old = sector > 0 && first == 'n' && content[sector - 1] == 'o';
      if (new_after_old) {
        EXPECT_EQ(sector % kPage, 0U) << "a page tears after its beginning, not before";
      }
      reordered |= new_after_old;
      torn |= sector % kPage != 0 && first == 'o' && content[sector - 1] == 'n';
    }
  }
  EXPECT_TRUE(torn);
  EXPECT_TRUE(reordered) << "a later page without an earlier one";
}

TEST(PowerFailure, LeavesAnyPartOfATailAndZerosInItsHoles) {
  const std::string before(1000, 'o');
  const std::string after = before + std::string(2 * kPage, 'n');
  std::set<std::size_t> sizes;
  bool hole = false;
  for (const std::string& content : outcomes(before, after)) {
    ASSERT_LE(content.size(), after.size());
    ASSERT_EQ(content.substr(0, before.size()), before);
    for (const char byte : content.substr(before.size())) {
      ASSERT_TRUE(byte == 'n' || byte == 0);
      hole |= byte == 0;
    }
    sizes.insert(content.size());
  }
  EXPECT_TRUE(sizes.contains(before.size()));
  EXPECT_TRUE(sizes.contains(after.size()));
  EXPECT_GT(sizes.size(), 4U);
  EXPECT_TRUE(hole);
}

TEST(PowerFailure, KeepsEachUnsyncedNameOrNot) {
  std::set<std::vector<bool>> found;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    VirtualDisk disk;
    put(disk, "removed", "x");
    ASSERT_TRUE(disk.sync_folder(""));
    put(disk, "created", "y");
    ASSERT_TRUE(disk.remove("removed"));
    ASSERT_TRUE(disk.make_folder("folder"));
    SeededRandom chance(seed);
    disk.crash(chance);
    found.insert({is_there(disk, "removed"), is_there(disk, "created"), disk.list("folder").has_value()});
    if (is_there(disk, "removed")) {
      EXPECT_EQ(get(disk, "removed"), "x");
    }
    const auto before = disk.list("");
    disk.crash();
    EXPECT_EQ(disk.list("")->size(), before->size()) << "what is found after a failure is on the disk";
  }
  EXPECT_EQ(found.size(), 8U) << "every combination";
}

TEST(PowerFailure, NeverSplitsARename) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    VirtualDisk disk;
    put(disk, "file", "old");
    put(disk, "beside", "new");
    ASSERT_TRUE(disk.sync_folder(""));
    ASSERT_TRUE(disk.rename("beside", "file"));
    SeededRandom chance(seed);
    disk.crash(chance);
    EXPECT_EQ(is_there(disk, "beside"), get(disk, "file") == "old");
    found.insert(get(disk, "file"));
  }
  EXPECT_EQ(found, (std::set<std::string>{"old", "new"}));
}

TEST(PowerFailure, LeavesTheSameForTheSameChance) {
  const auto left = [](std::uint64_t seed) {
    VirtualDisk disk;
    for (int i = 0; i < 20; ++i) {
      auto writer = disk.create("file" + std::to_string(i));
      EXPECT_TRUE((*writer)->append(as_bytes(std::string(10'000, 'x'))));
    }
    SeededRandom chance(seed);
    disk.crash(chance);
    std::string all;
    for (const Disk::Entry& entry : *disk.list("")) all += entry.name + get(disk, entry.name);
    return all;
  };
  EXPECT_EQ(left(1), left(1));
  EXPECT_NE(left(1), left(2));
}

// ---- damage ----

unsigned bits_changed(const std::string& a, const std::string& b) {
  EXPECT_EQ(a.size(), b.size());
  unsigned count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    count += static_cast<unsigned>(std::popcount(static_cast<unsigned char>(a[i] ^ b[i])));
  }
  return count;
}

TEST(DiskDamage, RotsOneBitOfASyncedFileBelowThePrefix) {
  ContentPool pool;
  VirtualDisk disk({.pool = &pool});
  VirtualDisk neighbour({.pool = &pool});
  const std::string content(3 * kPage, 'c');
  for (VirtualDisk* each : {&disk, &neighbour}) {
    for (const char* folder : {"chunks", "heads"}) {
      ASSERT_TRUE(each->make_folder(folder));
      put(*each, std::string(folder) + "/file", content);
    }
    auto open = each->create("chunks/unsynced");
    ASSERT_TRUE((*open)->append(as_bytes("x")));
    ASSERT_TRUE(each->sync_folder("chunks"));
    ASSERT_TRUE(each->sync_folder(""));
  }
  SeededRandom random(1);
  EXPECT_EQ(disk.rot(random, "nothing"), std::nullopt);
  EXPECT_TRUE(disk.is_intact("chunks/file"));
  ASSERT_EQ(disk.rot(random, "chunks/"), "chunks/file");
  EXPECT_EQ(bits_changed(get(disk, "chunks/file"), content), 1U);
  EXPECT_FALSE(disk.is_intact("chunks/file"));
  EXPECT_TRUE(disk.is_intact("heads/file"));
  EXPECT_EQ(get(neighbour, "chunks/file"), content) << "equal contents are shared, rot is not";
  disk.crash();
  EXPECT_EQ(bits_changed(get(disk, "chunks/file"), content), 1U) << "it is on the disk";

  ASSERT_TRUE(disk.rename("chunks/file", "chunks/moved"));
  EXPECT_FALSE(disk.is_intact("chunks/moved")) << "a new name mends nothing";
  EXPECT_FALSE(disk.is_intact("chunks/file"));
  put(disk, "chunks/moved", content);
  EXPECT_TRUE(disk.is_intact("chunks/moved")) << "it was written anew";
}

TEST(DiskDamage, MisdirectsOneWriteAndReportsSuccess) {
  bool hit_another = false;
  bool hit_itself = false;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    VirtualDisk disk;
    for (const char* path : {"chunks/a", "chunks/b", "heads/a"}) {
      ASSERT_TRUE(disk.make_folder(std::string_view(path).substr(0, std::string_view(path).find('/'))));
      put(disk, path, std::string(2 * kPage, 'o'));
    }
    auto writer = disk.create("chunks/new");
    ASSERT_TRUE((*writer)->append(as_bytes(std::string(kPage, 'o'))));
    SeededRandom random(seed);
    disk.misdirect_next_write(random);
    ASSERT_TRUE((*writer)->append(as_bytes(std::string(1024, 'n'))));
    ASSERT_TRUE((*writer)->append(as_bytes(std::string(512, 'l')))) << "later ones are right again";
    ASSERT_TRUE((*writer)->sync());

    const std::string found = get(disk, "chunks/new");
    ASSERT_EQ(found.size(), kPage + 1024 + 512);
    EXPECT_EQ(found.substr(kPage + 1024), std::string(512, 'l'));
    EXPECT_FALSE(disk.is_intact("chunks/new"));
    EXPECT_NE(found.substr(kPage, 1024), std::string(1024, 'n')) << "it is not where it belongs";
    EXPECT_EQ(get(disk, "heads/a"), std::string(2 * kPage, 'o')) << "another top folder";
    EXPECT_TRUE(disk.is_intact("heads/a"));
    hit_itself |= found.substr(0, kPage).find('n') != std::string::npos;
    for (const char* path : {"chunks/a", "chunks/b"}) {
      const bool untouched = get(disk, path) == std::string(2 * kPage, 'o');
      EXPECT_EQ(disk.is_intact(path), untouched);
      EXPECT_EQ(disk.size(path).value(), 2 * kPage);
      hit_another |= !untouched;
    }
  }
  EXPECT_TRUE(hit_another);
  EXPECT_TRUE(hit_itself);
}

TEST(DiskDamage, LeavesTheOldBytesWhereAMisdirectedWriteBelongs) {
  VirtualDisk disk;
  auto writer = disk.create("file");
  ASSERT_TRUE((*writer)->append(as_bytes("old")));
  ASSERT_TRUE((*writer)->sync());
  SeededRandom random(1);
  disk.misdirect_next_write(random);
  ASSERT_TRUE((*writer)->write_at(0, as_bytes("new")));
  EXPECT_EQ(get(disk, "file"), "old");
  EXPECT_FALSE(disk.is_intact("file"));
}

TEST(DiskDamage, IsFullWhenItsCapacityShrinks) {
  VirtualDisk disk;
  put(disk, "file", std::string(1000, 'x'));
  disk.set_capacity(600);
  EXPECT_EQ(disk.space()->free, 0U);
  auto writer = disk.create("other");
  ASSERT_TRUE(writer);
  const auto refused = (*writer)->append(as_bytes("y"));
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, Errc::full);
  EXPECT_EQ(get(disk, "file"), std::string(1000, 'x'));
  disk.set_capacity(2000);
  EXPECT_TRUE((*writer)->append(as_bytes("y")));
}

TEST(Faults, FailTheirShareOfTheCallsBelowAPrefix) {
  VirtualDisk disk;
  ASSERT_TRUE(disk.make_folder("a"));
  put(disk, "a/file", "x");
  put(disk, "file", "x");
  SeededRandom random(1);
  disk.faults().fail_sometimes(&random, 0.25, Errc::io, "a/");
  int failed = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto read = disk.read("a/file", 0, 1);
    failed += read ? 0 : 1;
    if (!read) {
      EXPECT_EQ(read.error().code, Errc::io);
    }
    ASSERT_TRUE(disk.read("file", 0, 1));
  }
  EXPECT_NEAR(failed, 250, 60);
  disk.faults().fail_sometimes(nullptr, 0, Errc::io);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(disk.read("a/file", 0, 1));
}

TEST(Faults, FailSometimesBesidesTheRule) {
  VirtualKeyValue database;
  SeededRandom random(1);
  int seen = 0;
  database.faults().set_rule([&seen](Operation, std::string_view) -> std::optional<Error> {
    ++seen;
    return std::nullopt;
  });
  database.faults().fail_sometimes(&random, 1, Errc::io);
  EXPECT_FALSE(database.get("key"));
  EXPECT_FALSE(database.write({{"key", "value"}}, true));
  EXPECT_EQ(seen, 2) << "the rule is asked all the same";
  database.faults().clear();
  EXPECT_TRUE(database.get("key"));
}

}  // namespace
}  // namespace peerstore::world
