// Bytes from a seed, for tests.
#pragma once

#include <peerstore/runtime/random.hpp>

namespace peerstore::vault {

inline Bytes random_bytes(Random& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  return bytes;
}

}  // namespace peerstore::vault
