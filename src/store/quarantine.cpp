#include "store/quarantine.hpp"

#include "store/layout.hpp"

namespace peerstore::store {

Result<std::uint64_t> move_to_quarantine(Disk& disk, const wire::ChunkAddress& address) {
  const std::string path = chunk_path(address);
  const auto size = disk.size(path);
  if (!size) return size.error();
  unsigned attempt = 0;
  for (;; ++attempt) {
    const auto taken = disk.size(quarantine_path(address, attempt));
    if (taken) continue;
    if (taken.error().code != Errc::not_found) return taken.error();
    break;
  }
  if (auto moved = disk.rename(path, quarantine_path(address, attempt)); !moved) return moved.error();
  return *size;
}

}  // namespace peerstore::store
