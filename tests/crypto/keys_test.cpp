#include <gtest/gtest.h>
#include <peerstore/crypto/keys.hpp>
#include <peerstore/crypto/secret.hpp>

#include <algorithm>

#include <crypto/memory_flags.hpp>

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

TEST(Keys, LieInLockedMemoryWhereverTheyAreKeptForLong) {
  struct Holder : InLockedMemory {
    SecretKey key;
  };
  const auto holder = std::make_unique<Holder>();
  const Guarded<SecretKey> guarded;
  Locked<SecretKey> locked;
  const LockedVector<SecretKey> several(3);
  EXPECT_TRUE(test::is_for_secrets(&holder->key));
  EXPECT_TRUE(test::is_for_secrets(&*guarded));
  EXPECT_TRUE(test::is_for_secrets(&*locked));
  EXPECT_TRUE(test::is_for_secrets(several.data()));
  const SecretKey* const place = &*locked;
  const Locked<SecretKey> moved = std::move(locked);
  EXPECT_EQ(&*moved, place);
  const auto ordinary = std::make_unique<SecretKey>();
  EXPECT_FALSE(test::is_for_secrets(ordinary.get()));
}

}  // namespace
}  // namespace peerstore::crypto
