// Dealing: one row of a pack's ciphertext into a segment of each class, in stripes of 16 bytes,
// and back. Stripe s goes to class s mod 5 at offset 16 (s / 5).
#pragma once

#include <peerstore/vault/pack.hpp>

#include <array>
#include <span>

namespace peerstore::vault {

inline constexpr std::size_t kStripeBytes = 16;

// Requires a row of kRowBytes and segments of wire::kSegmentBytes.
void deal(ByteView row, const std::array<std::uint8_t*, wire::kClasses>& segments);
void gather(const std::array<const std::uint8_t*, wire::kClasses>& segments, std::span<std::uint8_t> row);

}  // namespace peerstore::vault
