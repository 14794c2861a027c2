// Hashing and key derivation: BLAKE3 everywhere (one algorithm per ring format version, behind
// these functions). Every use names its purpose, so that no value means two things; multi-field
// inputs are built with ByteWriter, so that fields cannot run into one another.
#pragma once

#include <peerstore/crypto/keys.hpp>

#include <initializer_list>
#include <string_view>

namespace peerstore::crypto {

// BLAKE3 in key-derivation mode: context "peerstore 1 <purpose>", over the parts, each after its
// u64 length. `purpose` is a constant of the program, never data.
Hash hash(std::string_view purpose, std::initializer_list<ByteView> parts);

// BLAKE3 keyed with a sub-key made from (key, purpose): a pseudo-random function of the parts.
Hash keyed_hash(const SecretKey& key, std::string_view purpose, std::initializer_list<ByteView> parts);

// A key for one purpose, from another key.
SecretKey derive_key(const SecretKey& key, std::string_view purpose,
                     std::initializer_list<ByteView> parts = {});

// Equal, in time that does not depend on the contents.
bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace peerstore::crypto
