#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/vault/cutter.hpp>

#include <algorithm>

namespace peerstore::vault {

namespace {

constexpr std::size_t kHashedBytes = 64;  // older ones are shifted out
constexpr std::size_t kWordsPerHash = crypto::Hash::kSize / 8;

// A hash below the threshold has so many zeros in front.
constexpr std::uint64_t zeros(int bits) { return std::uint64_t{1} << (64 - bits); }
constexpr std::uint64_t kThresholdSmall = zeros(20);
constexpr std::uint64_t kThresholdNormal = zeros(18);
constexpr std::uint64_t kThresholdName = zeros(9);

using Gear = std::array<std::uint64_t, 256>;

std::uint64_t pushed(std::uint64_t hash, const Gear& gear, std::uint8_t byte) {
  return (hash << 1) + gear[byte];
}

// The first place in [from, to) after whose byte a cut may be made, counted as a size; 0 if none.
std::size_t first_cut_bytewise(const Gear& gear, ByteView bytes, std::size_t from, std::size_t to,
                               std::uint64_t threshold) {
  std::uint64_t hash = 0;
  for (std::size_t i = from - kHashedBytes; i < from; ++i) hash = pushed(hash, gear, bytes[i]);
  for (std::size_t i = from; i < to; ++i) {
    hash = pushed(hash, gear, bytes[i]);
    if (hash < threshold) return i + 1;
  }
  return 0;
}

// A hash has to wait for that of the byte before it. A processor that can do several things at once therefore
// takes several lanes side by side: a hash depends on so few bytes that each lane can begin by itself.
constexpr std::size_t kLanes = 4;
constexpr std::size_t kLaneBytes = 2048;
constexpr std::size_t kRoundBytes = kLanes * kLaneBytes;

// The least hash that ends in the round.
std::uint64_t least_hash(const Gear& gear, ByteView bytes, std::size_t round) {
  const std::uint8_t* const begin = bytes.data() + round - kHashedBytes;
  std::array<std::uint64_t, kLanes> hashes{};
  for (std::size_t i = 0; i < kHashedBytes; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      hashes[lane] = pushed(hashes[lane], gear, begin[lane * kLaneBytes + i]);
    }
  }
  std::array<std::uint64_t, kLanes> least;
  least.fill(~std::uint64_t{0});
  for (std::size_t i = kHashedBytes; i < kHashedBytes + kLaneBytes; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      hashes[lane] = pushed(hashes[lane], gear, begin[lane * kLaneBytes + i]);
      least[lane] = std::min(least[lane], hashes[lane]);
    }
  }
  return *std::ranges::min_element(least);
}

std::size_t first_cut(const Gear& gear, ByteView bytes, std::size_t from, std::size_t to,
                      std::uint64_t threshold) {
  std::size_t round = from;
  for (; to - round >= kRoundBytes; round += kRoundBytes) {
    if (least_hash(gear, bytes, round) < threshold) {
      return first_cut_bytewise(gear, bytes, round, round + kRoundBytes, threshold);
    }
  }
  return first_cut_bytewise(gear, bytes, round, to, threshold);
}

}  // namespace

Cutter::Cutter(const VaultKeys& keys) {
  for (std::size_t i = 0; i < gear_.size(); i += kWordsPerHash) {
    const auto first = static_cast<std::uint8_t>(i);
    const crypto::Hash hash = crypto::keyed_hash(keys.cuts, "gear", {ByteView(&first, 1)});
    ByteReader words(hash.view());
    for (std::size_t j = 0; j < kWordsPerHash; ++j) gear_[i + j] = words.u64();
  }
}

std::size_t Cutter::next(ByteView window) const {
  CHECK(!window.empty());
  const std::size_t end = std::min(window.size(), kBytesMax);
  if (end <= kBytesMin) return end;
  const std::size_t normal = std::min(end, kBytesNormal);
  std::size_t size = first_cut(gear_, window, kBytesMin, normal, kThresholdSmall);
  if (size == 0 && normal < end) size = first_cut(gear_, window, normal, end, kThresholdNormal);
  return size == 0 ? end : size;
}

bool Cutter::cuts_after(std::string_view name) const {
  std::uint64_t hash = 0;
  for (const char byte : name) hash = (hash << 1) + gear_[static_cast<std::uint8_t>(byte)];
  return hash < kThresholdName;
}

}  // namespace peerstore::vault
