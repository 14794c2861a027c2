#include "trace_hash.hpp"

#include <bit>

namespace peerstore::simulator {

void TraceHash::add(std::uint64_t word) {
  low_ = std::rotl(low_ ^ word, 29) * 0x9e3779b97f4a7c15;
  high_ = (std::rotl(high_, 31) + low_) * 0xbf58476d1ce4e5b9;
}

std::string TraceHash::hex() const {
  Bytes bytes;
  for (const std::uint64_t half : {high_, low_}) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(half >> shift));
  }
  return to_hex(bytes);
}

}  // namespace peerstore::simulator
