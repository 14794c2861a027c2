// OpenPack: a pack that is being filled.
#pragma once

#include <peerstore/vault/vault.hpp>

#include <vector>

namespace peerstore::vault {

struct Vault::OpenPack {
  Bytes plain;
  std::vector<BlobRow> blobs;
  std::uint64_t counted = 0;  // bytes that are safe when it is

  static std::size_t room_for(std::size_t size) { return size < kBlobRoomMin ? kBlobRoomMin : size; }
  bool fits(std::size_t size) const { return plain.size() + room_for(size) <= kPackPlainBytesMax; }
  void append(BlobKind kind, const BlobId& id, ByteView content) {
    if (plain.empty()) plain.reserve(kPackPlainBytesMax);
    const std::size_t offset = plain.size();
    blobs.push_back(
        {id, kind, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(content.size())});
    plain.insert(plain.end(), content.begin(), content.end());
    plain.resize(offset + room_for(content.size()));
  }
  // Takes the other's blobs over. Requires that they fit.
  void absorb(OpenPack& other) {
    const std::size_t shift = plain.size();
    plain.insert(plain.end(), other.plain.begin(), other.plain.end());
    for (BlobRow& blob : other.blobs) {
      blob.offset += static_cast<std::uint32_t>(shift);
      blobs.push_back(blob);
    }
    counted += other.counted;
    other = OpenPack{};
  }
};

}  // namespace peerstore::vault
