#include "store/chunk_file.hpp"

#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <algorithm>

namespace peerstore::store {

namespace {
constexpr std::string_view kMagic = "PSCHUNKF";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCheckedBytes = kHeadBlockBytes - crypto::Hash::kSize;

crypto::Hash head_checksum(ByteView checked) { return crypto::hash("chunk file head", {checked}); }
}  // namespace

bool is_well_formed(const wire::ChunkDescription& description) {
  const wire::ChunkHeader& header = description.header;
  return header.chunk_class < wire::kClasses && header.segments > 0 &&
         header.segments <= wire::kSegmentsMax && description.leaves.size() == header.segments;
}

Bytes encode_head_block(const HeldChunk& head) {
  CHECK(is_well_formed(head.description));
  ByteWriter out;
  out.raw(as_bytes(kMagic)).u32(kVersion).u32(head.lease.machine);
  out.raw(wire::encode(head.description.header)).u64(head.lease.number).fixed(head.lease.signature);
  for (const crypto::Hash& leaf : head.description.leaves) out.fixed(leaf);
  Bytes block = out.take();
  block.resize(kCheckedBytes);
  const crypto::Hash checksum = head_checksum(block);
  block.insert(block.end(), checksum.bytes.begin(), checksum.bytes.end());
  return block;
}

Result<HeldChunk> decode_head_block(ByteView block, const wire::ChunkAddress& address) {
  if (block.size() != kHeadBlockBytes) return fail(Errc::corrupt, "the file ends within its head");
  const ByteView checked = block.first(kCheckedBytes);
  const auto checksum = crypto::Hash::from(block.subspan(kCheckedBytes));
  if (head_checksum(checked) != *checksum) return fail(Errc::corrupt, "the head fails its checksum");

  // From here on the bytes are as some program wrote them.
  ByteReader in(checked);
  if (as_text(in.raw(kMagic.size())) != kMagic) return fail(Errc::corrupt, "not a chunk file");
  if (const std::uint32_t version = in.u32(); version != kVersion) {
    return fail(Errc::unsupported, "chunk file version " + std::to_string(version) +
                                       ", this program reads version " + std::to_string(kVersion));
  }
  HeldChunk head;
  head.lease.machine = in.u32();
  const auto header = wire::decode_chunk_header(in.raw(wire::kChunkHeaderBytes));
  if (!header) return fail(Errc::unsupported, "a chunk header of a version this program does not know");
  head.description.header = *header;
  head.lease.number = in.u64();
  head.lease.signature = in.fixed<crypto::Signature>();
  for (std::uint32_t i = 0; i < header->segments; ++i) {
    head.description.leaves.push_back(in.fixed<crypto::Hash>());
  }
  CHECK(in.ok() && is_well_formed(head.description));
  if (wire::address_of(head.description) != address) {
    return fail(Errc::corrupt, "the file is another chunk than its name says");
  }
  return head;
}

Result<HeldChunk> read_head_block(Disk& disk, const std::string& path, const wire::ChunkAddress& address) {
  const auto block = disk.read(path, 0, kHeadBlockBytes);
  if (!block) return block.error();
  return decode_head_block(*block, address);
}

Result<HeldChunk> read_head(Disk& disk, const std::string& path, const wire::ChunkAddress& address) {
  auto head = read_head_block(disk, path, address);
  if (!head) return head.error();
  const auto size = disk.size(path);
  if (!size) return size.error();
  const std::uint64_t expected = chunk_file_bytes(head->description.header.segments);
  if (*size != expected) {
    return fail(Errc::corrupt,
                "the file has " + std::to_string(*size) + " bytes instead of " + std::to_string(expected));
  }
  return head;
}

Result<SharedBytes> read_segment_at(Disk& disk, const std::string& path, std::uint32_t index,
                                    const crypto::Hash& leaf) {
  auto bytes = disk.read(path, segment_offset(index), wire::kSegmentBytes);
  if (!bytes) return bytes.error();
  if (bytes->size() != wire::kSegmentBytes || crypto::merkle_leaf(*bytes) != leaf) {
    return fail(Errc::corrupt, "segment " + std::to_string(index) + " fails verification");
  }
  return SharedBytes(std::move(*bytes));
}

Result<SharedBytes> read_segment_of(Disk& disk, const std::string& path, const wire::ChunkAddress& address,
                                    std::uint32_t index) {
  const auto head = read_head(disk, path, address);
  if (!head) return head.error();
  if (index >= head->description.header.segments) return fail(Errc::invalid, "the chunk has no such segment");
  return read_segment_at(disk, path, index, head->description.leaves[index]);
}

Result<Flaws> find_flaws(Disk& disk, const std::string& path, const wire::ChunkAddress& address,
                         const Flaws& known) {
  Flaws flaws;
  const auto head = read_head_block(disk, path, address);
  if (!head && head.error().code == Errc::not_found) return head.error();
  flaws.head = !head;
  if (!head) return flaws;  // without leaves no segment can be checked
  const auto size = disk.size(path);
  if (!size && size.error().code == Errc::not_found) return size.error();
  flaws.size = !size || *size != chunk_file_bytes(head->description.header.segments);
  const auto look = [&](bool at_known) {
    for (std::uint32_t i = 0; i < head->description.header.segments; ++i) {
      if (known.segments[i] != at_known) continue;
      if (!read_segment_at(disk, path, i, head->description.leaves[i])) flaws.segments.set(i);
    }
  };
  look(true);
  if (!flaws.any()) look(false);
  return flaws;
}

}  // namespace peerstore::store
