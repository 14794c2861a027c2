#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <os/temporary_folder.hpp>
#include <peerstore/os/real.hpp>

#include <fstream>
#include <limits>
#include <thread>

namespace peerstore::os {
namespace {

class RealDisk : public testing::Test {
 protected:
  TemporaryFolder folder;
  const std::string root = folder / "home/node";
  std::unique_ptr<Disk> disk = opened();

  std::unique_ptr<Disk> opened() const {
    auto result = open_disk(root);
    EXPECT_TRUE(result) << result.error().message();
    return std::move(*result);
  }
  void put(const std::string& path, std::string_view content) {
    auto writer = disk->create(path);
    ASSERT_TRUE(writer) << writer.error().message();
    ASSERT_TRUE((*writer)->append(as_bytes(content)));
    ASSERT_TRUE((*writer)->sync());
  }
  std::string get(const std::string& path) {
    const auto bytes = disk->read_all(path, 1 << 20);
    return bytes ? std::string(as_text(*bytes)) : "failed: " + bytes.error().message();
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
};

template <class T>
Errc code_of(const Result<T>& result) {
  return result ? Errc{} : result.error().code;
}

TEST_F(RealDisk, MakesItsRootAndWhatIsAboveForTheOwnerAlone) {
  EXPECT_EQ(mode_of(folder / "home"), 0700u);
  EXPECT_EQ(mode_of(root), 0700u);
  put("file", "x");
  ASSERT_TRUE(disk->make_folder("a/b"));
  EXPECT_EQ(mode_of(root + "/file"), 0600u);
  EXPECT_EQ(mode_of(root + "/a"), 0700u);
  EXPECT_TRUE(open_disk(root)) << "a root that is there is used";
}

TEST_F(RealDisk, ARootThatIsAFileIsInvalid) {
  put("file", "x");
  EXPECT_EQ(code_of(open_disk(root + "/file")), Errc::invalid);
  EXPECT_EQ(code_of(open_disk(root + "/file/below")), Errc::invalid);
  EXPECT_EQ(code_of(open_disk("")), Errc::not_found);
}

TEST_F(RealDisk, ReadsWhatWasWrittenAnywhere) {
  auto writer = disk->create("file");
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(as_bytes("hello ")));
  ASSERT_TRUE((*writer)->append(as_bytes("world")));
  ASSERT_TRUE((*writer)->write_at(0, as_bytes("J")));
  ASSERT_TRUE((*writer)->write_at(13, as_bytes("!")));
  ASSERT_TRUE((*writer)->append(as_bytes("?")));
  ASSERT_TRUE((*writer)->sync());
  EXPECT_EQ(get("file"), std::string("Jello world\0\0!?", 15));
  EXPECT_EQ(*disk->size("file"), 15u);
  EXPECT_EQ(as_text(*disk->read("file", 6, 5)), "world");
  EXPECT_EQ(as_text(*disk->read("file", 14, std::numeric_limits<std::size_t>::max())), "?");
  EXPECT_TRUE(disk->read("file", 15, 10)->empty());
  EXPECT_TRUE(disk->read("file", std::numeric_limits<std::uint64_t>::max(), 10)->empty());
}

TEST_F(RealDisk, AWriteBeyondTheLargestFileIsInvalid) {
  auto writer = disk->create("file");
  ASSERT_TRUE(writer);
  const std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(code_of((*writer)->write_at(end, as_bytes("x"))), Errc::invalid);
  EXPECT_EQ(code_of((*writer)->write_at(end / 2, as_bytes("x"))), Errc::invalid);
}

TEST_F(RealDisk, CreatingEmptiesWhatIsThere) {
  put("file", "long content");
  put("file", "short");
  EXPECT_EQ(get("file"), "short");
}

TEST_F(RealDisk, PathsThatLeaveTheRootAreRefusedByEveryCall) {
  std::ofstream(folder / "outside") << "secret";
  for (const std::string path :
       {"..", "../outside", "a/../../outside", "./file", "a/..", "../../home/node/file"}) {
    EXPECT_EQ(code_of(disk->create(path)), Errc::invalid) << path;
    EXPECT_EQ(code_of(disk->read(path, 0, 1)), Errc::invalid) << path;
    EXPECT_EQ(code_of(disk->size(path)), Errc::invalid) << path;
    EXPECT_EQ(code_of(disk->rename(path, "x")), Errc::invalid) << path;
    EXPECT_EQ(code_of(disk->rename("x", path)), Errc::invalid) << path;
    EXPECT_EQ(code_of(disk->remove(path)), Errc::invalid) << path;
    EXPECT_EQ(code_of(disk->make_folder(path)), Errc::invalid) << path;
    EXPECT_EQ(code_of(disk->sync_folder(path)), Errc::invalid) << path;
    EXPECT_EQ(code_of(disk->list(path)), Errc::invalid) << path;
  }
  EXPECT_EQ(code_of(disk->create(std::string_view("a\0b", 3))), Errc::invalid);
  EXPECT_EQ(code_of(disk->create("")), Errc::invalid);
  EXPECT_EQ(code_of(disk->remove("/")), Errc::invalid);
  // A leading slash is the root's, not the system's.
  EXPECT_EQ(code_of(disk->size(folder / "outside")), Errc::not_found);
}

TEST_F(RealDisk, AFileIsNotReachedThroughASymbolicLink) {
  std::ofstream(folder / "outside") << "secret";
  ASSERT_EQ(::symlink((folder / "outside").c_str(), (root + "/link").c_str()), 0);
  EXPECT_EQ(code_of(disk->read("link", 0, 10)), Errc::invalid);
  EXPECT_EQ(code_of(disk->create("link")), Errc::invalid);
  ASSERT_TRUE(disk->replace("link", as_bytes("mine")));
  EXPECT_EQ(get("link"), "mine");
  std::string still;
  std::ifstream(folder / "outside") >> still;
  EXPECT_EQ(still, "secret");
}

TEST_F(RealDisk, TellsAbsenceFromTheWrongKind) {
  put("file", "x");
  ASSERT_TRUE(disk->make_folder("folder/inner"));
  EXPECT_EQ(code_of(disk->read("none", 0, 1)), Errc::not_found);
  EXPECT_EQ(code_of(disk->size("none")), Errc::not_found);
  EXPECT_EQ(code_of(disk->remove("none")), Errc::not_found);
  EXPECT_EQ(code_of(disk->rename("none", "x")), Errc::not_found);
  EXPECT_EQ(code_of(disk->list("none")), Errc::not_found);
  EXPECT_EQ(code_of(disk->sync_folder("none")), Errc::not_found);
  EXPECT_EQ(code_of(disk->create("none/file")), Errc::not_found);
  EXPECT_EQ(code_of(disk->read("folder", 0, 1)), Errc::invalid);
  EXPECT_EQ(code_of(disk->size("folder")), Errc::invalid);
  EXPECT_EQ(code_of(disk->create("folder")), Errc::invalid);
  EXPECT_EQ(code_of(disk->list("file")), Errc::invalid);
  EXPECT_EQ(code_of(disk->remove("folder")), Errc::invalid) << "not empty";
  EXPECT_EQ(code_of(disk->make_folder("file")), Errc::invalid);
  EXPECT_EQ(code_of(disk->make_folder("file/below")), Errc::invalid);
  EXPECT_NE(disk->read("none", 0, 1).error().message().find("No such file"), std::string::npos);
}

TEST_F(RealDisk, RenameReplacesAndAFailedOneLeavesBoth) {
  put("old", "old");
  put("new", "new");
  ASSERT_TRUE(disk->rename("new", "old"));
  EXPECT_EQ(get("old"), "new");
  EXPECT_EQ(code_of(disk->size("new")), Errc::not_found);

  ASSERT_TRUE(disk->make_folder("folder"));
  put("folder/inside", "inside");
  EXPECT_EQ(code_of(disk->rename("old", "folder")), Errc::invalid);
  EXPECT_EQ(get("old"), "new");
  EXPECT_EQ(get("folder/inside"), "inside");
  EXPECT_FALSE(disk->replace("folder", as_bytes("file")));
  EXPECT_EQ(get("folder/inside"), "inside");
}

TEST_F(RealDisk, ListsInOrderOfNameWithKindAndSize) {
  put("b", "12345");
  put("a", "");
  const std::string odd = "line\nbreak \xff\xfe";
  put(odd, "1");
  ASSERT_TRUE(disk->make_folder("c"));
  const auto entries = disk->list("");
  ASSERT_TRUE(entries);
  std::vector<std::string> names;
  for (const Disk::Entry& entry : *entries) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", odd}));
  EXPECT_EQ((*entries)[1].size, 5u);
  EXPECT_FALSE((*entries)[1].is_folder);
  EXPECT_TRUE((*entries)[2].is_folder);
  ASSERT_TRUE(disk->remove("c"));
  ASSERT_TRUE(disk->remove(odd));
  EXPECT_EQ(disk->list("")->size(), 2u);
  EXPECT_TRUE(disk->sync_folder(""));
}

TEST_F(RealDisk, ListsThousandsOfFiles) {
  ASSERT_TRUE(disk->make_folder("many"));
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(disk->create("many/" + std::to_string(i)));
  EXPECT_EQ(disk->list("many")->size(), 3000u);
}

TEST_F(RealDisk, StaysItselfWhenItsFolderIsRenamed) {
  put("file", "x");
  std::filesystem::rename(root, folder / "elsewhere");
  put("second", "y");
  EXPECT_EQ(get("file") + get("second"), "xy");
  EXPECT_TRUE(std::filesystem::exists(folder / "elsewhere/second"));
}

TEST_F(RealDisk, ADiskWithoutRoomIsFull) {
  // The kernel's own full disk, reached through a folder that is a link.
  ASSERT_EQ(::symlink("/dev", (root + "/device").c_str()), 0);
  auto writer = disk->create("device/full");
  ASSERT_TRUE(writer) << writer.error().message();
  const auto written = (*writer)->append(as_bytes("no room"));
  EXPECT_EQ(code_of(written), Errc::full);
  EXPECT_NE(written.error().message().find("device/full: No space left on device"), std::string::npos);
}

TEST_F(RealDisk, AfterAFailedSyncTheWriterIsUseless) {
  ASSERT_EQ(::symlink("/dev", (root + "/device").c_str()), 0);
  auto writer = disk->create("device/null");  // takes everything, and cannot be synced
  ASSERT_TRUE(writer) << writer.error().message();
  ASSERT_TRUE((*writer)->append(as_bytes("x")));
  EXPECT_EQ(code_of((*writer)->sync()), Errc::io);
  EXPECT_EQ(code_of((*writer)->sync()), Errc::io);
  const auto later = (*writer)->append(as_bytes("x"));
  EXPECT_EQ(code_of(later), Errc::io);
  EXPECT_NE(later.error().message().find("earlier sync"), std::string::npos);
}

TEST_F(RealDisk, KnowsItsRoom) {
  const auto space = disk->space();
  ASSERT_TRUE(space);
  EXPECT_GT(space->total, 0u);
  EXPECT_LE(space->free, space->total);
}

TEST_F(RealDisk, ServesSeveralThreads) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this, thread] {
      const std::string name = "file" + std::to_string(thread);
      for (int i = 0; i < 50; ++i) {
        const std::string content = name + " " + std::to_string(i);
        EXPECT_TRUE(disk->replace(name, as_bytes(content)));
        EXPECT_EQ(get(name), content);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(disk->list("")->size(), 4u);
}

}  // namespace
}  // namespace peerstore::os
