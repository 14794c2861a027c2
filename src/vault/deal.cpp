#include "deal.hpp"

#include <peerstore/runtime/check.hpp>

#include <cstring>

namespace peerstore::vault {

namespace {
constexpr std::size_t kRoundBytes = kStripeBytes * wire::kClasses;
static_assert(kRowBytes % kRoundBytes == 0 && wire::kClasses == 5);
}  // namespace

// Copies of a fixed 16 bytes compile to one load and one store each.
void deal(ByteView row, const std::array<std::uint8_t*, wire::kClasses>& segments) {
  CHECK(row.size() == kRowBytes);
  const auto [a, b, c, d, e] = segments;
  const std::uint8_t* from = row.data();
  for (std::size_t at = 0; at < wire::kSegmentBytes; at += kStripeBytes, from += kRoundBytes) {
    std::memcpy(a + at, from, kStripeBytes);
    std::memcpy(b + at, from + kStripeBytes, kStripeBytes);
    std::memcpy(c + at, from + 2 * kStripeBytes, kStripeBytes);
    std::memcpy(d + at, from + 3 * kStripeBytes, kStripeBytes);
    std::memcpy(e + at, from + 4 * kStripeBytes, kStripeBytes);
  }
}

void gather(const std::array<const std::uint8_t*, wire::kClasses>& segments, std::span<std::uint8_t> row) {
  CHECK(row.size() == kRowBytes);
  const auto [a, b, c, d, e] = segments;
  std::uint8_t* to = row.data();
  for (std::size_t at = 0; at < wire::kSegmentBytes; at += kStripeBytes, to += kRoundBytes) {
    std::memcpy(to, a + at, kStripeBytes);
    std::memcpy(to + kStripeBytes, b + at, kStripeBytes);
    std::memcpy(to + 2 * kStripeBytes, c + at, kStripeBytes);
    std::memcpy(to + 3 * kStripeBytes, d + at, kStripeBytes);
    std::memcpy(to + 4 * kStripeBytes, e + at, kStripeBytes);
  }
}

}  // namespace peerstore::vault
