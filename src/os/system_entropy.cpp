#include <sodium.h>
#include <peerstore/os/real.hpp>

namespace peerstore::os {

void SystemEntropy::fill(std::span<std::uint8_t> out) {
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

}  // namespace peerstore::os
