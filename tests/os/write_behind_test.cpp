#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <os/descriptor.hpp>
#include <os/temporary_folder.hpp>
#include <os/write_behind.hpp>

#include <string>

namespace peerstore::os {
namespace {

TEST(WriteBehind, TellsUntilTheEndOfWhatDidNotReachItsDisk) {
  const TemporaryFolder folder;
  WriteBehind write_behind;
  const Descriptor nothing(::open((folder / "file").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
  const Descriptor name(
      ::open((folder / "file").c_str(), O_PATH | O_CLOEXEC));  // of which nothing can be written
  ASSERT_TRUE(nothing && name);
  write_behind.wrote(nothing.number(), 0, 1);
  EXPECT_TRUE(write_behind.standing());
  write_behind.wrote(name.number(), 0, 1);
  write_behind.wrote(nothing.number(), 0, 1);
  EXPECT_FALSE(write_behind.standing());
}

TEST(WriteBehind, NeedsNoFileThatIsOpenOrThereStill) {
  const TemporaryFolder folder;
  WriteBehind write_behind;
  const std::string content(8 << 20, 'x');
  for (int i = 0; i < 8; ++i) {  // 64 MB: more than may be under way
    const std::string path = folder / "file";
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    ASSERT_TRUE(file);
    ASSERT_EQ(::pwrite(file.number(), content.data(), content.size(), 0),
              static_cast<ssize_t>(content.size()));
    write_behind.wrote(file.number(), 0, content.size());
    ASSERT_EQ(::unlink(path.c_str()), 0);
  }
  EXPECT_TRUE(write_behind.standing());
}

}  // namespace
}  // namespace peerstore::os
