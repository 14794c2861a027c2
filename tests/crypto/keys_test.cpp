#include <gtest/gtest.h>
#include <peerstore/crypto/keys.hpp>

#include <algorithm>

namespace peerstore::crypto {
namespace {

TEST(Keys, StartSucceedsAndMayBeRepeated) {
  EXPECT_TRUE(start());
  EXPECT_TRUE(start());
}

TEST(Keys, WipeOverwritesTheWholeSecretAndNothingElse) {
  std::array<std::uint8_t, 40> memory;
  memory.fill(0x55);
  wipe(std::span(memory).subspan(4, 32));
  for (std::size_t i = 0; i < memory.size(); ++i) EXPECT_EQ(memory[i], i >= 4 && i < 36 ? 0 : 0x55) << i;
  wipe({});
}

}  // namespace
}  // namespace peerstore::crypto
