// Setting a damaged chunk file aside: it is kept for a person to look at, never deleted by us and
// never served. Blocking: call on workers.
#pragma once

#include <peerstore/runtime/disk.hpp>
#include <peerstore/wire/types.hpp>

namespace peerstore::store {

// Moves the chunk's file to the quarantine, under a name that is free there, and returns its size.
Result<std::uint64_t> move_to_quarantine(Disk& disk, const wire::ChunkAddress& address);

}  // namespace peerstore::store
