// The part of RingDrive that gives back what was kept: what each path is now, folders, and one file.
//
// Without a snapshot a path belongs to the newest snapshot that has a root at it or above it. So folders
// that were backed up by different commands, also one within the other, come back as they were last.
#include <algorithm>
#include <set>

#include "content_reader.hpp"
#include "restore_count.hpp"
#include "restore_run.hpp"
#include "ring_drive.hpp"

namespace peerstore::drive {

// Of each machine, and of each set of roots, the newest; newest first. With an id, that one alone.
Result<std::vector<RingDrive::KnownSnapshot>> RingDrive::current(const std::string& id) const {
  const auto named = find_snapshot(id);
  if (!named) return named.error();
  if (!id.empty()) return std::vector<KnownSnapshot>{**named};
  std::vector<KnownSnapshot> newest;
  for (auto known = snapshots_.rbegin(); known != snapshots_.rend(); ++known) {
    const SnapshotRecord& record = known->record;
    const bool is_older = std::any_of(newest.begin(), newest.end(), [&](const KnownSnapshot& later) {
      return later.record.machine == record.machine && later.record.roots == record.roots;
    });
    if (!is_older) newest.push_back(*known);
  }
  return newest;
}

// Whether the older snapshot has something at this path, at or below the newer part, that the part has not:
// another machine's files, or what is not in the part at all, as if it had been excluded or not mounted.
Task<bool> RingDrive::adds_to(const Part& newer, const KnownSnapshot& older, std::string path) {
  const auto was = co_await find_path(vault_, older.record.tree, path);
  if (!was && was.error().code == Errc::not_found) co_return false;
  const auto is = co_await find_path(vault_, newer.snapshot.record.tree, path);
  if (!was || !is) co_return true;
  if (was->content == is->content && was->link_target == is->link_target) co_return false;
  if (newer.snapshot.record.machine != older.record.machine) co_return true;
  co_return is->facts.kind == FileKind::folder && is->content.ids.empty();
}

// False if the snapshot has nothing at the path.
Task<Result<bool>> RingDrive::add_part(Parts& parts, const KnownSnapshot& snapshot, std::string path) {
  bool is_omitted = false;
  for (const Part& newer : parts.all) {
    if (!is_within(path, newer.path)) continue;
    if (co_await adds_to(newer, snapshot, path))
      parts.omitted.push_back(as_snapshot(snapshot.id, snapshot.record));
    co_return true;
  }
  auto entry = co_await find_path(vault_, snapshot.record.tree, path);
  if (!entry && entry.error().code == Errc::not_found) co_return false;
  if (!entry) co_return entry.error();
  Part part{path, snapshot, std::move(*entry), {}};
  for (const Part& newer : parts.all) {
    if (!is_within(newer.path, path)) continue;
    part.elsewhere.insert(newer.path);
    const bool is_of_another = newer.snapshot.record.machine != snapshot.record.machine;
    if (is_of_another && co_await adds_to(newer, snapshot, newer.path)) is_omitted = true;
  }
  if (is_omitted) parts.omitted.push_back(as_snapshot(snapshot.id, snapshot.record));
  parts.all.push_back(std::move(part));
  co_return true;
}

Task<Result<RingDrive::Parts>> RingDrive::parts_at(std::string path, std::string snapshot) {
  const auto known = current(snapshot);
  if (!known) co_return known.error();
  Parts parts;
  if (known->size() == 1 && !path.empty()) {
    // One snapshot is as it is, also above its roots.
    auto entry = co_await find_path(vault_, known->front().record.tree, path);
    if (!entry) co_return entry.error();
    parts.all.push_back({std::move(path), known->front(), std::move(*entry), {}});
    co_return parts;
  }
  for (const KnownSnapshot& snapshot_now : *known) {
    for (const std::string& start : snapshot_now.record.roots) {
      std::string root;
      for (const std::string& name : path_parts(start)) root = join(root, name);
      const bool is_above = is_within(path, root);
      if (!is_above && !is_within(root, path)) continue;
      const auto added = co_await add_part(parts, snapshot_now, is_above ? path : root);
      if (!added) co_return added.error();
    }
  }
  if (parts.all.empty() && !path.empty()) co_return fail(Errc::not_found, path + " is in no snapshot of now");
  // A snapshot with several roots once.
  std::set<std::string> named;
  std::erase_if(parts.omitted, [&](const Snapshot& omitted) { return !named.insert(omitted.id).second; });
  co_return parts;
}

// A whole snapshot tells it itself. What cannot be read is reported by the restore.
Task<void> RingDrive::expect(std::vector<Part> parts, Progress& progress) {
  Amount total;
  for (const Part& part : parts) {
    const FileFacts& facts = part.entry.facts;
    if (part.path.empty() && part.elsewhere.empty()) {
      total += {part.snapshot.record.files, part.snapshot.record.bytes};
    } else if (facts.kind == FileKind::folder) {
      const auto below = co_await count_below(vault_, part.entry.content, part.path, part.elsewhere);
      if (!below) co_return;
      total += *below;
    } else if (facts.kind == FileKind::file) {
      total += {1, facts.size};
    }
  }
  progress.files_total = total.files;
  progress.bytes_total = total.bytes;
}

Task<Result<RestoreSummary>> RingDrive::restore(std::string path, std::string snapshot, std::string target,
                                                bool overwrite, Observer observer) {
  cancelled_ = false;
  say_remarks(observer);
  std::string at;
  for (const std::string& name : path_parts(path)) at = join(at, name);
  auto parts = co_await parts_at(at, snapshot);
  if (!parts) co_return parts.error();
  if (const auto known = current(snapshot); at.empty() && known && known->size() == 1) {
    // In one go, so that files with several names are one file also across its roots.
    parts->all.clear();
    parts->all.push_back({"", known->front(), {}, {}});
  }
  Progress progress;
  RestoreTarget into(environment_.files, std::move(target));
  const auto begin = [&] { return into.begin(); };
  const auto begun = co_await environment_.workers.run(begin);
  if (!begun) co_return begun.error();
  RestoreSummary total;
  TaskScope counting(environment_.clock);
  counting.spawn(expect(parts->all, progress));
  // The newest last: of the folders above it, too, the newest facts stay.
  std::reverse(parts->all.begin(), parts->all.end());
  for (const Part& part : parts->all) {
    RestoreRun run(environment_, vault_, observer, progress, into, overwrite, cancelled_);
    const auto done = co_await run.run(part.snapshot.record.tree, part.path, part.elsewhere);
    if (!done) co_return done.error();
    total.files += done->files;
    total.there += done->there;
    total.folders += done->folders;
    total.symlinks += done->symlinks;
    total.bytes += done->bytes;
    total.failed += done->failed;
    total.refused += done->refused;
  }
  total.omitted = std::move(parts->omitted);
  // What is left alone for good is no reason to leave marks in the person's own folder.
  const std::uint64_t unfinished = total.failed - (into.is_ours() ? 0 : total.refused);
  const auto finish = [&] { return unfinished == 0 ? into.finish() : Result<void>(); };
  const auto finished = co_await environment_.workers.run(finish);
  if (!finished) co_return finished.error();
  co_return total;
}

Task<Result<FileFacts>> RingDrive::read_file(std::string path, std::string snapshot,
                                             std::function<Result<void>(ByteView)> sink,
                                             FileAttributes* attributes) {
  cancelled_ = false;
  std::string at;
  for (const std::string& name : path_parts(path)) at = join(at, name);
  auto parts = co_await parts_at(at, std::move(snapshot));
  if (!parts) co_return parts.error();
  TreeEntry* const entry = parts->all.empty() ? nullptr : &parts->all.front().entry;
  if (entry == nullptr || parts->all.front().path != at || entry->facts.kind == FileKind::folder) {
    co_return fail(Errc::invalid, path + " is a folder: restore it");
  }
  if (entry->facts.kind == FileKind::symlink) {
    co_return fail(Errc::invalid, path + " is a symbolic link to " + entry->link_target);
  }
  if (attributes != nullptr) *attributes = entry->attributes;
  ContentReader content(environment_.clock, vault_, std::move(entry->content), entry->facts.size);
  while (true) {
    if (cancelled_) co_return fail(Errc::cancelled, "stopped");
    const auto piece = co_await content.next();
    if (!piece) co_return piece.error_in(path);
    if (piece->empty()) co_return entry->facts;
    const auto taken = sink(piece->view());
    if (!taken) co_return taken.error();
  }
}

}  // namespace peerstore::drive
