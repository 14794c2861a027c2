// Argon2id (RFC 9106) through libsodium: what makes each guess at a passphrase cost memory and time.
#pragma once

#include <peerstore/crypto/secret.hpp>
#include <peerstore/runtime/result.hpp>

#include <cstdint>

namespace peerstore::crypto {

using PassphraseSalt = FixedBytes<struct PassphraseSaltTag, 16>;

struct PassphraseCost {
  std::uint32_t passes = 3;
  std::uint64_t bytes = std::uint64_t{256} << 20;
  bool operator==(const PassphraseCost&) const = default;
};

// 32 bytes, one lane. Errc::full if there is not enough memory; Errc::invalid if the cost is out of
// libsodium's range. Blocks for as long as it takes.
Result<Guarded<SecretKey>> hash_passphrase(ByteView passphrase, const PassphraseSalt& salt,
                                           const PassphraseCost& cost);

}  // namespace peerstore::crypto
