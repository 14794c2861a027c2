#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <os/file_facts.hpp>
#include <os/other_process.hpp>
#include <os/temporary_folder.hpp>
#include <peerstore/os/real.hpp>

#include <fstream>
#include <limits>

namespace peerstore::os {
namespace {

template <class T>
Errc code_of(const Result<T>& result) {
  return result ? Errc{} : result.error().code;
}

class RealFiles : public testing::Test {
 protected:
  TemporaryFolder folder;
  std::unique_ptr<Files> files = open_files();

  // A file's facts as a backup of this user's own file would have them.
  static FileFacts own_facts(std::uint32_t mode, std::int64_t modified_ns) {
    FileFacts facts;
    facts.mode = mode;
    facts.user = ::geteuid();
    facts.group = ::getegid();
    facts.modified_ns = modified_ns;
    return facts;
  }
  Result<void> write(const std::string& path, std::string_view content, bool overwrite,
                     const FileFacts& facts = own_facts(0644, 1'000'000'000)) {
    auto writer = files->create(path, overwrite);
    if (!writer) return writer.error();
    if (auto done = (*writer)->append(as_bytes(content)); !done) return done;
    const auto finished = (*writer)->finish(facts);
    if (!finished) return finished.error();
    return {};
  }
  std::string read(const std::string& path) {
    auto reader = files->open(path);
    if (!reader) return "failed: " + reader.error().message();
    const auto bytes = (*reader)->read(1 << 20);
    return bytes ? std::string(as_text(*bytes)) : "failed: " + bytes.error().message();
  }
  std::vector<std::string> names() { return *files->list(folder.path()); }
};

TEST_F(RealFiles, GivesBackContentModeAndTimeToTheNanosecond) {
  const std::string path = folder / "file";
  for (const std::int64_t time : {1'700'000'000'123'456'789ll, 0ll, 1ll, -1ll, -1'500'000'001ll}) {
    ASSERT_TRUE(write(path, "content", true, own_facts(0640, time)));
    const auto facts = files->facts(path);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->kind, FileKind::file);
    EXPECT_EQ(facts->mode, 0640u);
    EXPECT_EQ(facts->modified_ns, time);
    EXPECT_EQ(facts->size, 7u);
    EXPECT_EQ(facts->user, ::geteuid());
    EXPECT_EQ(facts->links, 1u);
    EXPECT_GT(facts->changed_ns, 1'600'000'000'000'000'000);
  }
  EXPECT_EQ(read(path), "content");
}

// More than is let be under way to the disk at a time, in files of every size around the limits.
TEST_F(RealFiles, WhatIsSentToTheDiskEarlyIsWholeAndDurable) {
  const auto byte_at = [](std::size_t file, std::size_t at) {
    return static_cast<std::uint8_t>(file + at / 251);
  };
  const std::vector<std::size_t> sizes = {(256 << 10) - 1, 256 << 10, (4 << 20) - 1,
                                          (4 << 20) + 1,   48 << 20,  5};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Bytes content(sizes[i]);
    for (std::size_t at = 0; at < content.size(); ++at) content[at] = byte_at(i, at);
    auto writer = files->create(folder / std::to_string(i), false);
    ASSERT_TRUE(writer);
    for (ByteView left = content; !left.empty();
         left = left.subspan(std::min<std::size_t>(left.size(), 100'000))) {
      ASSERT_TRUE((*writer)->append(left.first(std::min<std::size_t>(left.size(), 100'000))));
    }
    ASSERT_TRUE((*writer)->finish(own_facts(0600, 5), {}, Durable::later));
  }
  ASSERT_TRUE(files->sync(folder.path()));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    auto reader = files->open(folder / std::to_string(i));
    ASSERT_TRUE(reader);
    const auto content = (*reader)->read(sizes[i] + 1);
    ASSERT_TRUE(content);
    ASSERT_EQ(content->size(), sizes[i]);
    std::size_t wrong = 0;
    for (std::size_t at = 0; at < content->size(); ++at) wrong += (*content)[at] != byte_at(i, at);
    EXPECT_EQ(wrong, 0u);
  }
}

TEST_F(RealFiles, ANewFileAppearsOnlyWhenFinished) {
  const std::string path = folder / "file";
  auto writer = files->create(path, false);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(as_bytes("one ")));
  EXPECT_EQ(code_of(files->facts(path)), Errc::not_found);
  ASSERT_EQ(names().size(), 1u);
  EXPECT_EQ(names()[0].substr(0, 16), ".file.peerstore-");
  ASSERT_TRUE((*writer)->append(as_bytes("two")));
  ASSERT_TRUE((*writer)->finish(own_facts(0600, 5)));
  writer->reset();
  EXPECT_EQ(names(), std::vector<std::string>{"file"});
  EXPECT_EQ(read(path), "one two");
}

TEST_F(RealFiles, OnlyFilesAndLinksAreReplaced) {
  const std::string pipe = folder.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(files->create(pipe, true).error().code, Errc::refused);
  ASSERT_EQ(::symlink("pipe", (folder.path() + "/link").c_str()), 0);
  EXPECT_TRUE(files->create(folder.path() + "/link", true));
}

TEST(FileFactsOf, ATimeThatCannotBeHeldBecomesTheNearest) {
  struct stat status = {};
  status.st_mtim.tv_sec = 20'000'000'000;
  status.st_ctim.tv_sec = -20'000'000'000;
  EXPECT_EQ(facts_from(status).modified_ns, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(facts_from(status).changed_ns, std::numeric_limits<std::int64_t>::min());
}

TEST_F(RealFiles, AnUnfinishedFileLeavesNothing) {
  {
    auto writer = files->create(folder / "file", false);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->append(as_bytes("half")));
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(RealFiles, RemovesWhatProcessesThatWereKilledHaveLeft) {
  const std::string left = folder / ".file.peerstore-0123456789abcdef";
  std::ofstream(left) << "half";
  std::ofstream(folder / ".file.peerstore-0123456789abcdeg") << "not one";
  std::ofstream(folder / "file.peerstore-0123456789abcdef") << "nor this";
  ASSERT_TRUE(files->remove_unfinished(folder.path()));
  EXPECT_EQ(names(), (std::vector<std::string>{".file.peerstore-0123456789abcdeg",
                                               "file.peerstore-0123456789abcdef"}));
}

TEST_F(RealFiles, ZerosBecomeHolesAndHolesAreFound) {
  const std::string path = folder / "sparse";
  std::string content(5'000'000, '\0');
  content.replace(1'000'000, 3, "one");
  content.replace(3'000'000, 8192, std::string(8192, 'x'));
  for (const std::size_t piece :
       {std::size_t{4096}, std::size_t{1000}, std::size_t{1'000'001}, content.size()}) {
    auto writer = files->create(path, true);
    ASSERT_TRUE(writer);
    for (std::size_t at = 0; at < content.size(); at += piece) {
      ASSERT_TRUE((*writer)->append(as_bytes(std::string_view(content).substr(at, piece))));
    }
    ASSERT_TRUE((*writer)->finish(own_facts(0600, 5)));
    auto reader = files->open(path);
    ASSERT_TRUE(reader);
    const auto back = (*reader)->read(content.size() + 1);
    ASSERT_TRUE(back);
    EXPECT_TRUE(as_text(*back) == content) << piece;
    if (piece < 4096) continue;
    EXPECT_EQ(*(*reader)->next_data(0), 1'000'000u / 4096 * 4096);
    EXPECT_EQ(*(*reader)->next_data(1'100'000), 3'000'000u / 4096 * 4096);
    EXPECT_EQ(*(*reader)->next_data(4'000'000), content.size());
    EXPECT_EQ(*(*reader)->next_data(content.size() + 7), content.size() + 7);
    (*reader)->move_to(3'000'000);
    EXPECT_EQ(as_text(*(*reader)->read(4)), "xxxx");
  }
}

TEST_F(RealFiles, KeepsExtendedAttributesAlsoOfFilesThatNobodyMayWrite) {
  const FileAttributes attributes = {{"user.empty", {}}, {"user.one", {1, 0, 255}}};
  auto writer = files->create(folder / "file", false);
  ASSERT_TRUE(writer);
  const auto refused = (*writer)->finish(own_facts(0400, 5), attributes);
  ASSERT_TRUE(refused);
  if (refused->size() == attributes.size()) GTEST_SKIP() << "this file system has no attributes";
  EXPECT_EQ(*files->attributes(folder / "file"), attributes);
  ASSERT_TRUE(files->make_folder(folder / "folder"));
  const FileAttributes odd = {{"nonsense.name", {1}}, {"user.one", Bytes(2000, 7)}};
  EXPECT_EQ(*files->set_facts(folder / "folder", own_facts(0500, 6), odd),
            std::vector<std::string>{"nonsense.name"});
  EXPECT_EQ(*files->attributes(folder / "folder"), (FileAttributes{odd[1]}));
  EXPECT_TRUE(files->attributes(folder.path())->empty());
}

TEST_F(RealFiles, KnowsAccountsByNumberAndName) {
  EXPECT_EQ(files->account_name(Account::user, 0), "root");
  EXPECT_EQ(files->account_name(Account::group, 0), "root");
  EXPECT_EQ(files->account_number(Account::user, "root"), 0u);
  EXPECT_EQ(files->account_number(Account::group, "root"), 0u);
  EXPECT_EQ(files->account_name(Account::user, 4'000'000'001u), "");
  EXPECT_EQ(files->account_number(Account::user, "nobody has this name"), std::nullopt);
}

TEST_F(RealFiles, OverwritesOnlyWhenAsked) {
  const std::string path = folder / "file";
  ASSERT_TRUE(write(path, "old", false));
  EXPECT_EQ(code_of(files->create(path, false)), Errc::refused);
  EXPECT_EQ(read(path), "old");
  ASSERT_TRUE(write(path, "new", true));
  EXPECT_EQ(read(path), "new");
}

TEST_F(RealFiles, AFileThatAppearedMeanwhileIsNotOverwritten) {
  const std::string path = folder / "file";
  {
    auto writer = files->create(path, false);
    ASSERT_TRUE(writer);
    std::ofstream(path) << "somebody's";
    EXPECT_EQ(code_of((*writer)->finish(own_facts(0600, 0))), Errc::refused);
  }
  EXPECT_EQ(read(path), "somebody's");
  EXPECT_EQ(names(), std::vector<std::string>{"file"});
}

TEST_F(RealFiles, AFailedRenameLeavesWhatWasThere) {
  const std::string path = folder / "place";
  {
    auto writer = files->create(path, true);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(files->make_folder(path));
    std::ofstream(path + "/inside") << "inside";
    EXPECT_FALSE((*writer)->finish(own_facts(0600, 0)));
  }
  EXPECT_EQ(read(path + "/inside"), "inside");
  EXPECT_EQ(names(), std::vector<std::string>{"place"});
  EXPECT_EQ(code_of(files->create(path, true)), Errc::refused) << "a folder is never replaced by a file";
}

TEST_F(RealFiles, OverwritingALinkReplacesTheLinkNotItsTarget) {
  ASSERT_TRUE(write(folder / "target", "target", false));
  ASSERT_TRUE(files->make_symlink("target", folder / "link"));
  EXPECT_EQ(code_of(files->create(folder / "link", false)), Errc::refused);
  ASSERT_TRUE(write(folder / "link", "file", true));
  EXPECT_EQ(read(folder / "target"), "target");
  EXPECT_EQ(files->facts(folder / "link")->kind, FileKind::file);
}

TEST_F(RealFiles, NamesAreRawBytes) {
  std::vector<std::string> odd = {"line\nbreak",     "\xff\xfe\x80 not utf-8", "-rf",         " ",
                                  "\x01\x1b[31mred", std::string(255, 'n'),    "\xc3\xbc.txt"};
  for (std::size_t i = 0; i < odd.size(); ++i)
    ASSERT_TRUE(write(folder / odd[i], std::to_string(i), false)) << i;
  for (std::size_t i = 0; i < odd.size(); ++i) EXPECT_EQ(read(folder / odd[i]), std::to_string(i));
  std::sort(odd.begin(), odd.end());
  EXPECT_EQ(names(), odd);
  EXPECT_FALSE(files->create(folder / std::string(256, 'n'), false));
}

TEST_F(RealFiles, AZeroByteDoesNotCutAPathShort) {
  const std::string path = (folder / "file") + std::string("\0hidden", 7);
  ASSERT_TRUE(write(folder / "file", "x", false));
  EXPECT_EQ(code_of(files->facts(path)), Errc::invalid);
  EXPECT_EQ(code_of(files->list(path)), Errc::invalid);
  EXPECT_EQ(code_of(files->open(path)), Errc::invalid);
  EXPECT_EQ(code_of(files->read_link(path)), Errc::invalid);
  EXPECT_EQ(code_of(files->create(path, true)), Errc::invalid);
  EXPECT_EQ(code_of(files->make_folder(path)), Errc::invalid);
  EXPECT_EQ(code_of(files->make_symlink("target", path)), Errc::invalid);
  EXPECT_EQ(code_of(files->make_symlink(path, folder / "link")), Errc::invalid);
  EXPECT_EQ(code_of(files->make_hard_link(folder / "file", path)), Errc::invalid);
  EXPECT_EQ(code_of(files->make_hard_link(path, folder / "link")), Errc::invalid);
  EXPECT_EQ(code_of(files->set_facts(path, {})), Errc::invalid);
}

TEST_F(RealFiles, ReadsInPiecesAndShortOnlyAtTheEnd) {
  std::string content;
  for (int i = 0; i < 10'000; ++i) content += std::to_string(i);
  ASSERT_TRUE(write(folder / "file", content, false));
  auto reader = files->open(folder / "file");
  ASSERT_TRUE(reader);
  std::string together;
  while (true) {
    const auto piece = (*reader)->read(999);
    ASSERT_TRUE(piece);
    together += as_text(*piece);
    if (piece->size() < 999) break;
  }
  EXPECT_EQ(together, content);
  EXPECT_TRUE((*reader)->read(10)->empty());
  auto again = files->open(folder / "file");
  // Asking for more than there could ever be costs no more than what is there.
  EXPECT_EQ((*again)->read(std::numeric_limits<std::size_t>::max())->size(), content.size());
}

TEST_F(RealFiles, AReaderSeesAFileThatGrows) {
  ASSERT_TRUE(write(folder / "file", "short", false));
  auto reader = files->open(folder / "file");
  ASSERT_TRUE(reader);
  std::ofstream(folder / "file", std::ios::app) << std::string(100'000, 'x');
  EXPECT_EQ((*reader)->read(1'000'000)->size(), 100'005u);
  EXPECT_EQ((*reader)->facts()->size, 100'005u);
}

TEST_F(RealFiles, HardLinksShareAnInode) {
  ASSERT_TRUE(write(folder / "one", "x", false));
  ASSERT_TRUE(files->make_hard_link(folder / "one", folder / "two"));
  const auto one = files->facts(folder / "one");
  const auto two = files->facts(folder / "two");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(*one, *two);
  EXPECT_EQ(one->links, 2u);
  EXPECT_EQ(code_of(files->make_hard_link(folder / "one", folder / "two")), Errc::refused);
  EXPECT_EQ(code_of(files->make_hard_link(folder / "none", folder / "three")), Errc::not_found);
}

TEST_F(RealFiles, LinksAreSeenNeverFollowed) {
  ASSERT_TRUE(files->make_folder(folder / "folder"));
  ASSERT_TRUE(files->make_symlink("folder", folder / "link"));
  const std::string strange = "no where\n\xff";
  ASSERT_TRUE(files->make_symlink(strange, folder / "dangling"));
  EXPECT_EQ(files->facts(folder / "link")->kind, FileKind::symlink);
  EXPECT_EQ(*files->read_link(folder / "link"), "folder");
  EXPECT_EQ(*files->read_link(folder / "dangling"), strange);
  EXPECT_EQ(code_of(files->open(folder / "dangling")), Errc::invalid);
  EXPECT_EQ(code_of(files->list(folder / "link")), Errc::invalid);
  EXPECT_EQ(code_of(files->make_folder(folder / "link")), Errc::refused);
  EXPECT_EQ(code_of(files->make_symlink("x", folder / "link")), Errc::refused);
  EXPECT_EQ(code_of(files->read_link(folder / "folder")), Errc::invalid);
  EXPECT_TRUE(files->make_hard_link(folder / "dangling", folder / "second"));
  EXPECT_EQ(*files->read_link(folder / "second"), strange);
}

TEST_F(RealFiles, FactsOfALinkAreItsOwn) {
  ASSERT_TRUE(write(folder / "target", "x", false, own_facts(0644, 77)));
  ASSERT_TRUE(files->make_symlink("target", folder / "link"));
  ASSERT_TRUE(files->set_facts(folder / "link", own_facts(0600, 1'234'567'891)));
  EXPECT_EQ(files->facts(folder / "link")->modified_ns, 1'234'567'891);
  EXPECT_EQ(files->facts(folder / "target")->modified_ns, 77);
  EXPECT_EQ(files->facts(folder / "target")->mode, 0644u);
}

TEST_F(RealFiles, FactsOfAFolderAreSetEvenIfItCannotBeRead) {
  const std::string path = folder / "folder";
  ASSERT_TRUE(files->make_folder(path));
  EXPECT_TRUE(files->make_folder(path)) << "no error if it is there";
  ASSERT_TRUE(files->set_facts(path, own_facts(0300, 42)));
  ASSERT_TRUE(files->set_facts(path, own_facts(01755, 9'876'543'210)));
  const auto facts = files->facts(path);
  EXPECT_EQ(facts->kind, FileKind::folder);
  EXPECT_EQ(facts->mode, 01755u);
  EXPECT_EQ(facts->modified_ns, 9'876'543'210);
  EXPECT_EQ(facts->size, 0u);
  EXPECT_EQ(code_of(files->set_facts(folder / "none", {})), Errc::not_found);
}

TEST_F(RealFiles, AbsenceIsNotFound) {
  ASSERT_TRUE(write(folder / "file", "x", false));
  EXPECT_EQ(code_of(files->facts(folder / "none")), Errc::not_found);
  EXPECT_EQ(code_of(files->facts(folder / "file/below")), Errc::not_found);
  EXPECT_EQ(code_of(files->open(folder / "none")), Errc::not_found);
  EXPECT_EQ(code_of(files->list(folder / "none")), Errc::not_found);
  EXPECT_EQ(code_of(files->create(folder / "none/file", false)), Errc::not_found);
  EXPECT_EQ(code_of(files->make_folder(folder / "none/folder")), Errc::not_found);
  EXPECT_EQ(code_of(files->create("", false)), Errc::invalid);
  EXPECT_EQ(code_of(files->create(folder / "folder/", false)), Errc::invalid);
}

TEST_F(RealFiles, APipeIsSeenButNotOpened) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(files->facts(folder / "pipe")->kind, FileKind::other);
  EXPECT_EQ(code_of(files->open(folder / "pipe")), Errc::invalid);
  EXPECT_EQ(code_of(files->open(folder.path())), Errc::invalid);
}

TEST_F(RealFiles, RootRestoresOwnersAndTheRightsTheyLend) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may";
  FileFacts facts = own_facts(06755, 1);
  facts.user = 1234;
  facts.group = 5678;
  ASSERT_TRUE(write(folder / "file", "x", false, facts));
  EXPECT_EQ(files->facts(folder / "file")->user, 1234u);
  EXPECT_EQ(files->facts(folder / "file")->group, 5678u);
  EXPECT_EQ(files->facts(folder / "file")->mode, 06755u);
  ASSERT_TRUE(files->make_symlink("x", folder / "link"));
  ASSERT_TRUE(files->set_facts(folder / "link", facts));
  EXPECT_EQ(files->facts(folder / "link")->user, 1234u);
}

TEST_F(RealFiles, AnOrdinaryUserKeepsTheFileAndLendsNoRights) {
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  EXPECT_TRUE(as_ordinary_user([this] {
    FileFacts facts = own_facts(06755, 17);
    facts.user = 1234;
    return write(folder / "file", "x", false, facts).has_value() && files->make_folder(folder / "folder") &&
           files->set_facts(folder / "folder", facts).has_value();
  }));
  for (const char* name : {"file", "folder"}) {
    const auto facts = files->facts(folder / name);
    ASSERT_TRUE(facts) << name;
    EXPECT_NE(facts->user, 1234u) << name;
    EXPECT_EQ(facts->mode, 0755u) << name;
    EXPECT_EQ(facts->modified_ns, 17) << name;
  }
}

TEST_F(RealFiles, WhatMayNotBeReadSaysSo) {
  ASSERT_TRUE(write(folder / "secret", "x", false, own_facts(0000, 0)));
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  EXPECT_TRUE(as_ordinary_user([this] {
    const auto reader = files->open(folder / "secret");
    return !reader && reader.error().code == Errc::io &&
           reader.error().message().find("secret: Permission denied") != std::string::npos;
  }));
}

}  // namespace
}  // namespace peerstore::os
