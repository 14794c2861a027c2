// OpenPack: a pack that is being filled.
#pragma once

#include <peerstore/vault/vault.hpp>

#include <vector>

namespace peerstore::vault {

struct Vault::OpenPack {
  explicit OpenPack(std::uint64_t its_number) : number(its_number) {}

  std::uint64_t number;  // tells it from the one that takes its place
  Bytes plain;
  std::vector<BlobRow> blobs;

  static std::size_t room_for(std::size_t size) { return size < kBlobRoomMin ? kBlobRoomMin : size; }
  bool fits(std::size_t size) const { return plain.size() + room_for(size) <= kPackPlainBytesMax; }
  // Requires that it fits.
  void append(BlobRow blob, ByteView stored) {
    if (plain.empty()) plain.reserve(kPackPlainBytesMax);
    blob.offset = static_cast<std::uint32_t>(plain.size());
    blob.stored = static_cast<std::uint32_t>(stored.size());
    blobs.push_back(blob);
    plain.insert(plain.end(), stored.begin(), stored.end());
    plain.resize(blob.offset + room_for(stored.size()));
  }
  // Takes the other's blobs over. Requires that they fit.
  void absorb(OpenPack& other) {
    const std::size_t shift = plain.size();
    plain.insert(plain.end(), other.plain.begin(), other.plain.end());
    for (BlobRow& blob : other.blobs) {
      blob.offset += static_cast<std::uint32_t>(shift);
      blobs.push_back(blob);
    }
    other.plain.clear();
    other.blobs.clear();
  }
};

}  // namespace peerstore::vault
