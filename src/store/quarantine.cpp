#include "store/quarantine.hpp"

#include "store/layout.hpp"

namespace peerstore::store {

Result<QuarantinedFile> move_to_quarantine(Disk& disk, const wire::ChunkAddress& address) {
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
  QuarantinedFile file{address, quarantine_path(address, attempt), *size};
  if (auto moved = disk.rename(path, file.path); !moved) return moved.error();
  // Before anything takes its place: a power cut may take either name, and not both.
  if (auto synced = disk.sync_folder(kQuarantineFolder); !synced) {
    (void)disk.rename(file.path, path);
    return synced.error();
  }
  return file;
}

Result<void> take_from_quarantine(Disk& disk, const QuarantinedFile& file) {
  const std::string folder = chunk_folder(file.address.bytes[0]);
  if (auto done = disk.make_folder(folder); !done) return done;
  if (auto done = disk.sync_folder(kChunksFolder); !done) return done;
  if (auto done = disk.rename(file.path, chunk_path(file.address)); !done) return done;
  // Where it is after a power cut does not matter: it is found in either place.
  (void)disk.sync_folder(folder);
  return {};
}

Result<std::vector<QuarantinedFile>> list_quarantine(Disk& disk) {
  const auto entries = disk.list(kQuarantineFolder);
  if (!entries) return entries.error();
  std::vector<QuarantinedFile> files;
  for (const Disk::Entry& entry : *entries) {
    const std::string_view name = entry.name;
    const auto address = entry.is_folder ? std::nullopt : address_of_file(name.substr(0, name.find('.')));
    if (address) files.push_back({*address, std::string(kQuarantineFolder) + '/' + entry.name, entry.size});
  }
  return files;
}

}  // namespace peerstore::store
