// TraceHash: a rolling fingerprint of everything that happened in a run, in its order. Two runs that
// differ anywhere differ in it, except by an accident of 128 bits; it is no defence against anybody.
#pragma once

#include <peerstore/runtime/bytes.hpp>

#include <cstdint>
#include <string>

namespace peerstore::simulator {

class TraceHash {
 public:
  void add(std::uint64_t word);
  // The first eight bytes of an identifier tell it from any other of a run.
  template <class Tag, std::size_t N>
  void add(const FixedBytes<Tag, N>& id) {
    add(FixedBytesHash()(id));
  }
  std::string hex() const;

 private:
  std::uint64_t low_ = 0x243f6a8885a308d3;
  std::uint64_t high_ = 0x13198a2e03707344;
};

}  // namespace peerstore::simulator
