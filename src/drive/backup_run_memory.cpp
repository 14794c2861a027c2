// What the local cache remembers of a folder from the backup before.
#include "backup_run.hpp"

namespace peerstore::drive {

namespace {
constexpr std::size_t kMemoryBytes = 1024 * 1024;  // written in one go
}  // namespace

Task<void> BackupRun::remember(FolderMemory& memory) {
  if (cache_ == nullptr) co_return;
  const auto finish = [&] { return memory.finish(); };
  for (auto& row : co_await environment_.workers.run(finish)) {
    memory_bytes_ += row.name.size() + (row.content ? row.content->size() : 0);
    memory_rows_.push_back(std::move(row));
  }
  if (memory_bytes_ >= kMemoryBytes) co_await write_memory();
}

Task<void> BackupRun::write_memory() {
  if (cache_ == nullptr || memory_rows_.empty()) co_return;
  const FolderMemory::Rows rows = std::exchange(memory_rows_, {});
  memory_bytes_ = 0;
  if (options_.only_look) co_return;
  const auto write = [&] {
    cache_->write(rows);
    return true;
  };
  co_await environment_.workers.run(write);
}

// Files that are as they are remembered, and whose blobs the vault has: as if they were read.
Task<void> BackupRun::recall(Slice& slice, FolderMemory& memory) {
  for (std::size_t i = 0; i < slice.items.size(); ++i) {
    const auto& facts = slice.items[i].facts;
    const RememberedFile* const known = memory.find(slice.items[i].name);
    if (!facts || known == nullptr || !known->is_as(*facts)) continue;
    ReadFile file{*facts, known->content};
    bool is_stored = false;
    if (file.content.level == 0) {
      is_stored = vault_.count_if_known(file.content.ids);
    } else {
      const auto ids = co_await read_blob_list(vault_, file.content);
      is_stored = ids && vault_.count_if_known(*ids);
    }
    if (is_stored) slice.read.emplace(i, std::optional<ReadFile>(std::move(file)));
  }
}

}  // namespace peerstore::drive
