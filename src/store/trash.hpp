// The trash: files of chunks that their owners deleted, kept for kTrashDays against a stolen client or a
// mistake. They count against the space given and the owner's quota, whoever shows the token may still read
// them, and repair sees nothing of them. Blocking: call on workers.
//
//   chunks/trash/<address>.<day>    by the trash's calendar (deleted_rows.hpp)
#pragma once

#include "store/deleted_rows.hpp"

#include <peerstore/runtime/disk.hpp>

#include <map>

namespace peerstore::store {

inline constexpr std::uint32_t kTrashDays = 30;
inline constexpr std::uint32_t kTombstoneDays = 400;

inline constexpr std::string_view kTrashFolder = "chunks/trash";
std::string trash_path(const wire::ChunkAddress& address, std::uint32_t day);

// Moves the chunk's file into the trash, durably if it succeeds; `moved` says whether it is there.
Result<void> move_to_trash(Disk& disk, const wire::ChunkAddress& address, std::uint32_t day, bool& moved);
Result<void> remove_from_trash(Disk& disk, const wire::ChunkAddress& address, std::uint32_t day);

// Makes the folder, brings the rows in line with the files, and returns what is there, by address. A
// damaged file is removed: its owner wanted that.
Result<std::map<wire::ChunkAddress, TrashedChunk>> recover_trash(Disk& disk, DeletedRows& rows);

}  // namespace peerstore::store
