// Index: which blob lies where in which pack, and how each pack is found and opened: the union of
// what the person's machines have stored. It is kept as a log of index packs (index_part.hpp).
#pragma once

#include <peerstore/vault/blob.hpp>
#include <peerstore/vault/pack.hpp>

#include <deque>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

namespace peerstore::vault {

// The form in which a blob lies in its pack.
enum class Encoding : std::uint8_t { as_it_is = 0, zstd = 1 };

// A blob in a pack, as the log keeps it.
struct BlobRow {
  BlobId id;
  BlobKind kind = BlobKind::data;
  std::uint32_t offset = 0;  // in the pack's plaintext
  std::uint32_t length = 0;  // of the content
  std::uint32_t stored = 0;  // bytes in the pack; = length if it is stored as it is
  Encoding encoding = Encoding::as_it_is;
  bool operator==(const BlobRow&) const = default;
};

struct BlobPlace {
  std::uint32_t pack = 0;  // its number in this index
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t stored = 0;
  BlobKind kind = BlobKind::data;
  Encoding encoding = Encoding::as_it_is;
};

class Index {
 public:
  // Nothing if it is not known. Valid until the next change.
  const BlobPlace* find(const BlobId& id) const;

  // Takes a pack and its blobs in, and returns the pack's number. A blob that is known already
  // stays where it was; of a pack that is known already the later row gives the holders.
  std::uint32_t add(PackRow pack, std::span<const BlobRow> blobs);
  void set_holders(std::uint32_t pack, const Holders& holders);

  std::uint32_t packs() const { return static_cast<std::uint32_t>(packs_.size()); }
  std::size_t blobs() const { return blobs_.size(); }
  // Stays where it is in memory as the index grows.
  const PackRow& pack(std::uint32_t number) const { return packs_[number]; }
  // The blobs of these packs, in the order of their offsets: a walk through the whole index.
  std::map<std::uint32_t, std::vector<BlobRow>> blobs_of(std::span<const std::uint32_t> packs) const;

 private:
  std::unordered_map<BlobId, BlobPlace, FixedBytesHash> blobs_;
  std::deque<PackRow> packs_;
  std::unordered_map<wire::ChunkAddress, std::uint32_t, FixedBytesHash> by_address_;  // of class 0
};

}  // namespace peerstore::vault
