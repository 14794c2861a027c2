#include "node/incarnations.hpp"

#include <gtest/gtest.h>

#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>

namespace peerstore::node {
namespace {

class IncarnationsTest : public testing::Test {
 protected:
  std::unique_ptr<Incarnations> open() {
    auto opened = clock.run(Incarnations::open(disk, workers));
    return opened ? std::move(*opened) : nullptr;
  }
  world::VirtualClock clock;
  world::InlineWorkers workers{clock};
  world::VirtualDisk disk;
};

TEST_F(IncarnationsTest, RiseAtEveryStartWhateverWasLost) {
  std::uint64_t last = 0;
  for (int life = 0; life < 50; ++life) {
    const auto incarnations = open();
    ASSERT_NE(incarnations, nullptr);
    EXPECT_GT(incarnations->current(), last);
    last = incarnations->current();
    for (int wakening = 0; wakening < life % 7; ++wakening) last = incarnations->next(0);
    if (incarnations->must_be_kept()) EXPECT_TRUE(clock.run(incarnations->keep()));
    disk.crash();
  }
}

TEST_F(IncarnationsTest, AreKeptBeforeTheyReachTheBound) {
  const auto incarnations = open();
  int lives = 0;
  while (!incarnations->must_be_kept()) {
    (void)incarnations->next(0);
    ASSERT_LT(++lives, 16);
  }
  EXPECT_TRUE(clock.run(incarnations->keep()));
  EXPECT_FALSE(incarnations->must_be_kept());
}

TEST_F(IncarnationsTest, RiseAboveWhatOthersRemember) {
  const auto incarnations = open();
  EXPECT_EQ(incarnations->next(1000), 1001u);
  EXPECT_TRUE(incarnations->must_be_kept());
}

TEST_F(IncarnationsTest, BeginAboveAllThatCanHaveBeenForgottenIfTheFileIsDamagedOrGone) {
  ASSERT_TRUE(disk.replace("incarnation", as_bytes("12x")));
  const auto damaged = clock.run(Incarnations::open(disk, workers, 500));
  ASSERT_TRUE(damaged);
  EXPECT_EQ((*damaged)->current(), 501u);
  ASSERT_TRUE(disk.remove("incarnation"));
  const auto gone = clock.run(Incarnations::open(disk, workers, 700));
  ASSERT_TRUE(gone);
  EXPECT_EQ((*gone)->current(), 701u);
}

}  // namespace
}  // namespace peerstore::node
