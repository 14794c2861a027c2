// The file of one chunk: a head block that says everything about it, then its segments.
//
//   offset  bytes
//        0      8   magic "PSCHUNKF"
//        8      4   version of this layout, u32 = 1
//       12      4   lease: which of the owner's machines signed it, u32
//       16    112   the chunk's header, as it is hashed into the address
//      128      8   lease: its number, u64
//      136     64   lease: its signature
//      200   32 n   the leaf hash of each of the n segments
//                   zeros
//     4064     32   checksum: hash("chunk file head") over the 4064 bytes before it
//     4096  64 Ki   segment 0, then the others
//
// Integers are little-endian. The head block has one size, so that segments lie at fixed offsets
// on page boundaries. The facts database can be rebuilt from head blocks alone. The checksum is
// against accidents; against lies, header and leaves must hash to the address that the file is
// named after, and each segment to its leaf: both are checked on every read.
#pragma once

#include <peerstore/runtime/disk.hpp>
#include <peerstore/store/chunk_store.hpp>

#include <bitset>

namespace peerstore::store {

inline constexpr std::size_t kHeadBlockBytes = 4096;

constexpr std::uint64_t segment_offset(std::uint32_t index) {
  return kHeadBlockBytes + std::uint64_t{index} * wire::kSegmentBytes;
}
// The size of the whole file: what the chunk takes of the space given.
constexpr std::uint64_t chunk_file_bytes(std::uint32_t segments) { return segment_offset(segments); }

// Whether the header is within its limits and has one leaf a segment.
bool is_well_formed(const wire::ChunkDescription& description);

// Requires is_well_formed(head.description).
Bytes encode_head_block(const HeldChunk& head);
// Errc::corrupt if it is damaged or not this address's; unsupported if a newer program wrote it.
Result<HeldChunk> decode_head_block(ByteView block, const wire::ChunkAddress& address);

// Reads and checks the head block alone. Errors as above, and the disk's.
Result<HeldChunk> read_head_block(Disk& disk, const std::string& path, const wire::ChunkAddress& address);
// The same, and the size of the file.
Result<HeldChunk> read_head(Disk& disk, const std::string& path, const wire::ChunkAddress& address);
// One segment, checked against its leaf, which is that of the chunk.
Result<SharedBytes> read_segment_at(Disk& disk, const std::string& path, std::uint32_t index,
                                    const crypto::Hash& leaf);
// The same after a look at the head. Errc::invalid if the chunk has no such segment.
Result<SharedBytes> read_segment_of(Disk& disk, const std::string& path, const wire::ChunkAddress& address,
                                    std::uint32_t index);

// The parts of a chunk's file that cannot be read, or fail verification.
struct Flaws {
  bool head = false;
  bool size = false;
  std::bitset<wire::kSegmentsMax> segments;
  bool any() const { return head || size || segments.any(); }
};
// Looks through the whole file; not further than `known` if these flaws are there still. Errc::not_found if
// the file has gone.
Result<Flaws> find_flaws(Disk& disk, const std::string& path, const wire::ChunkAddress& address,
                         const Flaws& known);

}  // namespace peerstore::store
