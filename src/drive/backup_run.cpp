#include "backup_run.hpp"

#include <algorithm>
#include <iterator>

namespace peerstore::drive {

namespace {

constexpr std::size_t kSliceNames = 256;           // of a folder, looked at in one go
constexpr std::size_t kAheadFiles = 64;            // small files, read in one go
constexpr std::size_t kMemoryBytes = 1024 * 1024;  // written in one go
// A file that was written to so shortly before it was looked at may be written to again without
// its times telling: file systems round them.
constexpr std::int64_t kSettledNanoseconds = 2'000'000'000;
constexpr std::uint64_t kAheadBytes = 4 * 1024 * 1024;

// (Any time may be set as that of the last writing, also one to come; the time of a change may not.)
bool is_settled(const FileFacts& facts, std::int64_t looked_ns) {
  const bool just_written = facts.modified_ns > looked_ns - kSettledNanoseconds &&
                            facts.modified_ns < looked_ns + kSettledNanoseconds;
  return facts.changed_ns <= looked_ns - kSettledNanoseconds && !just_written;
}

Error changed_while_read() { return fail(Errc::busy, "changed while it was read; kept as it was read"); }

}  // namespace

struct BackupRun::Slice {
  struct Item {
    std::string name;
    Result<FileFacts> facts;
    FurtherFacts further;
  };
  std::vector<Item> items;
  std::map<std::size_t, Result<std::optional<ReadFile>>> read;  // by place in `items`
};

void BackupRun::report() {
  progress_.bytes_safe = std::min(vault_.figures().bytes_safe, progress_.bytes_read);
  progress_.files_total = std::max(progress_.files_total, progress_.files_done);
  progress_.bytes_total = std::max(progress_.bytes_total, progress_.bytes_read);
  observer_.progress(progress_);
}

void BackupRun::skip(const std::string& path, Error error) {
  ++summary_.skipped;
  observer_.warning({path, std::move(error)});
}

Task<Result<BlobList>> BackupRun::write(RootTree roots) {
  auto list = co_await walk(std::move(roots));
  co_await keeping_.join();
  co_await write_memory();
  if (list && failure_) co_return *failure_;
  if (list) {
    progress_.files_total = progress_.files_done;
    progress_.bytes_total = progress_.bytes_read;
  }
  co_return list;
}

Task<Result<void>> BackupRun::keep_later(std::vector<Stretch> stretches) {
  Semaphore::Permit permit = co_await keeping_at_once_.acquire();
  if (failure_) co_return *failure_;
  keeping_.spawn(keep(std::move(stretches), std::move(permit)));
  co_return Result<void>();
}

Task<void> BackupRun::keep(std::vector<Stretch> stretches, Semaphore::Permit permit) {
  const Semaphore::Permit held = std::move(permit);
  std::vector<vault::NewBlob> blobs;
  for (const Stretch& stretch : stretches) {
    for (std::size_t i = 0; i < stretch.holes; ++i) {
      const Piece& piece = maker_.zero_piece;
      blobs.push_back({vault::BlobKind::data, piece.id, maker_.zeros, piece.size});
    }
    std::size_t at = 0;
    for (const Piece& piece : stretch.pieces) {
      blobs.push_back(
          {vault::BlobKind::data, piece.id, ByteView(stretch.content).subspan(at, piece.size), piece.size});
      at += piece.size;
    }
  }
  const auto kept = co_await vault_.put(std::move(blobs));
  if (!kept && !failure_) failure_ = kept.error();
}

Task<Result<BlobList>> BackupRun::walk(RootTree roots) {
  if (!roots.is_root) co_return co_await roots_below("/", roots);
  const auto read = [&] { return environment_.files.facts("/"); };
  const auto facts = co_await environment_.workers.run(read);
  if (!facts) co_return facts.error();
  root_device_ = facts->device;
  auto list = co_await folder("/", *facts);
  if (!list) co_return list.error();
  co_return *list ? std::move(**list) : BlobList{};
}

Task<Result<BlobList>> BackupRun::roots_below(std::string path, const RootTree& node) {
  ListingWriter listing(vault_, maker_.cutter);
  for (const auto& [name, child] : node.below) {
    const auto added = co_await add_root(join(path, name), name, child, listing);
    if (!added) co_return added.error();
  }
  co_return co_await listing.finish();
}

Task<Result<void>> BackupRun::add_root(std::string path, std::string name, const RootTree& node,
                                       ListingWriter& listing) {
  const auto read = [&] { return environment_.files.facts(path); };
  const auto facts = co_await environment_.workers.run(read);
  if (node.is_root) {
    if (!facts) {
      skip(path, facts.error());
      co_return Result<void>();
    }
    if (facts->kind != FileKind::folder)
      co_return co_await lone_root(std::move(path), std::move(name), listing);
    root_device_ = facts->device;
    FolderMemory none(nullptr, "");
    Found found = co_await look_further(path, *facts);
    co_return co_await add(std::move(path), std::move(name), std::move(found), listing, none, 0, nullptr);
  }
  // A folder on the way to a root: kept for its mode and owner, and nothing else that is in it.
  TreeEntry entry;
  entry.name = std::move(name);
  entry.facts.kind = FileKind::folder;
  entry.facts.mode = 0755;
  if (facts && facts->kind == FileKind::folder) {
    Found found = co_await look_further(path, *facts);
    entry.facts = kept_facts(*facts);
    entry.keep(std::move(found.further));
  }
  auto below = co_await roots_below(std::move(path), node);
  if (!below) co_return below.error();
  entry.content = std::move(*below);
  co_return co_await listing.add(std::move(entry));
}

// A file that was named by itself: remembered as the one file of a folder that has no such path.
Task<Result<void>> BackupRun::lone_root(std::string path, std::string name, ListingWriter& listing) {
  const std::string folder = path.substr(0, std::max<std::size_t>(path.size() - name.size() - 1, 1));
  FolderMemory memory(cache_, join(path, "."));
  std::vector<std::string> names;
  names.push_back(std::move(name));
  const auto added = co_await slice(folder, std::move(names), true, listing, memory);
  if (!added) co_return added.error();
  co_await remember(memory);
  co_return Result<void>();
}

Task<BackupRun::Found> BackupRun::look_further(std::string path, FileFacts facts) {
  const auto look = [&] { return read_further(environment_.files, path, facts); };
  FurtherFacts further = co_await environment_.workers.run(look);
  co_return Found{facts, std::move(further)};
}

Task<Result<void>> BackupRun::add(std::string path, std::string name, Found found, ListingWriter& listing,
                                  FolderMemory& memory, std::int64_t looked_ns, const ReadFile* read) {
  auto pause = co_await pause_();
  if (!pause) co_return pause.error();
  auto entry = co_await entry_of(path, name, found.facts, memory, looked_ns, read);
  if (!entry) co_return entry.error();
  if (!*entry) co_return Result<void>();
  if (found.further.trouble) observer_.warning({path, *found.further.trouble});
  if (found.facts.kind != FileKind::file) (*entry)->facts = kept_facts(found.facts);
  (*entry)->keep(std::move(found.further));
  (*entry)->name = std::move(name);
  co_return co_await listing.add(std::move(**entry));
}

Task<Result<std::optional<TreeEntry>>> BackupRun::entry_of(std::string path, std::string name,
                                                           FileFacts facts, FolderMemory& memory,
                                                           std::int64_t looked_ns, const ReadFile* read) {
  if (facts.kind == FileKind::folder) {
    memory.note_folder(name);
    auto below = co_await folder(path, facts);
    if (!below) co_return below.error();
    if (!*below) co_return std::optional<TreeEntry>();
    TreeEntry entry;
    entry.content = std::move(**below);
    ++summary_.folders;
    co_return std::optional<TreeEntry>(std::move(entry));
  }
  if (facts.kind == FileKind::symlink) co_return co_await symlink(std::move(path));
  if (facts.kind == FileKind::other) {
    ++summary_.others;
    observer_.warning({path, fail(Errc::unsupported, "is a pipe, socket or device: left out")});
    co_return std::optional<TreeEntry>();
  }
  auto kept = co_await file(path, facts, read);
  if (!kept) co_return kept.error();
  if (!*kept) co_return std::optional<TreeEntry>();
  const FileFacts& seen = (*kept)->seen;
  TreeEntry entry = std::move((*kept)->entry);
  entry.changed_while_read = (*kept)->changed;
  if (!(*kept)->changed && is_settled(seen, looked_ns)) {
    memory.note_file({name, seen.modified_ns, seen.changed_ns, seen.size, seen.inode, entry.content});
  }
  tell_if_new(path, entry.content);
  ++summary_.files;
  if ((*kept)->changed) ++summary_.changed;
  ++progress_.files_done;
  report();
  co_return std::optional<TreeEntry>(std::move(entry));
}

Task<std::optional<TreeEntry>> BackupRun::symlink(std::string path) {
  const auto job = [&] { return environment_.files.read_link(path); };
  auto target = co_await environment_.workers.run(job);
  if (target && target->size() > kLinkTargetBytesMax) target = fail(Errc::invalid, "the link is too long");
  if (!target) {
    skip(path, target.error());
    co_return std::nullopt;
  }
  TreeEntry entry;
  entry.link_target = std::move(*target);
  ++summary_.symlinks;
  co_return entry;
}

bool BackupRun::is_excluded(const std::string& path, FileKind kind) const {
  return std::any_of(options_.excluded.begin(), options_.excluded.end(), [&](const PathPattern& pattern) {
    return pattern.matches(path, kind == FileKind::folder);
  });
}

void BackupRun::tell_if_new(const std::string& path, const BlobList& content) {
  if (!options_.only_look) return;
  const bool is_new = std::any_of(content.ids.begin(), content.ids.end(), [&](const vault::BlobId& id) {
    return vault_.index().find(id) == nullptr;
  });
  if (is_new) observer_.found_new(path);
}

Task<Result<std::optional<BlobList>>> BackupRun::folder(std::string path, FileFacts facts) {
  if (facts.inode != 0 && !folders_seen_.emplace(facts.device, facts.inode).second) {
    skip(path, fail(Errc::refused, "is a folder that was kept under another name already"));
    co_return std::optional<BlobList>();
  }
  if (!may_enter(facts)) co_return std::optional<BlobList>(BlobList{});
  const auto list = [&] { return environment_.files.list(path); };
  auto names = co_await environment_.workers.run(list);
  if (!names) {
    skip(path, names.error());
    co_return std::optional<BlobList>();
  }
  std::sort(names->begin(), names->end());
  ListingWriter listing(vault_, maker_.cutter);
  FolderMemory memory(cache_, path);
  for (auto begin = names->begin(); begin != names->end();) {
    const auto end = begin + std::min<std::ptrdiff_t>(kSliceNames, names->end() - begin);
    std::vector<std::string> some(std::make_move_iterator(begin), std::make_move_iterator(end));
    const auto done = co_await slice(path, std::move(some), false, listing, memory);
    if (!done) co_return done.error();
    begin = end;
  }
  auto content = co_await listing.finish();
  if (!content) co_return content.error();
  co_await remember(memory);
  co_return std::optional<BlobList>(std::move(*content));
}

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

// `are_named`: by the person, so that no pattern leaves them out.
Task<Result<void>> BackupRun::slice(std::string folder, std::vector<std::string> names, bool are_named,
                                    ListingWriter& listing, FolderMemory& memory) {
  Slice slice;
  const std::int64_t looked_ns = environment_.clock.wall_time().nanoseconds;
  const auto look = [&] {
    memory.load_to(names.back());
    std::vector<Slice::Item> items;
    for (NamedFacts& found : read_facts(environment_.files, folder, std::move(names))) {
      const std::string path = join(folder, found.name);
      FurtherFacts further;
      if (found.facts) {
        if (!are_named && is_excluded(path, found.facts->kind)) continue;
        further = read_further(environment_.files, path, *found.facts);
      }
      items.push_back({std::move(found.name), std::move(found.facts), std::move(further)});
    }
    return items;
  };
  slice.items = co_await environment_.workers.run(look);
  co_await recall(slice, memory);
  for (std::size_t i = 0; i < slice.items.size(); ++i) {
    const std::string name = slice.items[i].name;
    const std::string path = join(folder, name);
    if (!is_plain_name(name)) {
      skip(path, fail(Errc::invalid, "has a name that cannot be kept"));
      continue;
    }
    if (!slice.items[i].facts) {
      skip(path, slice.items[i].facts.error());
      continue;
    }
    const FileFacts& facts = *slice.items[i].facts;
    const bool known = facts.links > 1 && hard_links_.contains({facts.device, facts.inode});
    if (is_small(facts) && !known && !slice.read.contains(i)) {
      const auto ahead = co_await read_ahead(folder, slice, i);
      if (!ahead) co_return ahead.error();
    }
    const auto read = slice.read.find(i);
    if (read != slice.read.end() && !read->second) {
      skip(path, read->second.error());
      continue;
    }
    const bool is_read = read != slice.read.end() && read->second->has_value();
    Found found{facts, std::move(slice.items[i].further)};
    const auto added = co_await add(path, name, std::move(found), listing, memory, looked_ns,
                                    is_read ? &**read->second : nullptr);
    if (!added) co_return added.error();
    slice.read.erase(i);
  }
  co_return Result<void>();
}

// Reads this small file and those that follow it, up to a limit.
Task<Result<void>> BackupRun::read_ahead(const std::string& folder, Slice& slice, std::size_t from) {
  std::vector<std::size_t> places;
  std::uint64_t bytes = 0;
  for (std::size_t i = from; i < slice.items.size() && places.size() < kAheadFiles && bytes < kAheadBytes;
       ++i) {
    const auto& facts = slice.items[i].facts;
    if (!facts || !is_small(*facts) || slice.read.contains(i)) continue;
    if (facts->links > 1 && i != from) continue;
    places.push_back(i);
    bytes += facts->size;
  }
  const auto read = [&] {
    std::vector<Result<std::optional<SmallFile>>> files;
    for (const std::size_t i : places) {
      files.push_back(read_small_file(environment_.files, maker_, join(folder, slice.items[i].name)));
    }
    return files;
  };
  auto files = co_await environment_.workers.run(read);
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < places.size(); ++i) {
    Result<std::optional<ReadFile>> file = std::optional<ReadFile>();
    if (!files[i]) {
      file = files[i].error();
    } else if (*files[i]) {
      SmallFile& small = **files[i];
      ReadFile known{small.facts, {}, small.changed};
      for (const Piece& piece : small.stretch.pieces) known.content.ids.push_back(piece.id);
      if (!small.stretch.pieces.empty()) stretches.push_back(std::move(small.stretch));
      file = std::optional<ReadFile>(std::move(known));
    }
    slice.read.emplace(places[i], std::move(file));
  }
  if (stretches.empty()) co_return Result<void>();
  co_return co_await keep_later(std::move(stretches));
}

Task<Result<std::optional<BackupRun::KeptFile>>> BackupRun::file(std::string path, FileFacts facts,
                                                                 const ReadFile* read) {
  const FileKey key{facts.device, facts.inode};
  if (facts.links > 1) {
    const auto known = hard_links_.find(key);
    if (known != hard_links_.end()) co_return std::optional<KeptFile>(known->second);
  }
  Result<std::optional<KeptFile>> kept = std::optional<KeptFile>();
  if (read != nullptr) {
    kept = std::optional<KeptFile>(small_file(path, *read));
  } else {
    kept = co_await large_file(std::move(path));
  }
  if (kept && *kept && facts.links > 1) hard_links_.insert_or_assign(key, **kept);
  co_return kept;
}

BackupRun::KeptFile BackupRun::small_file(const std::string& path, const ReadFile& read) {
  KeptFile kept;
  kept.entry.facts = kept_facts(read.facts);
  kept.entry.content = read.content;
  kept.seen = read.facts;
  kept.changed = read.changed;
  if (read.changed) observer_.warning({path, changed_while_read()});
  summary_.bytes += read.facts.size;
  progress_.bytes_read += read.facts.size;
  return kept;
}

Task<Result<std::optional<BackupRun::KeptFile>>> BackupRun::large_file(std::string path) {
  for (int attempt = 1;; ++attempt) {
    const auto open = [&] { return environment_.files.open(path); };
    auto reader = co_await environment_.workers.run(open);
    if (!reader) {
      skip(path, reader.error());
      co_return std::optional<KeptFile>();
    }
    Files::Reader& source = **reader;
    const auto look = [&] { return source.facts(); };
    const auto before = co_await environment_.workers.run(look);
    if (!before || before->kind != FileKind::file) {
      skip(path, before ? fail(Errc::unsupported, "is no file any more") : before.error());
      co_return std::optional<KeptFile>();
    }
    std::vector<vault::BlobId> ids;
    std::uint64_t size = 0;
    const auto read = co_await read_pieces(path, source, ids, size);
    if (!read) co_return read.error();
    const auto after = co_await environment_.workers.run(look);
    if (!*read || !after) {
      progress_.bytes_read -= size;
      if (*read) skip(path, after.error());
      co_return std::optional<KeptFile>();
    }
    const bool changed = !same_state(*before, *after) || size != before->size;
    if (changed && attempt < kReadAttempts) {
      progress_.bytes_read -= size;
      continue;
    }
    if (changed) observer_.warning({path, changed_while_read()});
    KeptFile kept;
    kept.seen = *before;
    kept.changed = changed;
    kept.entry.facts = kept_facts(*before);
    kept.entry.facts.size = size;
    auto content = co_await write_blob_list(vault_, std::move(ids));
    if (!content) co_return content.error();
    kept.entry.content = std::move(*content);
    summary_.bytes += size;
    co_return std::optional<KeptFile>(std::move(kept));
  }
}

// Cuts and keeps the file from where the reader is to its end; `size` is counted as it goes on.
// False if the file cannot be read.
Task<Result<bool>> BackupRun::read_pieces(std::string path, Files::Reader& reader,
                                          std::vector<vault::BlobId>& ids, std::uint64_t& size) {
  StretchReader stretches(reader, maker_);
  const auto next = [&] { return stretches.next(); };
  while (true) {
    const auto pause = co_await pause_();
    if (!pause) co_return pause.error();
    auto stretch = co_await environment_.workers.run(next);
    if (!stretch) {
      skip(path, stretch.error());
      co_return false;
    }
    if (stretch->pieces.empty() && stretch->holes == 0) co_return true;
    ids.insert(ids.end(), stretch->holes, maker_.zero_piece.id);
    const std::uint64_t zeros = stretch->holes * maker_.zero_piece.size;
    size += zeros;
    progress_.bytes_read += zeros;
    for (const Piece& piece : stretch->pieces) {
      ids.push_back(piece.id);
      size += piece.size;
      progress_.bytes_read += piece.size;
    }
    std::vector<Stretch> one;
    one.push_back(std::move(*stretch));
    const auto kept = co_await keep_later(std::move(one));
    if (!kept) co_return kept.error();
    report();
  }
}

void BackupRun::expect(std::uint64_t files, std::uint64_t bytes) {
  progress_.files_total = files;
  progress_.bytes_total = bytes;
  report();
}

Task<Result<void>> BackupRun::count(RootTree roots) {
  for (const std::string& root : roots.roots()) {
    const auto counted = co_await count_below(join("/", root));
    if (!counted) co_return counted.error();
  }
  report();
  co_return Result<void>();
}

Task<Result<void>> BackupRun::count_below(std::string path) {
  std::vector<std::string> folders;
  std::set<FileKey> seen;
  // What is wrong with a file or folder is said when it is read.
  const auto take = [&](std::string at, const Result<FileFacts>& facts) {
    if (!facts) return;
    const bool again = (facts->kind == FileKind::folder || facts->links > 1) && facts->inode != 0 &&
                       !seen.emplace(facts->device, facts->inode).second;
    if (facts->kind == FileKind::file) {
      ++progress_.files_total;
      if (!again) progress_.bytes_total += facts->size;
    } else if (facts->kind == FileKind::folder && !again && may_enter(*facts)) {
      folders.push_back(std::move(at));
    }
  };
  const auto look = [&] { return environment_.files.facts(path); };
  const auto first = co_await environment_.workers.run(look);
  if (first) root_device_ = first->device;
  take(path, first);
  while (!folders.empty()) {
    const auto pause = co_await pause_();
    if (!pause) co_return pause.error();
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    const auto look_below = [&] {
      auto names = environment_.files.list(folder);
      std::vector<NamedFacts> found;
      if (names) found = read_facts(environment_.files, folder, std::move(*names));
      std::erase_if(found, [&](const NamedFacts& item) {
        return item.facts && is_excluded(join(folder, item.name), item.facts->kind);
      });
      return found;
    };
    const auto below = co_await environment_.workers.run(look_below);
    for (const NamedFacts& item : below) take(join(folder, item.name), item.facts);
  }
  co_return Result<void>();
}

}  // namespace peerstore::drive
