// The drive over the files of a real system: what it takes for granted of Files must be so.
#include <sys/stat.h>
#include <drive/home.hpp>
#include <os/temporary_folder.hpp>
#include <peerstore/os/real.hpp>

namespace peerstore::drive {
namespace {

class RealFilesTest : public ::testing::Test {
 protected:
  RealFilesTest() { home.files_seen = other.files_seen = files.get(); }

  void write(const std::string& path, std::string_view content, std::uint32_t mode = 0644) {
    auto writer = files->create(path, true);
    ASSERT_TRUE(writer) << writer.error().message();
    ASSERT_TRUE((*writer)->append(as_bytes(content)));
    FileFacts facts;
    facts.mode = mode;
    facts.user = ::geteuid();
    facts.group = ::getegid();
    facts.modified_ns = 1'234'567'890'123'456'789 + ++written_;
    ASSERT_TRUE((*writer)->finish(facts));
  }
  std::string make_folder(const std::string& path) {
    EXPECT_TRUE(files->make_folder(path));
    return path;
  }

  std::unique_ptr<Files> files = os::open_files();
  os::TemporaryFolder here;
  Circle circle;
  Home home{circle};
  Home other{circle, 1};

 private:
  std::int64_t written_ = 0;
};

TEST_F(RealFilesTest, ATreeComesBackAsItWas) {
  const std::string top = make_folder(here / "top");
  const std::string deep = make_folder(make_folder(top + "/new\nline") + "/\xff\xfe");
  write(deep + "/" + std::string(255, 'n'), "long name");
  write(deep + "/empty", "", 0400);
  write(top + "/-big", std::string(3'000'000, 'b'), 04755);
  ASSERT_TRUE(files->make_hard_link(top + "/-big", deep + "/same"));
  ASSERT_TRUE(files->make_symlink("no/where\n", top + "/link"));
  ASSERT_EQ(::mkfifo((top + "/pipe").c_str(), 0600), 0);
  make_folder(top + "/nothing in it");
  FileFacts closed = *files->facts(deep);
  closed.mode = 0751;
  closed.modified_ns = 1'000'000'000'000'000'001;
  ASSERT_TRUE(files->set_facts(deep, closed));

  const auto summary = home.backup({top});
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->files, 4u);
  EXPECT_EQ(summary->others, 1u);
  ASSERT_EQ(home.warnings.size(), 1u);
  EXPECT_EQ(home.warnings[0].path, top + "/pipe");
  ASSERT_EQ(::unlink((top + "/pipe").c_str()), 0);
  // The folder changed by that, not by the backup.
  auto expected = describe(*files, top);
  expected.erase("");

  const std::string target = here / "back/again";
  const auto restored = other.restore("", target);
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_EQ(restored->failed, 0u);
  auto found = describe(*files, target + top);
  found.erase("");
  EXPECT_EQ(found, expected);

  // Once more: what is there is left alone, or written anew.
  const auto left_alone = other.restore("", target);
  ASSERT_TRUE(left_alone);
  EXPECT_EQ(left_alone->failed, 0u);
  EXPECT_EQ(left_alone->there, 4u);
  const auto anew = other.restore("", target, true);
  ASSERT_TRUE(anew);
  EXPECT_EQ(anew->failed, 0u) << other.warnings.back().path << other.warnings.back().error.message();
}

TEST_F(RealFilesTest, NothingIsWrittenThroughALink) {
  const std::string top = make_folder(here / "top");
  make_folder(top + "/folder");
  write(top + "/folder/file", "theirs");
  ASSERT_TRUE(home.backup({top}));
  const std::string outside = make_folder(here / "outside");
  const std::string target = here / "back";
  ASSERT_TRUE(other.restore(top.substr(1) + "/folder/file", target));
  ASSERT_EQ(::unlink((target + top + "/folder/file").c_str()), 0);
  ASSERT_EQ(::rmdir((target + top + "/folder").c_str()), 0);
  ASSERT_TRUE(files->make_symlink(outside, target + top + "/folder"));
  const auto restored = other.restore("", target, true);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 1u);
  EXPECT_TRUE(files->list(outside)->empty());
}

}  // namespace
}  // namespace peerstore::drive
