// Numbers out of numbers: what is fixed for a pair or a machine is computed and never stored.
#pragma once

#include <cstdint>

namespace peerstore::world {

// Any fixed mixing will do, as long as near inputs give far outputs (splitmix64's finaliser).
inline std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// In [0, 1).
inline double unit_of(std::uint64_t mixed) { return static_cast<double>(mixed >> 11) * 0x1.0p-53; }

}  // namespace peerstore::world
