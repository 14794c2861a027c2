// The part of RingDrive that looks into snapshots: lists, finds, and tells what differs.
#include <algorithm>
#include <map>
#include <set>

#include "path_pattern.hpp"
#include "ring_drive.hpp"

namespace peerstore::drive {

namespace {

ListEntry list_entry(std::string path, const TreeEntry& entry) {
  return {std::move(path), entry.facts,      entry.link_target,
          entry.user_name, entry.group_name, entry.changed_while_read};
}

// Folder by folder, in byte order of the names.
bool is_before(const std::string& a, const std::string& b) {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(c)); };
  return std::ranges::lexicographical_compare(a, b, {}, rank, rank);
}
struct ByPath {
  bool operator()(const ListEntry& a, const ListEntry& b) const { return is_before(a.path, b.path); }
};

bool is_at_or_below(const std::string& path, const std::string& folder) {
  return folder.empty() || path == folder || path.starts_with(folder + "/");
}

}  // namespace

Task<Result<void>> RingDrive::list_below(std::string path, BlobList folder,
                                         const std::set<std::string>& elsewhere, bool recursive,
                                         std::size_t depth, const EachEntry& each) {
  if (depth > kFolderDepthMax) co_return fail(Errc::corrupt, path + ": folders without end");
  ListingReader listing(vault_, std::move(folder));
  while (true) {
    auto part = co_await listing.next();
    if (!part) co_return part.error_in(path);
    if (part->empty()) co_return Result<void>();
    for (TreeEntry& entry : *part) {
      const std::string at = join(path, entry.name);
      if (elsewhere.contains(at)) continue;
      each(list_entry(at, entry));
      if (!recursive || entry.facts.kind != FileKind::folder) continue;
      const auto below = co_await list_below(at, std::move(entry.content), elsewhere, true, depth + 1, each);
      if (!below) co_return below.error();
    }
  }
}

// The folders on the way from `from` down to the part, and then the part.
Task<Result<void>> RingDrive::list_part(const Part& part, std::string from, bool recursive,
                                        const EachEntry& each) {
  std::string at = from;
  if (!from.empty()) {
    const std::vector<std::string> names = path_parts(part.path);
    for (std::size_t i = path_parts(from).size(); i < names.size(); ++i) {
      at = join(at, names[i]);
      if (at == part.path) break;
      const auto folder = co_await find_path(vault_, part.snapshot.record.tree, at);
      if (!folder) co_return folder.error();
      each(list_entry(at, *folder));
      if (!recursive) co_return Result<void>();
    }
  }
  const bool is_asked_for = part.path == from;
  const bool is_folder = part.entry.facts.kind == FileKind::folder;
  if (!part.path.empty() && (!is_asked_for || !is_folder)) each(list_entry(part.path, part.entry));
  if (!is_folder || (!recursive && !is_asked_for)) co_return Result<void>();
  co_return co_await list_below(part.path, part.entry.content, part.elsewhere, recursive, 0, each);
}

// What lies in one part alone is told as it is read. Only where parts lie within each other must they be
// together first: newer ones come first, and the first of a path stays.
Task<Result<void>> RingDrive::list_parts(const std::vector<Part>& parts, std::string from, bool recursive,
                                         const EachEntry& each) {
  std::vector<const Part*> ordered;
  for (const Part& part : parts) ordered.push_back(&part);
  std::ranges::sort(ordered, is_before, &Part::path);
  const auto within = std::ranges::adjacent_find(
      ordered, [](const Part* a, const Part* b) { return is_at_or_below(b->path, a->path); });
  if (within == ordered.end()) {
    // Folders on the way to several of them come once.
    std::optional<std::string> last;
    const auto tell = [&](ListEntry entry) {
      if (last && !is_before(*last, entry.path)) return;
      last = entry.path;
      each(std::move(entry));
    };
    const EachEntry told_once = tell;
    for (const Part* part : ordered) {
      const auto listed = co_await list_part(*part, from, recursive, ordered.size() == 1 ? each : told_once);
      if (!listed) co_return listed.error();
    }
    co_return Result<void>();
  }
  std::set<ListEntry, ByPath> entries;
  const auto take = [&](ListEntry entry) { entries.insert(std::move(entry)); };
  const EachEntry gather = take;
  for (const Part& part : parts) {
    const auto listed = co_await list_part(part, from, recursive, gather);
    if (!listed) co_return listed.error();
  }
  while (!entries.empty()) each(std::move(entries.extract(entries.begin()).value()));
  co_return Result<void>();
}

Task<Result<void>> RingDrive::list(std::string path, std::string snapshot, bool recursive, EachEntry each) {
  std::string at;
  for (const std::string& name : path_parts(path)) at = join(at, name);
  const auto parts = co_await parts_at(at, std::move(snapshot));
  if (!parts) co_return parts.error();
  co_return co_await list_parts(parts->all, at, recursive, each);
}

Task<Result<void>> RingDrive::find(std::string pattern, std::string snapshot, EachEntry each) {
  const auto wanted = PathPattern::parse(pattern);
  if (!wanted) co_return wanted.error();
  const auto choose = [&](ListEntry entry) {
    if (wanted->matches(entry.path, entry.facts.kind == FileKind::folder)) each(std::move(entry));
  };
  co_return co_await list("", std::move(snapshot), true, choose);
}

Task<Result<std::vector<Version>>> RingDrive::versions(std::string path) {
  std::vector<Version> versions;
  std::map<std::uint32_t, TreeEntry> last;  // by machine
  for (const KnownSnapshot& known : std::vector<KnownSnapshot>(snapshots_)) {
    auto entry = co_await find_path(vault_, known.record.tree, path);
    if (!entry && entry.error().code == Errc::not_found) continue;
    if (!entry) co_return entry.error();
    const auto before = last.find(known.record.machine);
    if (before != last.end() && before->second == *entry) continue;
    versions.push_back({as_snapshot(known.id, known.record), list_entry(path, *entry)});
    last.insert_or_assign(known.record.machine, std::move(*entry));
  }
  if (versions.empty()) co_return fail(Errc::not_found, path + " is in no snapshot");
  co_return versions;
}

// ---- Differences ----

namespace {

// The entries of a folder one by one, in order of their names.
class EntryStream {
 public:
  EntryStream(vault::Vault& vault, BlobList list) : listing_(vault, std::move(list)) {}
  // Nothing after the last. Valid until pass().
  Task<Result<TreeEntry*>> first() {
    if (next_ == entries_.size()) {
      auto more = co_await listing_.next();
      if (!more) co_return more.error();
      entries_ = std::move(*more);
      next_ = 0;
    }
    co_return next_ == entries_.size() ? nullptr : &entries_[next_];
  }
  void pass() { ++next_; }

 private:
  ListingReader listing_;
  std::vector<TreeEntry> entries_;
  std::size_t next_ = 0;
};

}  // namespace

struct RingDrive::Compared {
  TreeEntry from;
  TreeEntry to;
};

// What was added or removed, with all that is below.
Task<Result<void>> RingDrive::tell_all(Change change, std::string path, TreeEntry entry,
                                       const EachDifference& each) {
  each({change, list_entry(path, entry)});
  if (entry.facts.kind != FileKind::folder) co_return Result<void>();
  const auto take = [&](ListEntry below) { each({change, std::move(below)}); };
  const EachEntry tell = take;
  const std::set<std::string> nothing;
  co_return co_await list_below(std::move(path), std::move(entry.content), nothing, true, 0, tell);
}

Task<Result<void>> RingDrive::compare(std::string path, BlobList from, BlobList to, std::size_t depth,
                                      const EachDifference& each) {
  if (depth > kFolderDepthMax) co_return fail(Errc::corrupt, path + ": folders without end");
  if (from == to) co_return Result<void>();
  EntryStream before(vault_, std::move(from));
  EntryStream after(vault_, std::move(to));
  while (true) {
    const auto old_one = co_await before.first();
    if (!old_one) co_return old_one.error_in(path);
    const auto new_one = co_await after.first();
    if (!new_one) co_return new_one.error_in(path);
    TreeEntry* const was = *old_one;
    TreeEntry* const is = *new_one;
    if (was == nullptr && is == nullptr) co_return Result<void>();
    const bool only_was = is == nullptr || (was != nullptr && was->name < is->name);
    const bool only_is = was == nullptr || (is != nullptr && is->name < was->name);
    const std::string at = join(path, only_was ? was->name : is->name);
    Result<void> told;
    if (only_was) {
      told = co_await tell_all(Change::removed, at, std::move(*was), each);
    } else if (only_is) {
      told = co_await tell_all(Change::added, at, std::move(*is), each);
    } else {
      told = co_await compare_entries(at, {std::move(*was), std::move(*is)}, depth, each);
    }
    if (!told) co_return told.error();
    if (!only_is) before.pass();
    if (!only_was) after.pass();
  }
}

Task<Result<void>> RingDrive::compare_entries(std::string path, Compared both, std::size_t depth,
                                              const EachDifference& each) {
  TreeEntry& was = both.from;
  TreeEntry& is = both.to;
  if (was == is) co_return Result<void>();
  if (was.facts.kind != is.facts.kind) {
    const auto told = co_await tell_all(Change::removed, path, std::move(was), each);
    if (!told) co_return told.error();
    co_return co_await tell_all(Change::added, path, std::move(is), each);
  }
  const bool is_folder = is.facts.kind == FileKind::folder;
  const bool same_content = was.content == is.content && was.link_target == is.link_target;
  BlobList content_before = std::move(was.content);
  BlobList content_now = is.content;
  was.content = is.content;
  if (!is_folder && !same_content) {
    each({Change::content, list_entry(path, is)});
  } else if (was != is) {
    each({Change::facts, list_entry(path, is)});
  }
  if (!is_folder) co_return Result<void>();
  co_return co_await compare(std::move(path), std::move(content_before), std::move(content_now), depth + 1,
                             each);
}

Task<Result<void>> RingDrive::diff(std::string from, std::string to, EachDifference each) {
  const auto before = find_snapshot(from);
  if (!before) co_return before.error();
  const auto after = find_snapshot(to);
  if (!after) co_return after.error();
  BlobList old_tree = (*before)->record.tree;
  BlobList new_tree = (*after)->record.tree;
  co_return co_await compare("", std::move(old_tree), std::move(new_tree), 0, each);
}

}  // namespace peerstore::drive
