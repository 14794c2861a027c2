#include <peerstore/world/memory_files.hpp>

#include <gtest/gtest.h>

namespace peerstore::world {
namespace {

TEST(MemoryFiles, ChangesTheChangeTimeWithEveryChange) {
  MemoryFiles files;
  files.write("/home/a", "one");
  const auto first = files.facts("/home/a");
  files.write("/home/a", "two");
  const auto second = files.facts("/home/a");
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->size, second->size);
  EXPECT_EQ(first->inode, second->inode);
  EXPECT_LT(first->changed_ns, second->changed_ns);
}

TEST(MemoryFiles, DoesNotLookThroughSymbolicLinks) {
  MemoryFiles files;
  files.write("/home/folder/a", "a");
  ASSERT_TRUE(files.make_symlink("/home/folder", "/home/link"));
  EXPECT_EQ(files.facts("/home/link")->kind, FileKind::symlink);
  EXPECT_FALSE(files.facts("/home/link/a"));
  EXPECT_FALSE(files.list("/home/link"));
  EXPECT_FALSE(files.open("/home/link"));
}

TEST(MemoryFiles, FailsWhereItWasToldTo) {
  MemoryFiles files;
  files.write("/home/a", "a");
  files.make_unreadable("/home/a");
  files.make_other("/home/pipe");
  EXPECT_TRUE(files.facts("/home/a"));
  EXPECT_FALSE(files.open("/home/a"));
  EXPECT_EQ(files.facts("/home/pipe")->kind, FileKind::other);
  files.make_unreadable("/home");
  EXPECT_FALSE(files.list("/home"));
}

TEST(MemoryFiles, CountsHardLinksAsTheyComeAndGo) {
  MemoryFiles files;
  files.write("/a", "a");
  ASSERT_TRUE(files.make_hard_link("/a", "/b"));
  EXPECT_EQ(files.facts("/b")->links, 2U);
  EXPECT_EQ(files.facts("/a")->inode, files.facts("/b")->inode);
  files.remove("/a");
  EXPECT_EQ(files.facts("/b")->links, 1U);
  EXPECT_EQ(files.read("/b"), "a");
}

}  // namespace
}  // namespace peerstore::world
