#include <conformance/worlds.hpp>

#include <string>
#include <vector>

namespace peerstore::conformance {
namespace {

class DiskContract : public ::testing::TestWithParam<Maker<DiskSubject>> {
 protected:
  void put(std::string_view path, std::string_view content) {
    auto writer = disk().create(path);
    ASSERT_TRUE(writer) << path;
    ASSERT_TRUE((*writer)->append(as_bytes(content)));
    ASSERT_TRUE((*writer)->sync());
  }
  std::string get(std::string_view path) {
    const auto bytes = disk().read_all(path, 1 << 20);
    return bytes ? std::string(as_text(*bytes)) : "(" + std::string(to_string(bytes.error().code)) + ")";
  }
  template <class T>
  Errc error_of(const Result<T>& result) {
    EXPECT_TRUE(result.has_error());
    return result.has_error() ? result.error().code : Errc::cancelled;
  }
  Disk& disk() { return subject->disk(); }

  std::unique_ptr<DiskSubject> subject = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Worlds, DiskContract,
                         (both_worlds<DiskSubject, VirtualDiskSubject, RealDiskSubject>()),
                         name_of<DiskSubject>);

TEST_P(DiskContract, ReadsBackWhatWasWritten) {
  auto writer = disk().create("file");
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(as_bytes("hello ")));
  ASSERT_TRUE((*writer)->append(as_bytes("world")));
  ASSERT_TRUE((*writer)->write_at(0, as_bytes("J")));
  ASSERT_TRUE((*writer)->sync());
  EXPECT_EQ(get("file"), "Jello world");
  EXPECT_EQ(disk().size("file").value(), 11U);
  EXPECT_EQ(as_text(disk().read("file", 6, 3).value()), "wor");
  EXPECT_EQ(as_text(disk().read("file", 6, 100).value()), "world");
  EXPECT_TRUE(disk().read("file", 11, 1).value().empty());
  EXPECT_TRUE(disk().read("file", 5000, 1).value().empty());
}

TEST_P(DiskContract, WritesBeyondTheEndAndFillsWithZeros) {
  auto writer = disk().create("file");
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write_at(3, as_bytes("x")));
  ASSERT_TRUE((*writer)->append(as_bytes("y")));
  ASSERT_TRUE((*writer)->sync());
  EXPECT_EQ(get("file"), std::string("\0\0\0xy", 5));
}

TEST_P(DiskContract, EmptiesAFileThatIsCreatedAgain) {
  put("file", "long content");
  put("file", "short");
  EXPECT_EQ(get("file"), "short");
}

TEST_P(DiskContract, SaysThatSomethingIsNotThere) {
  EXPECT_EQ(error_of(disk().read("none", 0, 1)), Errc::not_found);
  EXPECT_EQ(error_of(disk().size("none")), Errc::not_found);
  EXPECT_EQ(error_of(disk().remove("none")), Errc::not_found);
  EXPECT_EQ(error_of(disk().rename("none", "other")), Errc::not_found);
  EXPECT_EQ(error_of(disk().list("none")), Errc::not_found);
  EXPECT_EQ(error_of(disk().create("none/file")), Errc::not_found);
  EXPECT_TRUE(disk().sync_folder("none").has_error());
}

TEST_P(DiskContract, RenamesOverWhatIsThere) {
  put("old", "old");
  put("new", "new");
  ASSERT_TRUE(disk().rename("new", "old"));
  EXPECT_EQ(get("old"), "new");
  EXPECT_EQ(get("new"), "(not found)");
}

TEST_P(DiskContract, MakesFoldersAndListsThemInOrderOfName) {
  ASSERT_TRUE(disk().make_folder("a/b/c"));
  ASSERT_TRUE(disk().make_folder("a/b"));
  put("a/z", "zz");
  put("a/B", "B");
  const auto entries = disk().list("a");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].name, "B");
  EXPECT_EQ((*entries)[1].name, "b");
  EXPECT_EQ((*entries)[2].name, "z");
  EXPECT_FALSE((*entries)[0].is_folder);
  EXPECT_TRUE((*entries)[1].is_folder);
  EXPECT_EQ((*entries)[2].size, 2U);
  const auto root = disk().list("");
  ASSERT_TRUE(root);
  ASSERT_EQ(root->size(), 1U);
  EXPECT_EQ((*root)[0].name, "a");
}

TEST_P(DiskContract, RemovesFilesAndEmptyFoldersOnly) {
  ASSERT_TRUE(disk().make_folder("a"));
  put("a/file", "x");
  EXPECT_TRUE(disk().remove("a").has_error());
  EXPECT_TRUE(disk().remove("a/file"));
  EXPECT_TRUE(disk().remove("a"));
  EXPECT_TRUE(disk().list("").value().empty());
}

TEST_P(DiskContract, NeverTakesAFileForAFolderNorTheOtherWay) {
  ASSERT_TRUE(disk().make_folder("folder"));
  put("file", "x");
  EXPECT_TRUE(disk().read("folder", 0, 1).has_error());
  EXPECT_TRUE(disk().create("folder").has_error());
  EXPECT_TRUE(disk().list("file").has_error());
  EXPECT_TRUE(disk().create("file/below").has_error());
  EXPECT_TRUE(disk().make_folder("file/below").has_error());
}

TEST_P(DiskContract, FindsAfterReopeningWhatWasSynced) {
  ASSERT_TRUE(disk().make_folder("a"));
  ASSERT_TRUE(disk().sync_folder(""));
  put("a/file", "content");
  ASSERT_TRUE(disk().rename("a/file", "a/renamed"));
  ASSERT_TRUE(disk().sync_folder("a"));
  subject->reopen();
  EXPECT_EQ(get("a/renamed"), "content");
  EXPECT_EQ(disk().list("a").value().size(), 1U);
}

TEST_P(DiskContract, ReplacesAndReadsWithinALimit) {
  ASSERT_TRUE(disk().replace("state", as_bytes("one")));
  ASSERT_TRUE(disk().replace("state", as_bytes("two!")));
  subject->reopen();
  EXPECT_EQ(get("state"), "two!");
  EXPECT_EQ(disk().list("").value().size(), 1U) << "nothing is left beside it";
  EXPECT_TRUE(disk().read_all("state", 4));
  EXPECT_EQ(error_of(disk().read_all("state", 3)), Errc::corrupt);
}

TEST_P(DiskContract, KnowsHowMuchRoomThereIs) {
  const auto space = disk().space();
  ASSERT_TRUE(space);
  EXPECT_GT(space->total, 0U);
  EXPECT_LE(space->free, space->total);
}

TEST_P(DiskContract, CarriesAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 70'000; ++i) bytes.push_back(static_cast<char>(i * 31));
  put("file", bytes);
  subject->disk().sync_folder("").value();
  EXPECT_EQ(get("file"), bytes);
}

}  // namespace
}  // namespace peerstore::conformance
