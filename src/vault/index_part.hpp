// IndexPart: what one index pack says. The parts of a machine's log, together, are its index.
//
// The newest part carries the directory: the rows of all older index packs of the log. So the one
// row in the head leads to the newest part, and that to all others at once. docs/formats.md,
// "Index".
#pragma once

#include <peerstore/runtime/result.hpp>
#include <peerstore/vault/vault.hpp>

#include <vector>

namespace peerstore::vault {

struct IndexEntry {
  PackRow pack;
  std::vector<BlobRow> blobs;
  std::int64_t dropped_ns = 0;  // since when nobody needs the pack; 0: it is in use
  bool operator==(const IndexEntry&) const = default;
};

struct IndexPart {
  std::vector<PackRow> directory;  // oldest first; empty but in the newest part
  std::vector<IndexEntry> entries;
  std::vector<Bytes> records;  // of the layer above: snapshots
  bool operator==(const IndexPart&) const = default;
};

std::size_t encoded_size(const PackRow& pack);
std::size_t encoded_size(const IndexEntry& entry);
// The plaintext of an index pack. Requires that it fits.
Bytes encode(const IndexPart& part);
// From the plaintext of a whole pack. Errc::corrupt, or Errc::unsupported for a later version.
Result<IndexPart> decode_index_part(ByteView plain);

// Distributes entries and records over as few parts as take them, in order, leaving room in each
// for a directory of so many bytes more than the parts that come to it. At least one part.
std::vector<IndexPart> distribute(std::vector<IndexEntry> entries, std::vector<Bytes> records,
                                  std::size_t directory_bytes);

}  // namespace peerstore::vault
