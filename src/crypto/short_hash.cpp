#include <sodium.h>
#include <peerstore/crypto/short_hash.hpp>
#include <peerstore/runtime/check.hpp>

namespace peerstore::crypto {

std::uint64_t short_hash(const ShortHashKey& key, ByteView bytes) {
  static_assert(ShortHashKey::kSize == crypto_shorthash_siphash24_KEYBYTES);
  std::uint8_t out[crypto_shorthash_siphash24_BYTES];
  CHECK(crypto_shorthash_siphash24(out, bytes.data(), bytes.size(), key.bytes.data()) == 0);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof word; ++i) word |= std::uint64_t{out[i]} << (8 * i);
  return word;
}

}  // namespace peerstore::crypto
