// IncomingChunk: a chunk that is being received, and its temporary file.
//
// The head block is written first, then segments in any order, each checked against its leaf
// before it touches the file. publish() is what makes it a held chunk. Belongs to whoever has the
// chunk's turn (address_turns.hpp); the functions block and are called on workers.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/disk.hpp>
#include <peerstore/store/chunk_store.hpp>

#include <bitset>
#include <memory>
#include <vector>

namespace peerstore::store {

struct IncomingChunk {
  wire::ChunkAddress address;
  HeldChunk chunk;
  std::uint64_t bytes = 0;                  // of the whole file, charged to the ledger
  TimePoint touched;                        // when somebody last did something for it
  std::unique_ptr<Disk::Writer> file;       // none before create_file() and after a failure
  std::bitset<wire::kSegmentsMax> present;  // segments that are written

  std::vector<std::uint32_t> missing() const;
};

ChunkFacts facts_of(const IncomingChunk& chunk);

// Creates (or empties) the temporary file and writes its head block.
Result<std::unique_ptr<Disk::Writer>> create_file(Disk& disk, const IncomingChunk& chunk);

// Requires chunk.file, index and size within the description. Errc::corrupt if `data` is not the
// segment: then nothing was written.
Result<void> write_segment(IncomingChunk& chunk, std::uint32_t index, ByteView data);

// Takes the missing segments that a file of the same chunk has as they should be; what cannot be read there
// stays missing. An error is the disk's, about the file being written.
Result<void> copy_segments(Disk& disk, const std::string& from, IncomingChunk& chunk);
// The same, from what lies of this chunk in quarantine.
Result<void> salvage_segments(Disk& disk, IncomingChunk& chunk);

// How far publish() came, for whoever cleans up after its failure.
enum class Published : std::uint8_t { not_renamed, renamed };

// Syncs the file, gives it its final name, and syncs the folder; makes the folder first unless
// `folder_is_durable`. After success the chunk survives a power cut. After a failure it must be
// given up: a sync that failed once must not be believed the next time.
Result<void> publish(Disk& disk, IncomingChunk& chunk, bool folder_is_durable, Published& progress);

}  // namespace peerstore::store
