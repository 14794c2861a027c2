// The Merkle tree of RFC 6962 section 2.1 over the segments of a chunk, with BLAKE3: leaves and
// nodes are hashed under different purposes, and an odd node is carried up, never doubled.
#pragma once

#include <peerstore/crypto/keys.hpp>

#include <span>
#include <vector>

namespace peerstore::crypto {

Hash merkle_leaf(ByteView segment);
// Requires at least one leaf.
Hash merkle_root(std::span<const Hash> leaves);

}  // namespace peerstore::crypto
