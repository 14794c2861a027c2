#include "box_key.hpp"

#include <sodium.h>

#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/check.hpp>

namespace peerstore::membership {

crypto::BoxPublicKey box_key_of(const crypto::SecretKey& drive_secret) {
  crypto::SecretKey secret = crypto::derive_key(drive_secret, "box key");
  crypto::BoxPublicKey key;
  CHECK(crypto_scalarmult_curve25519_base(key.bytes.data(), secret.bytes.data()) == 0);
  crypto::wipe(secret.bytes);
  return key;
}

}  // namespace peerstore::membership
