#include "sealed_pack.hpp"

#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/check.hpp>

#include "deal.hpp"

#include <algorithm>

namespace peerstore::vault {

namespace {

// The version of the pack's layout, bound to every frame.
constexpr std::string_view kAssociated = "pack 1";

bool is_last(std::uint64_t frame, std::uint32_t rows) {
  return frame + 1 == std::uint64_t{rows} * wire::kClasses;
}

// Room that each worker keeps, since filling it with zeros takes as long as copying the row.
std::span<std::uint8_t> row_of_ciphertext() {
  thread_local Bytes room(kRowBytes);
  return room;
}

// One row of plaintext, zeros after its end, into five frames of ciphertext.
void seal_row(const crypto::SecretKey& key, std::uint32_t row, std::uint32_t rows, ByteView plain,
              std::span<std::uint8_t> sealed) {
  std::array<std::uint8_t, crypto::kFramePlainBytes> padded;
  for (std::size_t i = 0; i < wire::kClasses; ++i) {
    const std::uint64_t frame = std::uint64_t{row} * wire::kClasses + i;
    const std::size_t begin = std::min(i * crypto::kFramePlainBytes, plain.size());
    ByteView part = plain.subspan(begin, std::min(crypto::kFramePlainBytes, plain.size() - begin));
    if (part.size() < padded.size()) {
      std::fill(std::copy(part.begin(), part.end(), padded.begin()), padded.end(), std::uint8_t{0});
      part = padded;
    }
    crypto::seal_frame(key, frame, is_last(frame, rows), as_bytes(kAssociated), part,
                       sealed.subspan(i * crypto::kFrameBytes, crypto::kFrameBytes));
  }
}

}  // namespace

SealedPack seal_pack(ByteView plain, const crypto::SecretKey& key, const ring::Id& placement_key,
                     wire::PersonNumber owner) {
  SealedPack sealed;
  sealed.row.key = key;
  sealed.row.placement_key = placement_key;
  sealed.row.rows = rows_for(plain.size());

  const std::uint32_t rows = sealed.row.rows;
  std::array<Bytes, wire::kClasses> chunks;
  for (Bytes& chunk : chunks) chunk.resize(rows * wire::kSegmentBytes);
  const std::span<std::uint8_t> ciphertext = row_of_ciphertext();
  for (std::uint32_t row = 0; row < rows; ++row) {
    const std::size_t begin = std::min(row * kRowPlainBytes, plain.size());
    seal_row(key, row, rows, plain.subspan(begin, std::min(kRowPlainBytes, plain.size() - begin)),
             ciphertext);
    std::array<std::uint8_t*, wire::kClasses> to;
    for (std::size_t i = 0; i < wire::kClasses; ++i) to[i] = chunks[i].data() + row * wire::kSegmentBytes;
    deal(ciphertext, to);
  }

  for (std::uint8_t i = 0; i < wire::kClasses; ++i) {
    const SharedBytes chunk(std::move(chunks[i]));
    wire::ChunkDescription& description = sealed.descriptions[i];
    description.header = chunk_header(sealed.row, i, owner);
    for (std::uint32_t row = 0; row < rows; ++row) {
      sealed.segments[i].push_back(chunk.slice(row * wire::kSegmentBytes, wire::kSegmentBytes));
      description.leaves.push_back(crypto::merkle_leaf(sealed.segments[i].back().view()));
    }
    sealed.row.addresses[i] = wire::address_of(description);
  }
  return sealed;
}

Result<SharedBytes> open_row(const PackRow& pack, std::uint32_t row, const RowSegments& segments) {
  CHECK(row < pack.rows);
  std::array<const std::uint8_t*, wire::kClasses> from;
  for (std::size_t i = 0; i < wire::kClasses; ++i) {
    if (segments[i].size() != wire::kSegmentBytes) {
      return fail(Errc::corrupt, pack.name() + ": a segment of the wrong size");
    }
    from[i] = segments[i].data();
  }
  const std::span<std::uint8_t> ciphertext = row_of_ciphertext();
  gather(from, ciphertext);
  Bytes plain(kRowPlainBytes);
  for (std::size_t i = 0; i < wire::kClasses; ++i) {
    const std::uint64_t frame = std::uint64_t{row} * wire::kClasses + i;
    const auto opened =
        crypto::open_frame(pack.key, frame, is_last(frame, pack.rows), as_bytes(kAssociated),
                           ByteView(ciphertext).subspan(i * crypto::kFrameBytes, crypto::kFrameBytes),
                           std::span(plain).subspan(i * crypto::kFramePlainBytes, crypto::kFramePlainBytes));
    if (!opened) return opened.error_in(pack.name());
  }
  return SharedBytes(std::move(plain));
}

}  // namespace peerstore::vault
