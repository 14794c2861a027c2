// A seed for the protocol's dice, which need not be secret but must differ between machines.
#pragma once

#include <peerstore/os/real.hpp>

#include <cstdint>
#include <cstring>

namespace peerstore::cli {

inline std::uint64_t fresh_seed() {
  os::SystemEntropy entropy;
  std::uint8_t bytes[sizeof(std::uint64_t)];
  entropy.fill(bytes);
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes, sizeof seed);
  return seed;
}

}  // namespace peerstore::cli
