// The part of RingDrive that looks into snapshots: lists, finds, and tells what differs.
#include <map>

#include "path_pattern.hpp"
#include "ring_drive.hpp"

namespace peerstore::drive {

namespace {

ListEntry list_entry(std::string path, const TreeEntry& entry) {
  return {std::move(path), entry.facts,      entry.link_target,
          entry.user_name, entry.group_name, entry.changed_while_read};
}

}  // namespace

Task<Result<void>> RingDrive::list_below(std::string path, BlobList folder, bool recursive, std::size_t depth,
                                         const Sink& sink) {
  if (depth > kFolderDepthMax) co_return fail(Errc::corrupt, path + ": folders without end");
  ListingReader listing(vault_, std::move(folder));
  while (true) {
    auto part = co_await listing.next();
    if (!part) co_return part.error_in(path);
    if (part->empty()) co_return Result<void>();
    for (TreeEntry& entry : *part) {
      const std::string at = join(path, entry.name);
      sink(list_entry(at, entry));
      if (!recursive || entry.facts.kind != FileKind::folder) continue;
      const auto below = co_await list_below(at, std::move(entry.content), true, depth + 1, sink);
      if (!below) co_return below.error();
    }
  }
}

Task<Result<void>> RingDrive::list_root(RootAt root, bool recursive, const Sink& sink) {
  auto entry = co_await find_path(vault_, root.record.tree, root.root);
  // A root that could not be read is among the roots, and not in the tree.
  if (!entry && entry.error().code == Errc::not_found) co_return Result<void>();
  if (!entry) co_return entry.error();
  if (!root.root.empty()) sink(list_entry(root.root, *entry));
  const bool is_folder = entry->facts.kind == FileKind::folder;
  if (!is_folder || (!recursive && !root.root.empty())) co_return Result<void>();
  co_return co_await list_below(root.root, std::move(entry->content), recursive, 0, sink);
}

Task<Result<void>> RingDrive::list_to(std::string path, std::string snapshot, bool recursive,
                                      const Sink& sink) {
  std::string at;
  for (const std::string& name : path_parts(path)) at = join(at, name);
  if (at.empty()) {
    const auto records = current(snapshot);
    if (!records) co_return records.error();
    for (RootAt& root : roots_of(*records)) {
      const auto listed = co_await list_root(std::move(root), recursive, sink);
      if (!listed) co_return listed.error();
    }
    co_return Result<void>();
  }
  auto found = co_await locate(at, std::move(snapshot));
  if (!found) co_return found.error();
  if (found->entry.facts.kind != FileKind::folder) {
    sink(list_entry(at, found->entry));
    co_return Result<void>();
  }
  co_return co_await list_below(at, std::move(found->entry.content), recursive, 0, sink);
}

Task<Result<std::vector<ListEntry>>> RingDrive::list(std::string path, std::string snapshot, bool recursive) {
  std::vector<ListEntry> entries;
  const auto take = [&](ListEntry entry) { entries.push_back(std::move(entry)); };
  const Sink sink = take;
  const auto listed = co_await list_to(std::move(path), std::move(snapshot), recursive, sink);
  if (!listed) co_return listed.error();
  co_return entries;
}

Task<Result<std::vector<ListEntry>>> RingDrive::find(std::string pattern, std::string snapshot) {
  const auto wanted = PathPattern::parse(pattern);
  if (!wanted) co_return wanted.error();
  std::vector<ListEntry> entries;
  const auto take = [&](ListEntry entry) {
    if (wanted->matches(entry.path, entry.facts.kind == FileKind::folder))
      entries.push_back(std::move(entry));
  };
  const Sink sink = take;
  const auto listed = co_await list_to("", std::move(snapshot), true, sink);
  if (!listed) co_return listed.error();
  co_return entries;
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
                                       std::vector<Difference>& differences) {
  differences.push_back({change, list_entry(path, entry)});
  if (entry.facts.kind != FileKind::folder) co_return Result<void>();
  const auto take = [&](ListEntry below) { differences.push_back({change, std::move(below)}); };
  const Sink sink = take;
  co_return co_await list_below(std::move(path), std::move(entry.content), true, 0, sink);
}

Task<Result<void>> RingDrive::compare(std::string path, BlobList from, BlobList to, std::size_t depth,
                                      std::vector<Difference>& differences) {
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
      told = co_await tell_all(Change::removed, at, std::move(*was), differences);
    } else if (only_is) {
      told = co_await tell_all(Change::added, at, std::move(*is), differences);
    } else {
      told = co_await compare_entries(at, {std::move(*was), std::move(*is)}, depth, differences);
    }
    if (!told) co_return told.error();
    if (!only_is) before.pass();
    if (!only_was) after.pass();
  }
}

Task<Result<void>> RingDrive::compare_entries(std::string path, Compared both, std::size_t depth,
                                              std::vector<Difference>& differences) {
  TreeEntry& was = both.from;
  TreeEntry& is = both.to;
  if (was == is) co_return Result<void>();
  if (was.facts.kind != is.facts.kind) {
    const auto told = co_await tell_all(Change::removed, path, std::move(was), differences);
    if (!told) co_return told.error();
    co_return co_await tell_all(Change::added, path, std::move(is), differences);
  }
  const bool is_folder = is.facts.kind == FileKind::folder;
  const bool same_content = was.content == is.content && was.link_target == is.link_target;
  BlobList content_before = std::move(was.content);
  BlobList content_now = is.content;
  was.content = is.content;
  if (!is_folder && !same_content) {
    differences.push_back({Change::content, list_entry(path, is)});
  } else if (was != is) {
    differences.push_back({Change::facts, list_entry(path, is)});
  }
  if (!is_folder) co_return Result<void>();
  co_return co_await compare(std::move(path), std::move(content_before), std::move(content_now), depth + 1,
                             differences);
}

Task<Result<std::vector<Difference>>> RingDrive::diff(std::string from, std::string to) {
  const auto before = find_snapshot(from);
  if (!before) co_return before.error();
  const auto after = find_snapshot(to);
  if (!after) co_return after.error();
  BlobList old_tree = (*before)->record.tree;
  BlobList new_tree = (*after)->record.tree;
  std::vector<Difference> differences;
  const auto done = co_await compare("", std::move(old_tree), std::move(new_tree), 0, differences);
  if (!done) co_return done.error();
  co_return differences;
}

}  // namespace peerstore::drive
