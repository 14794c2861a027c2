#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <os/other_process.hpp>
#include <os/temporary_folder.hpp>
#include <peerstore/os/real.hpp>

namespace peerstore::os {
namespace {

TEST(ProtectProcess, AllowsNoCoreAndNoTracing) {
  EXPECT_TRUE(in_other_process([] {
    protect_process();
    rlimit core{1, 1};
    return ::getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0 &&
           ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  }));
}

TEST(ProtectProcess, LeavesAnOrdinaryUserAbleToRestoreFolders) {
  const TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  EXPECT_TRUE(as_ordinary_user([&] {
    protect_process();
    const auto files = open_files();
    FileFacts facts;
    facts.mode = 0751;
    facts.modified_ns = 3;
    return files->make_folder(folder / "folder") && files->set_facts(folder / "folder", facts) &&
           files->facts(folder / "folder")->mode == 0751;
  }));
}

TEST(SystemEntropy, DoesNotRepeat) {
  SystemEntropy entropy;
  std::array<std::uint8_t, 32> first{};
  std::array<std::uint8_t, 32> second{};
  entropy.fill(first);
  entropy.fill(second);
  EXPECT_NE(first, second);
  EXPECT_NE(first, (std::array<std::uint8_t, 32>{}));
  entropy.fill({});
}

}  // namespace
}  // namespace peerstore::os
