#include <peerstore/runtime/random.hpp>
#include <peerstore/world/virtual_disk.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace peerstore::world {
namespace {

void put(Disk& disk, std::string_view path, std::string_view content, bool sync) {
  auto writer = disk.create(path);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(as_bytes(content)));
  if (sync) {
    ASSERT_TRUE((*writer)->sync());
  }
}
std::string get(Disk& disk, std::string_view path) {
  const auto bytes = disk.read(path, 0, 1 << 20);
  return bytes ? std::string(as_text(*bytes)) : "(" + bytes.error().message() + ")";
}
bool is_there(Disk& disk, std::string_view path) { return disk.size(path).has_value(); }

TEST(VirtualDisk, ForgetsInACrashWhatWasNotSynced) {
  VirtualDisk disk;
  ASSERT_TRUE(disk.make_folder("a"));
  ASSERT_TRUE(disk.sync_folder(""));
  put(disk, "a/kept", "kept", true);
  put(disk, "a/unsynced", "lost", false);
  ASSERT_TRUE(disk.sync_folder("a"));
  put(disk, "a/nameless", "lost", true);
  disk.crash();
  EXPECT_EQ(get(disk, "a/kept"), "kept");
  EXPECT_EQ(get(disk, "a/unsynced"), "") << "the name was synced, the bytes were not";
  EXPECT_FALSE(is_there(disk, "a/nameless")) << "the bytes were synced, the name was not";
}

TEST(VirtualDisk, KnowsWhatWouldSurviveACrash) {
  VirtualDisk disk;
  ASSERT_TRUE(disk.make_folder("a"));
  put(disk, "a/file", "x", true);
  ASSERT_TRUE(disk.sync_folder("a"));
  EXPECT_FALSE(disk.survives_crash("a/file")) << "its folder would not";
  ASSERT_TRUE(disk.sync_folder(""));
  EXPECT_TRUE(disk.survives_crash("a/file"));
  EXPECT_FALSE(disk.survives_crash("a"));
  EXPECT_FALSE(disk.survives_crash("a/other"));
  auto writer = disk.create("a/file");
  ASSERT_TRUE((*writer)->append(as_bytes("y")));
  EXPECT_FALSE(disk.survives_crash("a/file"));
  ASSERT_TRUE((*writer)->sync());
  EXPECT_TRUE(disk.survives_crash("a/file"));
  ASSERT_TRUE(disk.rename("a/file", "a/renamed"));
  EXPECT_FALSE(disk.survives_crash("a/renamed"));
}

TEST(VirtualDisk, BringsBackTheBytesOfTheLastSync) {
  VirtualDisk disk;
  auto writer = disk.create("file");
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(as_bytes("one")));
  ASSERT_TRUE((*writer)->sync());
  ASSERT_TRUE(disk.sync_folder(""));
  ASSERT_TRUE((*writer)->append(as_bytes("two")));
  ASSERT_TRUE((*writer)->write_at(0, as_bytes("X")));
  EXPECT_EQ(get(disk, "file"), "Xnetwo");
  disk.crash();
  EXPECT_EQ(get(disk, "file"), "one");
  EXPECT_FALSE((*writer)->append(as_bytes("three"))) << "the program that wrote it is gone";
}

TEST(VirtualDisk, KeepsARenameOnlyOnceBothFoldersAreSynced) {
  VirtualDisk disk;
  ASSERT_TRUE(disk.make_folder("from"));
  ASSERT_TRUE(disk.make_folder("to"));
  put(disk, "from/file", "x", true);
  ASSERT_TRUE(disk.sync_folder("from"));
  ASSERT_TRUE(disk.sync_folder(""));
  ASSERT_TRUE(disk.rename("from/file", "to/file"));
  EXPECT_FALSE(is_there(disk, "from/file"));
  disk.crash();
  EXPECT_TRUE(is_there(disk, "from/file"));
  EXPECT_FALSE(is_there(disk, "to/file"));
  ASSERT_TRUE(disk.rename("from/file", "to/file"));
  ASSERT_TRUE(disk.sync_folder("to"));
  ASSERT_TRUE(disk.sync_folder("from"));
  disk.crash();
  EXPECT_FALSE(is_there(disk, "from/file"));
  EXPECT_EQ(get(disk, "to/file"), "x");
}

TEST(VirtualDisk, ResurrectsWhatWasRemovedWithoutASync) {
  VirtualDisk disk;
  put(disk, "file", "x", true);
  ASSERT_TRUE(disk.sync_folder(""));
  ASSERT_TRUE(disk.remove("file"));
  disk.crash();
  EXPECT_EQ(get(disk, "file"), "x");
}

TEST(VirtualDisk, ReplacesAFileAtomicallyAtEveryCrashPoint) {
  for (std::uint64_t failing = 1;; ++failing) {
    VirtualDisk disk;
    ASSERT_TRUE(disk.replace("state", as_bytes("old")));
    disk.faults().fail_from_call(failing);
    const bool done = disk.replace("state", as_bytes("new")).has_value();
    disk.faults().clear();
    disk.crash();
    const std::string found = get(disk, "state");
    EXPECT_EQ(found, done ? "new" : found == "new" ? "new" : "old") << failing;
    if (done) {
      EXPECT_GT(failing, 3U);
      break;
    }
  }
}

TEST(VirtualDisk, NeverHoldsMoreThanItsCapacity) {
  VirtualDisk::Options options;
  options.capacity = 100;
  VirtualDisk disk(options);
  put(disk, "a", std::string(60, 'a'), true);
  auto writer = disk.create("b");
  ASSERT_TRUE(writer);
  const auto refused = (*writer)->append(as_bytes(std::string(41, 'b')));
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, Errc::full);
  EXPECT_TRUE((*writer)->append(as_bytes(std::string(40, 'b'))));
  EXPECT_EQ(disk.space()->free, 0U);
  ASSERT_TRUE(disk.remove("a"));
  EXPECT_EQ(disk.space()->free, 60U);
  writer->reset();
  disk.crash();
  EXPECT_EQ(disk.bytes_used(), 0U);
}

TEST(VirtualDisk, SharesEqualContentsBetweenDisks) {
  ContentPool pool;
  VirtualDisk::Options options;
  options.pool = &pool;
  std::string chunk;
  for (int i = 0; i < 64 * 1024; ++i) chunk.push_back(static_cast<char>(i * 31 + i / 4096));
  {
    VirtualDisk one(options);
    VirtualDisk two(options);
    put(one, "chunk", chunk, true);
    put(two, "chunk", chunk, true);
    EXPECT_EQ(pool.bytes_held(), chunk.size());
    EXPECT_EQ(one.bytes_used() + two.bytes_used(), 2 * chunk.size());
    ASSERT_TRUE(one.flip_bit("chunk", 5, 0));
    EXPECT_NE(get(one, "chunk"), chunk);
    EXPECT_EQ(get(two, "chunk"), chunk) << "rot on one disk is no rot on another";
  }
  EXPECT_EQ(pool.bytes_held(), 0U);
}

TEST(VirtualDisk, FailsTheChosenCallAndDoesNothingInIt) {
  VirtualDisk disk;
  put(disk, "a", "a", true);
  disk.faults().fail_call(2);
  EXPECT_TRUE(is_there(disk, "a"));
  const auto refused = disk.remove("a");
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, Errc::io);
  EXPECT_TRUE(is_there(disk, "a"));
  disk.faults().set_rule([](Operation operation, std::string_view) {
    return operation == Operation::sync ? std::optional(fail(Errc::io, "no sync today")) : std::nullopt;
  });
  auto writer = disk.create("b");
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(as_bytes("b")));
  EXPECT_FALSE((*writer)->sync());
}

TEST(VirtualDisk, RefusesPathsThatLeaveItsRoot) {
  VirtualDisk disk;
  EXPECT_FALSE(disk.create("../x"));
  EXPECT_FALSE(disk.create("a/../../x"));
  EXPECT_FALSE(disk.make_folder("."));
  EXPECT_FALSE(disk.create(""));
}

}  // namespace
}  // namespace peerstore::world
