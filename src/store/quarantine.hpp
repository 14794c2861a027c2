// Bad files, kept aside for a person to look at, and never served from here.
//
//   chunks/quarantine/<address>, then <address>.1, .2, ...
//
// What comes here is the bad file of a chunk that has just been received anew, and a file that lies under a
// chunk's name and says nothing of one. It is removed some days after its chunk was healed, or when its room
// is needed; one that is the only trace of its chunk here goes back to its place. Blocking: call on workers.
#pragma once

#include <peerstore/runtime/disk.hpp>
#include <peerstore/wire/types.hpp>

#include <vector>

namespace peerstore::store {

inline constexpr std::uint32_t kQuarantineDays = 7;  // by the trash's calendar

struct QuarantinedFile {
  wire::ChunkAddress address;
  std::string path;
  std::uint64_t bytes = 0;
};

// Moves the chunk's file to the quarantine, under a name that is free there.
Result<QuarantinedFile> move_to_quarantine(Disk& disk, const wire::ChunkAddress& address);
// Moves it back to its place, where nothing may be.
Result<void> take_from_quarantine(Disk& disk, const QuarantinedFile& file);
// What is there, in order of address; foreign files are passed over.
Result<std::vector<QuarantinedFile>> list_quarantine(Disk& disk);

}  // namespace peerstore::store
