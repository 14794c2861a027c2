#include <gtest/gtest.h>
#include <unistd.h>
#include <os/other_process.hpp>
#include <os/temporary_folder.hpp>
#include <peerstore/os/real.hpp>

#include <fstream>

namespace peerstore::os {
namespace {

TEST(HomeLock, IsHeldUntilDestroyed) {
  const TemporaryFolder home;
  auto lock = HomeLock::take(home.path(), "lock");
  ASSERT_TRUE(lock) << lock.error().message();
  EXPECT_EQ(HomeLock::take(home.path(), "lock").error().code, Errc::busy);
  EXPECT_TRUE(HomeLock::take(home.path(), "other")) << "another name is another lock";
  lock->reset();
  EXPECT_TRUE(HomeLock::take(home.path(), "lock"));
}

TEST(HomeLock, NamesTheProcessThatHasIt) {
  const TemporaryFolder home;
  const auto lock = HomeLock::take(home.path(), "lock");
  ASSERT_TRUE(lock);
  const std::string holder = std::to_string(::getpid());
  EXPECT_TRUE(in_other_process([&] {
    const auto second = HomeLock::take(home.path(), "lock");
    return !second && second.error().code == Errc::busy &&
           second.error().message().find("process " + holder) != std::string::npos;
  }));
}

TEST(HomeLock, EndsWithItsProcess) {
  const TemporaryFolder home;
  ASSERT_TRUE(in_other_process([&] {
    auto lock = HomeLock::take(home.path(), "lock");
    return lock && lock->release() != nullptr;  // never destroyed
  }));
  EXPECT_TRUE(HomeLock::take(home.path(), "lock"));
}

TEST(HomeLock, AStaleOrStrangeFileDoesNotMatter) {
  const TemporaryFolder home;
  std::ofstream(home / "lock") << "999999999999999999999999 not a number";
  EXPECT_TRUE(HomeLock::take(home.path(), "lock"));
}

TEST(HomeLock, WithoutAHomeIsNotFound) {
  const TemporaryFolder home;
  EXPECT_EQ(HomeLock::take(home / "none", "lock").error().code, Errc::not_found);
}

}  // namespace
}  // namespace peerstore::os
