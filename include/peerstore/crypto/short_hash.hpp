// A keyed hash of 64 bits (SipHash-2-4, Aumasson and Bernstein, 2012): cheap, and nobody who does not know
// the key can choose inputs for their hashes. Too short for anything that must be unique for ever.
#pragma once

#include <peerstore/runtime/bytes.hpp>

#include <cstdint>

namespace peerstore::crypto {

using ShortHashKey = FixedBytes<struct ShortHashKeyTag, 16>;

// Its eight bytes read as little-endian, the same on every machine.
std::uint64_t short_hash(const ShortHashKey& key, ByteView bytes);

}  // namespace peerstore::crypto
