#include <conformance/worlds.hpp>

#include <string>
#include <vector>

namespace peerstore::conformance {
namespace {

constexpr std::int64_t kSomeTime = 1'700'000'000'123'456'789;

class FilesContract : public ::testing::TestWithParam<Maker<FilesSubject>> {
 protected:
  Files& files() { return subject->files(); }
  std::string at(const std::string& name) const { return subject->root() + "/" + name; }
  static FileFacts plain_facts() {
    FileFacts facts;
    facts.mode = 0640;
    facts.user = getuid();
    facts.group = getgid();
    facts.modified_ns = kSomeTime;
    return facts;
  }
  void put(const std::string& name, std::string_view content) {
    auto writer = files().create(at(name), true);
    ASSERT_TRUE(writer) << name;
    ASSERT_TRUE((*writer)->append(as_bytes(content)));
    ASSERT_TRUE((*writer)->finish(plain_facts()));
  }
  std::string get(const std::string& name, std::size_t piece = 1000) {
    auto reader = files().open(at(name));
    if (!reader) return "(" + std::string(to_string(reader.error().code)) + ")";
    std::string content;
    for (;;) {
      const auto bytes = (*reader)->read(piece);
      EXPECT_TRUE(bytes);
      if (!bytes || bytes->empty()) return content;
      content.append(as_text(*bytes));
    }
  }
  template <class T>
  Errc error_of(const Result<T>& result) {
    EXPECT_TRUE(result.has_error());
    return result.has_error() ? result.error().code : Errc::cancelled;
  }
  std::unique_ptr<FilesSubject> subject = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Worlds, FilesContract,
                         (both_worlds<FilesSubject, MemoryFilesSubject, RealFilesSubject>()),
                         name_of<FilesSubject>);

TEST_P(FilesContract, WritesAFileWithItsModeAndTime) {
  put("file", "content");
  const auto facts = files().facts(at("file"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->kind, FileKind::file);
  EXPECT_EQ(facts->mode, 0640U);
  EXPECT_EQ(facts->modified_ns, kSomeTime);
  EXPECT_EQ(facts->size, 7U);
  EXPECT_EQ(facts->links, 1U);
  EXPECT_EQ(get("file"), "content");
  EXPECT_EQ(get("file", 3), "content");
  auto reader = files().open(at("file"));
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->facts().value(), *facts);
}

TEST_P(FilesContract, LetsAFileAppearOnlyWhenItIsFinished) {
  {
    auto writer = files().create(at("file"), false);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->append(as_bytes("half")));
    EXPECT_EQ(error_of(files().facts(at("file"))), Errc::not_found);
  }
  EXPECT_TRUE(files().list(subject->root()).value().empty()) << "what was given up leaves nothing";
}

TEST_P(FilesContract, ReplacesAFileOnlyIfToldTo) {
  put("file", "old");
  EXPECT_EQ(error_of(files().create(at("file"), false)), Errc::refused);
  put("file", "new");
  EXPECT_EQ(get("file"), "new");
}

TEST_P(FilesContract, ListsNamesInTheOrderOfBytes) {
  for (const char* name : {"b", "a b", "B", "\xff\xfe", "new\nline", ".hidden"}) put(name, "x");
  ASSERT_TRUE(files().make_folder(at("folder")));
  EXPECT_EQ(files().list(subject->root()).value(),
            (std::vector<std::string>{".hidden", "B", "a b", "b", "folder", "new\nline", "\xff\xfe"}));
}

TEST_P(FilesContract, SaysThatSomethingIsNotThere) {
  EXPECT_EQ(error_of(files().facts(at("none"))), Errc::not_found);
  EXPECT_EQ(error_of(files().list(at("none"))), Errc::not_found);
  EXPECT_EQ(error_of(files().open(at("none"))), Errc::not_found);
  EXPECT_EQ(error_of(files().read_link(at("none"))), Errc::not_found);
}

TEST_P(FilesContract, MakesOneFolderAtATime) {
  EXPECT_TRUE(files().make_folder(at("a/b")).has_error());
  ASSERT_TRUE(files().make_folder(at("a")));
  ASSERT_TRUE(files().make_folder(at("a")));
  ASSERT_TRUE(files().make_folder(at("a/b")));
  EXPECT_EQ(files().facts(at("a"))->kind, FileKind::folder);
  put("file", "x");
  EXPECT_TRUE(files().make_folder(at("file")).has_error());
}

TEST_P(FilesContract, KeepsSymbolicLinksAsLinks) {
  put("target", "secret");
  ASSERT_TRUE(files().make_symlink("target", at("link")));
  ASSERT_TRUE(files().make_symlink("/nowhere/at all", at("dangling")));
  EXPECT_EQ(files().facts(at("link"))->kind, FileKind::symlink);
  EXPECT_EQ(files().read_link(at("link")).value(), "target");
  EXPECT_EQ(files().read_link(at("dangling")).value(), "/nowhere/at all");
  EXPECT_TRUE(files().open(at("link")).has_error()) << "never followed";
  EXPECT_TRUE(files().make_symlink("x", at("link")).has_error());
  EXPECT_TRUE(files().read_link(at("target")).has_error());
}

TEST_P(FilesContract, MakesHardLinksToOneFile) {
  put("one", "content");
  ASSERT_TRUE(files().make_hard_link(at("one"), at("two")));
  EXPECT_EQ(files().facts(at("one"))->inode, files().facts(at("two"))->inode);
  EXPECT_EQ(files().facts(at("two"))->links, 2U);
  EXPECT_EQ(get("two"), "content");
  EXPECT_TRUE(files().make_hard_link(at("one"), at("two")).has_error());
  EXPECT_TRUE(files().make_hard_link(at("none"), at("three")).has_error());
}

TEST_P(FilesContract, SetsTheFactsOfFoldersAndOfLinksThemselves) {
  put("target", "x");
  ASSERT_TRUE(files().make_folder(at("folder")));
  ASSERT_TRUE(files().make_symlink("target", at("link")));
  FileFacts facts = plain_facts();
  facts.mode = 0750;
  facts.modified_ns = kSomeTime + 5;
  ASSERT_TRUE(files().set_facts(at("folder"), facts));
  ASSERT_TRUE(files().set_facts(at("link"), facts));
  EXPECT_EQ(files().facts(at("folder"))->mode, 0750U);
  EXPECT_EQ(files().facts(at("folder"))->modified_ns, kSomeTime + 5);
  EXPECT_EQ(files().facts(at("link"))->modified_ns, kSomeTime + 5);
  EXPECT_EQ(files().facts(at("target"))->modified_ns, kSomeTime) << "the link's target is left alone";
}

TEST_P(FilesContract, ChangesTheChangeTimeWhenAFileIsReplaced) {
  put("file", "same");
  const auto before = files().facts(at("file"));
  put("file", "SAME");
  const auto after = files().facts(at("file"));
  ASSERT_TRUE(before);
  ASSERT_TRUE(after);
  EXPECT_EQ(before->modified_ns, after->modified_ns);
  EXPECT_TRUE(before->changed_ns != after->changed_ns || before->inode != after->inode);
}

}  // namespace
}  // namespace peerstore::conformance
