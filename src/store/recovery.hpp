// Recovery: what happens to the chunk folders when the store opens, after a clean stop as much as
// after kill -9, a power cut or the loss of the facts database. There is one path for all.
//
// The files are the truth and the rows are brought in line with them, folder by folder, by
// merging two sorted lists: a listing costs little (no file is opened), and a marker of a clean
// stop could itself be wrong. Only a file without a row is opened, and its head block checked.
//
// Why a file without a row may be counted as held: a name in a chunk folder is given only to a
// file that was complete, verified and synced. The name itself may not be durable yet (killed
// between the rename and the sync of the folder), so the folder is synced before the row is
// written. Memory: one folder's names at a time. Blocking: call on workers.
#pragma once

#include "store/chunk_facts.hpp"
#include "store/layout.hpp"

#include <array>
#include <vector>

namespace peerstore::store {

struct ChunkFileEntry {
  wire::ChunkAddress address;
  std::uint64_t bytes = 0;
};

struct FoundChunks {
  std::uint64_t held_files = 0;
  std::uint64_t held_bytes = 0;
  std::vector<ChunkFacts> damaged;
  std::vector<ChunkFileEntry> unread;  // the disk did not say what they are
  std::uint64_t quarantined_files = 0;
  std::uint64_t quarantined_bytes = 0;
};

using ChunkFolderSet = std::array<bool, kChunkFolders>;

// Makes the folders, removes what was being written, and tells which chunk folders there are;
// their names are durable when it returns.
Result<ChunkFolderSet> recover_layout(Disk& disk);

// The chunk files of one folder, in order of address. Foreign files are passed over.
Result<std::vector<ChunkFileEntry>> list_chunk_files(Disk& disk, unsigned number);

// What the quarantine holds.
Result<FoundChunks> count_quarantine(Disk& disk);

// Brings the rows of one chunk folder in line with its files; a folder that is not there has
// none. A file of the wrong size is damaged; one without a row and a good head goes to quarantine.
// Errc::unsupported if a newer program wrote one of them.
Result<FoundChunks> recover_folder(Disk& disk, ChunkFactsRows& rows, unsigned number, bool is_there);

}  // namespace peerstore::store
