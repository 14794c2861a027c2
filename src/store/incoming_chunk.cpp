#include "store/incoming_chunk.hpp"

#include "store/chunk_file.hpp"
#include "store/layout.hpp"

#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/check.hpp>

namespace peerstore::store {

std::vector<std::uint32_t> IncomingChunk::missing() const {
  std::vector<std::uint32_t> indexes;
  for (std::uint32_t i = 0; i < chunk.description.header.segments; ++i) {
    if (!present[i]) indexes.push_back(i);
  }
  return indexes;
}

ChunkFacts facts_of(const IncomingChunk& chunk) {
  return {chunk.address, chunk.chunk.lease.number, chunk.chunk.description.header};
}

Result<std::unique_ptr<Disk::Writer>> create_file(Disk& disk, const IncomingChunk& chunk) {
  auto writer = disk.create(incoming_path(chunk.address));
  if (!writer) return writer.error();
  const Bytes head = encode_head_block(chunk.chunk);
  if (auto done = (*writer)->write_at(0, head); !done) return done.error();
  return writer;
}

Result<void> write_segment(IncomingChunk& chunk, std::uint32_t index, ByteView data) {
  CHECK(chunk.file && index < chunk.chunk.description.leaves.size() && data.size() == wire::kSegmentBytes);
  if (crypto::merkle_leaf(data) != chunk.chunk.description.leaves[index]) {
    return fail(Errc::corrupt, "segment " + std::to_string(index) + " is not what was announced");
  }
  return chunk.file->write_at(segment_offset(index), data);
}

Result<void> copy_segments(Disk& disk, const std::string& from, IncomingChunk& chunk) {
  for (const std::uint32_t index : chunk.missing()) {
    const auto bytes = disk.read(from, segment_offset(index), wire::kSegmentBytes);
    if (!bytes || bytes->size() != wire::kSegmentBytes) continue;
    const auto written = write_segment(chunk, index, *bytes);
    if (!written && written.error().code == Errc::corrupt) continue;
    if (!written) return written;
    chunk.present.set(index);
  }
  return {};
}

Result<void> salvage_segments(Disk& disk, IncomingChunk& chunk) {
  for (unsigned attempt = 0;; ++attempt) {
    const std::string path = quarantine_path(chunk.address, attempt);
    if (!disk.size(path)) return {};
    if (auto done = copy_segments(disk, path, chunk); !done) return done;
  }
}

Result<void> publish(Disk& disk, IncomingChunk& chunk, bool folder_is_durable, Published& progress) {
  CHECK(chunk.file && chunk.missing().empty());
  progress = Published::not_renamed;
  const std::string folder = chunk_folder(chunk.address.bytes[0]);
  if (!folder_is_durable) {
    if (auto done = disk.make_folder(folder); !done) return done;
    if (auto done = disk.sync_folder(kChunksFolder); !done) return done;
  }
  if (auto done = chunk.file->sync(); !done) return done;
  chunk.file.reset();
  if (auto done = disk.rename(incoming_path(chunk.address), chunk_path(chunk.address)); !done) return done;
  progress = Published::renamed;
  return disk.sync_folder(folder);
}

}  // namespace peerstore::store
