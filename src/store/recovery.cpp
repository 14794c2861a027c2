#include "store/recovery.hpp"

#include "store/chunk_file.hpp"
#include "store/layout.hpp"
#include "store/quarantine.hpp"

#include <map>

namespace peerstore::store {

namespace {

// A disk may fail once and read well the next time: only what fails twice is damaged.
Result<HeldChunk> read_head_patiently(Disk& disk, const wire::ChunkAddress& address) {
  const std::string path = chunk_path(address);
  auto head = read_head_block(disk, path, address);
  if (!head && head.error().code == Errc::io) head = read_head_block(disk, path, address);
  return head;
}

// What has to be changed in one folder's rows, and what was found.
struct FolderRecovery {
  Disk& disk;
  std::map<wire::ChunkAddress, ChunkFacts> damaged;  // by the rows, and not met with yet
  FoundChunks found;
  std::vector<ChunkFacts> drops;
  std::vector<ChunkFacts> puts;

  void keep(const ChunkFileEntry& file) {
    ++found.held_files;
    found.held_bytes += file.bytes;
  }

  Result<void> quarantine(const ChunkFileEntry& file) {
    const auto moved = move_to_quarantine(disk, file.address);
    if (!moved && moved.error().code == Errc::invalid) return {};  // not a file at all: foreign
    if (!moved) return moved.error_in(about(file.address) + ": setting it aside");
    return {};
  }

  Result<void> adopt(const ChunkFileEntry& file) {
    if (const auto known = damaged.find(file.address); known != damaged.end()) {
      found.damaged.push_back(known->second);
      damaged.erase(known);
      return {};
    }
    const auto head = read_head_patiently(disk, file.address);
    if (head) {
      const ChunkFacts facts{file.address, head->lease.number, head->description.header};
      if (file.bytes == chunk_file_bytes(facts.header.segments)) {
        puts.push_back(facts);
        keep(file);
      } else {
        found.damaged.push_back(facts);
      }
      return {};
    }
    switch (head.error().code) {
      case Errc::io: found.unread.push_back(file); return {};
      case Errc::corrupt: return quarantine(file);
      case Errc::invalid: return {};  // not a file at all: foreign
      default: return head.error_in(about(file.address));
    }
  }

  void check(const ChunkFileEntry& file, const ChunkFacts& row) {
    const bool is_damaged = damaged.erase(file.address) > 0;
    if (file.bytes == chunk_file_bytes(row.header.segments) && !is_damaged) {
      keep(file);
    } else {
      found.damaged.push_back(row);
    }
  }
};

Result<void> merge(const std::vector<ChunkFileEntry>& files, const std::vector<ChunkFacts>& rows,
                   FolderRecovery& recovery) {
  auto file = files.begin();
  auto row = rows.begin();
  while (file != files.end() || row != rows.end()) {
    if (file == files.end() || (row != rows.end() && row->address < file->address)) {
      recovery.drops.push_back(*row++);
    } else if (row == rows.end() || file->address < row->address) {
      if (auto done = recovery.adopt(*file++); !done) return done;
    } else {
      recovery.check(*file++, *row++);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<ChunkFileEntry>> list_chunk_files(Disk& disk, unsigned number) {
  const auto entries = disk.list(chunk_folder(number));
  if (!entries) return entries.error();
  std::vector<ChunkFileEntry> files;
  for (const Disk::Entry& entry : *entries) {
    const auto address = entry.is_folder ? std::nullopt : address_of_file(entry.name);
    if (address && address->bytes[0] == number) files.push_back({*address, entry.size});
  }
  return files;
}

Result<ChunkFolderSet> recover_layout(Disk& disk) {
  for (const std::string_view folder : {kIncomingFolder, kQuarantineFolder}) {
    if (auto done = disk.make_folder(folder); !done) return done.error_in("making the chunk folders");
  }
  const auto leftovers = disk.list(kIncomingFolder);
  if (!leftovers) return leftovers.error();
  for (const Disk::Entry& entry : *leftovers) {
    if (entry.is_folder) continue;
    const std::string path = std::string(kIncomingFolder) + '/' + entry.name;
    if (auto done = disk.remove(path); !done) return done.error_in("removing " + path);
  }
  const auto entries = disk.list(kChunksFolder);
  if (!entries) return entries.error();
  ChunkFolderSet there{};
  for (const Disk::Entry& entry : *entries) {
    const auto number = entry.is_folder ? chunk_folder_number(entry.name) : std::nullopt;
    if (number) there[*number] = true;
  }
  // A folder that was made just before a kill may not be durable, and chunks will be put into it.
  if (auto done = disk.sync_folder(kChunksFolder); !done) return done.error_in("syncing the chunk folders");
  if (auto done = disk.sync_folder(""); !done) return done.error_in("syncing the chunk folders");
  return there;
}

Result<FoundChunks> count_quarantine(Disk& disk) {
  const auto entries = disk.list(kQuarantineFolder);
  if (!entries) return entries.error();
  FoundChunks found;
  for (const Disk::Entry& entry : *entries) {
    if (entry.is_folder) continue;
    ++found.quarantined_files;
    found.quarantined_bytes += entry.size;
  }
  return found;
}

Result<FoundChunks> recover_folder(Disk& disk, ChunkFactsRows& rows, unsigned number, bool is_there) {
  const auto known = rows.in_folder(number);
  if (!known) return known.error_in("reading the facts about chunks");
  std::vector<ChunkFileEntry> files;
  if (is_there) {
    auto listed = list_chunk_files(disk, number);
    if (!listed) return listed.error_in("reading " + chunk_folder(number));
    files = std::move(*listed);
  }
  const auto damaged = rows.damaged_in_folder(number);
  if (!damaged) return damaged.error_in("reading the facts about chunks");
  FolderRecovery recovery{disk, {}, {}, {}, {}};
  for (const ChunkFacts& facts : *damaged) recovery.damaged.emplace(facts.address, facts);
  if (auto done = merge(files, *known, recovery); !done) return done.error();
  if (!recovery.puts.empty()) {
    const std::string folder = chunk_folder(number);
    if (auto done = disk.sync_folder(folder); !done) return done.error_in("syncing " + folder);
  }
  for (const auto& [address, facts] : recovery.damaged) recovery.drops.push_back(facts);
  if (auto done = rows.change(recovery.drops, recovery.puts, recovery.found.damaged); !done) {
    return done.error_in("writing the facts about chunks");
  }
  return recovery.found;
}

}  // namespace peerstore::store
