#include "store/trash.hpp"

#include "store/chunk_file.hpp"
#include "store/layout.hpp"

#include <charconv>

namespace peerstore::store {

namespace {

struct TrashName {
  wire::ChunkAddress address;
  std::uint32_t day = 0;
};

// Nothing unless it is a name as trash_path() gives it.
std::optional<TrashName> parse_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto address = address_of_file(name.substr(0, dot));
  if (!address) return std::nullopt;
  TrashName parsed{*address, 0};
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + dot + 1, end, parsed.day);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  if (trash_path(parsed.address, parsed.day) != std::string(kTrashFolder) + '/' + std::string(name)) {
    return std::nullopt;
  }
  return parsed;
}

bool is_gone(const Result<void>& removed) { return removed || removed.error().code == Errc::not_found; }

}  // namespace

std::string trash_path(const wire::ChunkAddress& address, std::uint32_t day) {
  return std::string(kTrashFolder) + '/' + to_hex(address.view()) + '.' + std::to_string(day);
}

Result<void> move_to_trash(Disk& disk, const wire::ChunkAddress& address, std::uint32_t day, bool& moved) {
  moved = false;
  const std::string to = trash_path(address, day);
  if (auto done = disk.rename(chunk_path(address), to); !done) {
    // An earlier attempt may have come so far.
    if (done.error().code != Errc::not_found || !disk.size(to)) return done;
  }
  moved = true;
  if (auto done = disk.sync_folder(kTrashFolder); !done) return done;
  return disk.sync_folder(chunk_folder(address.bytes[0]));
}

Result<void> remove_from_trash(Disk& disk, const wire::ChunkAddress& address, std::uint32_t day) {
  if (auto removed = disk.remove(trash_path(address, day)); !is_gone(removed)) return removed;
  return {};
}

Result<std::map<wire::ChunkAddress, TrashedChunk>> recover_trash(Disk& disk, DeletedRows& rows) {
  if (auto done = disk.make_folder(kTrashFolder); !done) return done.error_in("making the trash folder");
  const auto entries = disk.list(kTrashFolder);
  if (!entries) return entries.error_in("reading the trash");
  const auto known = rows.all_trashed();
  if (!known) return known.error_in("reading the facts about the trash");
  std::map<wire::ChunkAddress, TrashedChunk> rows_by_address;
  for (const TrashedChunk& chunk : *known) rows_by_address.emplace(chunk.facts.address, chunk);

  std::map<wire::ChunkAddress, TrashedChunk> there;
  std::vector<TrashedChunk> puts;
  for (const Disk::Entry& entry : *entries) {
    const auto name = entry.is_folder ? std::nullopt : parse_name(entry.name);
    if (!name) continue;  // foreign
    const auto row = rows_by_address.find(name->address);
    if (row != rows_by_address.end() && row->second.day == name->day) {
      there.insert_or_assign(name->address, row->second);
      continue;
    }
    const std::string path = trash_path(name->address, name->day);
    const bool is_second = there.contains(name->address);
    const auto head = read_head(disk, path, name->address);
    if (!is_second && !head && head.error().code != Errc::corrupt) continue;
    if (is_second || !head) {
      if (auto removed = disk.remove(path); !is_gone(removed)) return removed.error_in("removing " + path);
      continue;
    }
    puts.push_back({name->day, {name->address, head->lease.number, head->description.header}});
    there.insert_or_assign(name->address, puts.back());
  }
  std::vector<wire::ChunkAddress> drops;
  for (const auto& [address, row] : rows_by_address) {
    if (!there.contains(address)) drops.push_back(address);
  }
  if (auto done = rows.change(drops, puts); !done) return done.error_in("writing the facts about the trash");
  return there;
}

}  // namespace peerstore::store
