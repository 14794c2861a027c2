#include "index_part.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>

namespace peerstore::vault {

namespace {

constexpr std::uint8_t kIndexVersion = 3;
constexpr std::uint8_t kUndroppedVersion = 2;     // before packs could be dropped
constexpr std::uint8_t kUncompressedVersion = 1;  // before there were other encodings than as it is
// id 32, kind u8, encoding u8, offset u32, stored u32, length u32.
constexpr std::size_t kBlobRowBytes = 32 + 1 + 1 + 4 + 4 + 4;
constexpr std::size_t kFixedBytes = 4 + 1 + 3 * 4;
constexpr std::size_t kPackRowBytesMost = kPackRowBytesMin + wire::kClasses * kHoldersMax * 32;

void encode(ByteWriter& out, const BlobRow& blob) {
  out.fixed(blob.id).u8(static_cast<std::uint8_t>(blob.kind)).u8(static_cast<std::uint8_t>(blob.encoding));
  out.u32(blob.offset).u32(blob.stored).u32(blob.length);
}

bool is_sound(const BlobRow& blob, const PackRow& pack) {
  if (blob.kind != BlobKind::data && blob.kind != BlobKind::tree) return false;
  if (blob.length > kBlobBytesMax) return false;
  if (std::uint64_t{blob.offset} + blob.stored > pack.rows * kRowPlainBytes) return false;
  switch (blob.encoding) {
    case Encoding::as_it_is: return blob.stored == blob.length;
    case Encoding::zstd: return blob.stored < blob.length;
  }
  return false;
}

BlobRow decode_blob_row(ByteReader& in, const PackRow& pack) {
  BlobRow blob;
  blob.id = in.fixed<BlobId>();
  blob.kind = static_cast<BlobKind>(in.u8());
  blob.encoding = static_cast<Encoding>(in.u8());
  blob.offset = in.u32();
  blob.stored = in.u32();
  blob.length = in.u32();
  if (!is_sound(blob, pack)) in.fail();
  return blob;
}

IndexEntry decode_entry(ByteReader& in, std::uint8_t version) {
  IndexEntry entry;
  entry.pack = decode_pack_row(in);
  if (version == kIndexVersion) entry.dropped_ns = in.i64();
  if (entry.dropped_ns < 0) in.fail();
  const std::uint32_t blobs = in.count(kBlobRowBytes);
  entry.blobs.reserve(blobs);
  for (std::uint32_t i = 0; i < blobs && in.ok(); ++i) entry.blobs.push_back(decode_blob_row(in, entry.pack));
  return entry;
}

}  // namespace

std::size_t encoded_size(const PackRow& pack) {
  std::size_t size = kPackRowBytesMin;
  for (const auto& members : pack.holders) size += 32 * std::min(members.size(), kHoldersMax);
  return size;
}

std::size_t encoded_size(const IndexEntry& entry) {
  return encoded_size(entry.pack) + 8 + 4 + entry.blobs.size() * kBlobRowBytes;
}

// body length u32; then the body: version u8, directory, entries, records, each after its count.
Bytes encode(const IndexPart& part) {
  ByteWriter body;
  body.u8(kIndexVersion).u32(static_cast<std::uint32_t>(part.directory.size()));
  for (const PackRow& pack : part.directory) encode(body, pack);
  body.u32(static_cast<std::uint32_t>(part.entries.size()));
  for (const IndexEntry& entry : part.entries) {
    encode(body, entry.pack);
    body.i64(entry.dropped_ns).u32(static_cast<std::uint32_t>(entry.blobs.size()));
    for (const BlobRow& blob : entry.blobs) encode(body, blob);
  }
  body.u32(static_cast<std::uint32_t>(part.records.size()));
  for (const Bytes& record : part.records) body.bytes(record);
  ByteWriter out;
  out.bytes(body.view());
  CHECK(out.size() <= kPackPlainBytesMax);
  return out.take();
}

Result<IndexPart> decode_index_part(ByteView plain) {
  ByteReader frame(plain);
  ByteReader in(frame.bytes(kPackPlainBytesMax));
  const std::uint8_t version = in.u8();
  if (in.ok() && version != kIndexVersion && version != kUndroppedVersion &&
      version != kUncompressedVersion) {
    return fail(Errc::unsupported, "index of version " + std::to_string(version));
  }
  IndexPart part;
  for (std::uint32_t left = in.count(kPackRowBytesMin); left > 0 && in.ok(); --left) {
    part.directory.push_back(decode_pack_row(in));
  }
  for (std::uint32_t left = in.count(kPackRowBytesMin + 4); left > 0 && in.ok(); --left) {
    part.entries.push_back(decode_entry(in, version));
    for (const BlobRow& blob : part.entries.back().blobs) {
      if (version == kUncompressedVersion && blob.encoding != Encoding::as_it_is) in.fail();
    }
  }
  for (std::uint32_t left = in.count(4); left > 0 && in.ok(); --left) {
    const ByteView record = in.bytes(kRecordBytesMax);
    part.records.emplace_back(record.begin(), record.end());
  }
  if (!frame.ok() || !in.finished()) return fail(Errc::corrupt, "not an index");
  return part;
}

std::vector<IndexPart> distribute(std::vector<IndexEntry> entries, std::vector<Bytes> records,
                                  std::size_t directory_bytes) {
  std::vector<IndexPart> parts(1);
  std::size_t used = kFixedBytes + directory_bytes;
  // Room is kept for the row of every part that is finished, since any may become the newest.
  const auto make_room = [&](std::size_t size) {
    if (used + size <= kPackPlainBytesMax) return;
    parts.emplace_back();
    used = kFixedBytes + directory_bytes + (parts.size() - 1) * kPackRowBytesMost;
  };
  for (IndexEntry& entry : entries) {
    const std::size_t size = encoded_size(entry);
    make_room(size);
    used += size;
    parts.back().entries.push_back(std::move(entry));
  }
  for (Bytes& record : records) {
    CHECK(record.size() <= kRecordBytesMax);
    make_room(4 + record.size());
    used += 4 + record.size();
    parts.back().records.push_back(std::move(record));
  }
  return parts;
}

}  // namespace peerstore::vault
