// Pack: many blobs encrypted together, in one of five sizes, so that nobody learns how long a
// blob is; and the row of the index by which a pack is found and opened again.
//
// A pack of n segments a chunk (n = 1, 2, 4, 8, 16) is 5 n frames of STREAM under a random key.
// Its ciphertext is dealt in stripes of 16 bytes: stripe s goes to class s mod 5. So segment j of
// the five chunks together is row j of the pack: frames 5 j to 5 j + 4, 320 KiB, the least that a
// read must fetch. docs/formats.md, "Pack".
#pragma once

#include <peerstore/crypto/stream.hpp>
#include <peerstore/replica/chunk_space.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/wire/types.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace peerstore::vault {

inline constexpr std::size_t kRowBytes = wire::kClasses * wire::kSegmentBytes;
inline constexpr std::size_t kRowPlainBytes = wire::kClasses * crypto::kFramePlainBytes;
inline constexpr std::size_t kPackRowsMax = wire::kSegmentsMax;
inline constexpr std::size_t kPackPlainBytesMax = kPackRowsMax * kRowPlainBytes;
// A blob takes at least this much of a pack, so that even one byte is dealt to every class.
inline constexpr std::size_t kBlobRoomMin = 128;
static_assert(wire::kSegmentBytes == crypto::kFrameBytes);

// The number of rows of the smallest pack that holds so much. Requires 0 < size <= the maximum.
std::uint32_t rows_for(std::size_t plain_bytes);
bool is_pack_size(std::uint32_t rows);

// Of each class, who holds the chunk.
using Holders = std::array<std::vector<wire::MemberId>, wire::kClasses>;

// What the index knows about a pack. Members that hold a chunk by receipt are hints for finding it.
struct PackRow {
  crypto::SecretKey key;
  ring::Id placement_key;
  std::uint32_t rows = 0;
  std::array<wire::ChunkAddress, wire::kClasses> addresses{};
  Holders holders;

  bool operator==(const PackRow&) const = default;
  // Of the class that has fewest.
  unsigned copies() const;
  // For messages.
  std::string name() const;
};
inline constexpr std::size_t kHoldersMax = 16;
inline constexpr std::size_t kPackRowBytesMin = 32 + 32 + 1 + wire::kClasses * (32 + 1);

void encode(ByteWriter& out, const PackRow& pack);
// Fails the reader unless it is a row of a pack that this program could have written.
PackRow decode_pack_row(ByteReader& in);

wire::ReadToken read_token(const crypto::SecretKey& pack_key, std::uint8_t chunk_class);
// How the ring is asked for one of the pack's chunks.
replica::ChunkRef chunk_ref(const PackRow& pack, std::uint8_t chunk_class, wire::PersonNumber owner);
wire::ChunkHeader chunk_header(const PackRow& pack, std::uint8_t chunk_class, wire::PersonNumber owner);

}  // namespace peerstore::vault
