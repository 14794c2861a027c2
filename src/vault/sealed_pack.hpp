// Sealing a pack's plaintext into five chunks, and opening a row of it again. Pure and heavy: both
// belong on workers.
#pragma once

#include <peerstore/vault/pack.hpp>

#include <array>
#include <vector>

namespace peerstore::vault {

struct SealedPack {
  PackRow row;  // without holders
  std::array<wire::ChunkDescription, wire::kClasses> descriptions;
  std::array<std::vector<SharedBytes>, wire::kClasses> segments;
};

// Requires 0 < plain.size() <= kPackPlainBytesMax, and a key that seals nothing else.
SealedPack seal_pack(ByteView plain, const crypto::SecretKey& key, const ring::Id& placement_key,
                     wire::PersonNumber owner);

using RowSegments = std::array<SharedBytes, wire::kClasses>;
// The plaintext (kRowPlainBytes) of row `row` from its five segments. Errc::corrupt if they are not.
Result<SharedBytes> open_row(const PackRow& pack, std::uint32_t row, const RowSegments& segments);

}  // namespace peerstore::vault
