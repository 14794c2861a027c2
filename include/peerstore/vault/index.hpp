// Index: which blob lies where in which pack, and how each pack is found and opened: the union of
// what the person's machines have stored. It is kept as a log of index packs (index_part.hpp).
//
// A pack that was dropped, since no snapshot needs it, stays in the index until its holders have said that it
// is deleted. New files do not count on what is in it, but it can still be read: a machine
// that was backing up at the time may have counted on it.
#pragma once

#include <peerstore/vault/blob.hpp>
#include <peerstore/vault/pack.hpp>

#include <deque>
#include <map>
#include <optional>
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
  // Also in packs that were dropped.
  const BlobPlace* find_anywhere(const BlobId& id) const;

  // Takes a pack and its blobs in, and returns the pack's number. A blob that is known already
  // stays where it was; of a pack that is known already the later row gives the holders. One that was dropped
  // stays dropped.
  std::uint32_t add(PackRow pack, std::span<const BlobRow> blobs);
  // The same for a pack that was dropped then.
  std::uint32_t add_dropped(PackRow pack, std::span<const BlobRow> blobs, std::int64_t since_ns);
  void set_holders(std::uint32_t pack, const Holders& holders);
  // The pack that has this chunk of class 0, if it is known.
  std::optional<std::uint32_t> find_pack(const wire::ChunkAddress& address) const;
  // Drops packs, or takes that back: walks through the whole index.
  void drop(std::span<const std::uint32_t> packs, std::int64_t since_ns);
  void undo_drop(std::span<const std::uint32_t> packs);
  // A blob that lies in a pack that was dropped, too, is found there alone, as if it were nowhere else.
  void set_aside(const BlobId& id);

  std::uint32_t packs() const { return static_cast<std::uint32_t>(packs_.size()); }
  std::size_t blobs() const { return blobs_.size(); }
  // Further places of blobs, should their packs be dropped.
  std::size_t spares() const { return spares_.size(); }
  // Stays where it is in memory as the index grows.
  const PackRow& pack(std::uint32_t number) const { return packs_[number]; }
  // When the pack was dropped; 0 if it was not.
  std::int64_t dropped_since(std::uint32_t pack) const;
  // The blobs of these packs, in the order of their offsets: a walk through the whole index.
  std::map<std::uint32_t, std::vector<BlobRow>> blobs_of(std::span<const std::uint32_t> packs) const;

 private:
  using Places = std::unordered_map<BlobId, BlobPlace, FixedBytesHash>;
  std::uint32_t number_of(PackRow pack);
  void add_spare(const BlobId& id, const BlobPlace& place);
  bool move_to_spare(const BlobId& id, BlobPlace& place);

  Places blobs_;
  Places dropped_blobs_;
  std::multimap<BlobId, BlobPlace> spares_;  // one of each pack
  std::map<std::uint32_t, std::int64_t> dropped_since_;
  std::deque<PackRow> packs_;
  std::unordered_map<wire::ChunkAddress, std::uint32_t, FixedBytesHash> by_address_;  // of class 0
};

}  // namespace peerstore::vault
