// SetDigest: a digest of a set of hashes that does not depend on their order, and that follows
// additions and removals without looking at the rest.
//
// Four 64-bit sums. It tells sets apart that differ by accident; somebody who may choose many
// hashes could make two sets agree, and would thereby hide from others nothing but its own few
// statements (roster.hpp bounds how many of them there are).
#pragma once

#include <peerstore/crypto/keys.hpp>

#include <array>
#include <cstdint>
#include <cstring>

namespace peerstore::membership {

class SetDigest {
 public:
  void add(ByteView hash) {
    apply(hash, [](std::uint64_t& lane, std::uint64_t word) { lane += word; });
  }
  void remove(ByteView hash) {
    apply(hash, [](std::uint64_t& lane, std::uint64_t word) { lane -= word; });
  }

  crypto::Hash value() const {
    crypto::Hash out;
    for (std::size_t i = 0; i < out.bytes.size(); ++i) {
      out.bytes[i] = static_cast<std::uint8_t>(lanes_[i / 8] >> (8 * (i % 8)));
    }
    return out;
  }

 private:
  // Requires 32 bytes.
  template <class Change>
  void apply(ByteView hash, Change change) {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      std::uint64_t word = 0;
      for (std::size_t i = 0; i < 8; ++i) word |= std::uint64_t{hash[8 * lane + i]} << (8 * i);
      change(lanes_[lane], word);
    }
  }

  std::array<std::uint64_t, 4> lanes_{};
};

}  // namespace peerstore::membership
