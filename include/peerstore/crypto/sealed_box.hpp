// Sealed boxes (libsodium's crypto_box_seal: X25519, XSalsa20-Poly1305): to whoever has the secret key, from
// nobody in particular. What is inside must be authenticated by other means.
#pragma once

#include <peerstore/crypto/secret.hpp>
#include <peerstore/runtime/result.hpp>

namespace peerstore::crypto {

inline constexpr std::size_t kSealedBoxOverheadBytes = 48;

BoxPublicKey box_key_of(const BoxSecretKey& secret);
// Draws the sender's key from the system, so that no two boxes are alike. Errc::invalid if `to` is no key.
Result<Bytes> seal_box(const BoxPublicKey& to, ByteView plain);
// Errc::corrupt if it is not for this key, or was changed.
Result<SecretBytes> open_box(const BoxSecretKey& secret, ByteView sealed);

}  // namespace peerstore::crypto
