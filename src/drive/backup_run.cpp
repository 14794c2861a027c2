#include "backup_run.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

namespace peerstore::drive {

namespace {

constexpr std::size_t kSliceNames = 256;  // of a folder, looked at in one go
// A file that was written to so shortly before it was looked at may be written to again without
// its times telling: file systems round them.
constexpr std::int64_t kSettledNanoseconds = 2'000'000'000;

// (Any time may be set as that of the last writing, also one to come; the time of a change may not.)
bool is_settled(const FileFacts& facts, std::int64_t looked_ns) {
  const bool just_written = facts.modified_ns > looked_ns - kSettledNanoseconds &&
                            facts.modified_ns < looked_ns + kSettledNanoseconds;
  return facts.changed_ns <= looked_ns - kSettledNanoseconds && !just_written;
}

// As what reads files says it of times that 64 bits of nanoseconds cannot hold.
bool is_beyond_time(const FileFacts& facts) {
  using Limits = std::numeric_limits<std::int64_t>;
  return facts.modified_ns == Limits::max() || facts.modified_ns == Limits::min();
}

}  // namespace

void BackupRun::report() {
  progress_.bytes_safe = std::min(vault_.figures().bytes_safe, progress_.bytes_read);
  // Past what was expected nobody knows how much is to come.
  const auto total = [&](std::uint64_t known, std::uint64_t done) {
    if (done <= known) return known;
    return is_estimate_ ? 0 : done;
  };
  progress_.files_total = total(progress_.files_total, progress_.files_done);
  progress_.bytes_total = total(progress_.bytes_total, progress_.bytes_read);
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

Task<Result<BlobList>> BackupRun::walk(RootTree roots) {
  if (!roots.is_root) co_return co_await roots_below("/", roots);
  const auto read = [&] { return environment_.files.facts("/"); };
  const auto facts = co_await environment_.workers.run(read);
  if (!facts) co_return facts.error();
  root_device_ = facts->device;
  auto list = co_await folder("/", *facts);
  if (!list) co_return list.error();
  if (entries_kept() == 0) empty_roots_.emplace_back();
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
      empty_roots_.push_back(path.substr(1));
      co_return Result<void>();
    }
    if (facts->kind != FileKind::folder)
      co_return co_await lone_root(std::move(path), std::move(name), listing);
    root_device_ = facts->device;
    FolderMemory none(nullptr, "");
    Found found = co_await look_further(path, *facts);
    const std::string root = path.substr(1);
    const std::uint64_t before = entries_kept();
    auto added = co_await add(std::move(path), std::move(name), std::move(found), listing, none, 0, nullptr);
    if (entries_kept() <= before + 1) empty_roots_.push_back(root);  // itself, at most
    co_return added;
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
  if (is_beyond_time(found.facts)) {
    observer_.warning({path, fail(Errc::unsupported,
                                  "was last changed before 1678 or after 2262, as its time "
                                  "says: kept with the nearest time that can be kept")});
  }
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

const RootTree* BackupRun::named_at(const std::string& path) const {
  return has_nested_ ? options_.named.find(path) : nullptr;
}

bool BackupRun::is_only_way(const RootTree* named, const std::string& path, bool may_enter) const {
  return named != nullptr && !named->is_root && (!may_enter || is_excluded(path, FileKind::folder));
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
  const std::uint64_t device = root_device_;
  const RootTree* const named = named_at(path);
  if (is_only_way(named, path, may_enter(facts))) {
    auto way = co_await roots_below(std::move(path), *named);
    root_device_ = device;
    if (!way) co_return way.error();
    co_return std::optional<BlobList>(std::move(*way));
  }
  if (named != nullptr && named->is_root) root_device_ = facts.device;
  if (!may_enter(facts)) co_return std::optional<BlobList>(BlobList{});
  // Not those that were left: a number may be another folder's by now.
  const FileKey key{facts.device, facts.inode};
  if (facts.inode != 0 && !folders_open_.insert(key).second) {
    skip(path, fail(Errc::refused, "is a folder that it lies in itself"));
    co_return std::optional<BlobList>();
  }
  auto content = co_await folder_content(std::move(path));
  folders_open_.erase(key);
  root_device_ = device;
  co_return content;
}

Task<Result<std::optional<BlobList>>> BackupRun::folder_content(std::string path) {
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
        const bool is_left_out = !are_named && is_excluded(path, found.facts->kind);
        if (is_left_out && named_at(path) == nullptr) continue;
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
    if (is_small(facts) && known_link(facts) == nullptr && !slice.read.contains(i)) {
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

}  // namespace peerstore::drive
