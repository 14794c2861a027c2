// The kinds of keys, hashes and signatures, each its own type.
#pragma once

#include <peerstore/runtime/bytes.hpp>

#include <cstdint>
#include <span>

namespace peerstore::crypto {

using Hash = FixedBytes<struct HashTag, 32>;
using SigningPublicKey = FixedBytes<struct SigningPublicKeyTag, 32>;  // Ed25519
using SigningSecretKey = FixedBytes<struct SigningSecretKeyTag, 32>;  // Ed25519 seed
using Signature = FixedBytes<struct SignatureTag, 64>;                // Ed25519
using BoxPublicKey = FixedBytes<struct BoxPublicKeyTag, 32>;          // X25519
using BoxSecretKey = FixedBytes<struct BoxSecretKeyTag, 32>;          // X25519
using SecretKey = FixedBytes<struct SecretKeyTag, 32>;                // symmetric

// Must run once before anything else here; false if libsodium cannot start.
bool start();

// Overwrites a secret that is no longer needed.
void wipe(std::span<std::uint8_t> secret);

}  // namespace peerstore::crypto
