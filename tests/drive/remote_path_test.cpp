#include <gtest/gtest.h>
#include <drive/remote_path.hpp>

namespace peerstore::drive {
namespace {

TEST(RemotePath, IsTheLocalOneWithoutItsLeadingSlash) {
  EXPECT_EQ(*remote_from_local("/home/ann"), "home/ann");
  EXPECT_EQ(*remote_from_local("//home///ann//"), "home/ann");
  EXPECT_EQ(*remote_from_local("/"), "");
  EXPECT_EQ(*remote_from_local("/a\nb/\xff"), "a\nb/\xff");
  for (const char* bad : {"", "home", "/home/../etc", "/home/./ann", "/.."}) {
    EXPECT_EQ(remote_from_local(bad).error().code, Errc::invalid) << bad;
  }
}

TEST(RootTree, MergesRootsThatLieInOneAnother) {
  RootTree roots;
  roots.add("home/ann/photos");
  roots.add("etc");
  roots.add("home/ann/photos/2024");
  roots.add("home/ann/photos");
  roots.add("home/bob/x");
  roots.add("home/bob");
  EXPECT_EQ(roots.roots(), (std::vector<std::string>{"etc", "home/ann/photos", "home/bob"}));
  roots.add("");
  EXPECT_EQ(roots.roots(), std::vector<std::string>{""});
  roots.add("etc");
  EXPECT_EQ(roots.roots(), std::vector<std::string>{""});
}

TEST(RootTree, KnowsWhatWasNamedWithinAnotherRoot) {
  RootTree roots;
  roots.add("home/ann");
  EXPECT_FALSE(roots.has_nested());
  roots.add("home/ann/cache/keep");
  EXPECT_TRUE(roots.has_nested());
  EXPECT_TRUE(roots.find("home/ann/cache/keep")->is_root);
  EXPECT_FALSE(roots.find("home/ann/cache")->is_root);
  EXPECT_EQ(roots.find("home/ann/other"), nullptr);
}

}  // namespace
}  // namespace peerstore::drive
