#include "ring_drive.hpp"

#include <algorithm>
#include <tuple>

#include "content_reader.hpp"
#include "restore_run.hpp"
#include "standing_run.hpp"

namespace peerstore::drive {

namespace {

Snapshot as_snapshot(const std::string& id, const SnapshotRecord& record) {
  return {id, record.taken_ns, record.machine, record.roots, record.files, record.bytes};
}

ListEntry list_entry(std::string path, const TreeEntry& entry) {
  return {std::move(path), entry.facts,      entry.link_target,
          entry.user_name, entry.group_name, entry.changed_while_read};
}

std::string machine_name(std::uint32_t machine) { return "machine " + std::to_string(machine); }

std::optional<vault::LocalCache> open_cache(const Environment& environment, const DriveKeys& keys) {
  if (environment.cache == nullptr) return std::nullopt;
  return vault::LocalCache(*environment.cache, keys.drive_secret, keys.ring_id);
}

}  // namespace

Task<Result<std::unique_ptr<Drive>>> Drive::open(Environment environment, DriveKeys keys) {
  auto drive = std::make_unique<RingDrive>(environment, std::move(keys));
  const auto started = co_await drive->start();
  if (!started) co_return started.error();
  co_return std::unique_ptr<Drive>(std::move(drive));
}

RingDrive::RingDrive(Environment environment, DriveKeys keys, std::uint64_t checkpoint_bytes)
    : environment_(environment),
      keys_(std::move(keys)),
      heads_(environment_, keys_),
      cache_(open_cache(environment_, keys_)),
      vault_({environment_.clock, environment_.workers, environment_.entropy, environment_.space, cache()},
             keys_.drive_secret),
      checkpoint_bytes_(checkpoint_bytes) {}

Task<Result<void>> RingDrive::start() {
  const auto claim = [&] {
    if (cache_) cache_->claim();
    return true;
  };
  co_await environment_.workers.run(claim);
  const auto known = co_await heads_.load();
  if (!known) co_return known.error();
  auto from_ring = co_await environment_.space.heads();
  if (!from_ring) co_return from_ring.error_in("the heads of your drive");
  const auto compared = co_await heads_.compare(std::move(*from_ring));
  if (!compared) co_return compared.error();
  for (const wire::Head& head : heads_.behind()) {
    // Of this machine's own head that is what a backup leaves that could not publish it.
    if (head.machine != keys_.machine) {
      remarks_.push_back(
          {"", fail(Errc::corrupt, "the ring shows an older head of " + machine_name(head.machine) +
                                       " than this home has seen; the newer one is used")});
    }
    (void)co_await environment_.space.publish(head);
  }
  // The own index first: where two machines have stored the same, the own place counts.
  if (heads_.heads().contains(keys_.machine)) {
    const auto loaded = co_await load_machine(keys_.machine);
    if (!loaded) co_return loaded.error();
  }
  std::vector<std::uint32_t> others;
  for (const auto& [machine, head] : heads_.heads()) {
    if (machine != keys_.machine) others.push_back(machine);
  }
  std::optional<Error> missing;
  for (const std::uint32_t machine : others) {
    const auto loaded = co_await load_machine(machine);
    if (loaded) continue;
    missing = loaded.error_in("what " + machine_name(machine) + " has stored");
    remarks_.push_back({"", *missing});
  }
  // A drive that looks empty because nothing of it can be read is none.
  if (missing && snapshots_.empty()) co_return *missing;
  if (!missing) co_await vault_.tidy_cache();
  co_return Result<void>();
}

Task<Result<void>> RingDrive::load_machine(std::uint32_t machine) {
  auto body = vault::open_head_body(vault_.keys(), keys_.ring_id, heads_.heads().at(machine));
  if (!body) co_return body.error();
  note_stale_heads(body->seen, machine);
  if (!body->index) co_return Result<void>();
  const auto whose = machine == keys_.machine ? vault::Vault::Whose::own : vault::Vault::Whose::others;
  const auto records = co_await vault_.load(std::move(*body->index), whose);
  if (!records) co_return records.error();
  co_return take_records(*records);
}

// A home that begins anew has no book to compare with, but its siblings' heads say what they saw.
void RingDrive::note_stale_heads(const std::vector<vault::SeenHead>& seen, std::uint32_t by) {
  for (const vault::SeenHead& head : seen) {
    const auto known = heads_.heads().find(head.machine);
    const std::uint64_t version = known == heads_.heads().end() ? 0 : known->second.version;
    if (version >= head.version) continue;
    remarks_.push_back(
        {"", fail(Errc::corrupt, "the ring shows head " + std::to_string(version) + " of " +
                                     machine_name(head.machine) + ", but " + machine_name(by) + " has seen " +
                                     std::to_string(head.version) + ": some snapshots may be missing")});
  }
}

Result<void> RingDrive::take_records(const std::vector<Bytes>& records) {
  for (const Bytes& bytes : records) {
    auto record = decode_snapshot_record(bytes);
    if (!record) return record.error();
    if (*record) snapshots_.push_back({snapshot_id(bytes), std::move(**record)});
  }
  std::sort(snapshots_.begin(), snapshots_.end(), [](const KnownSnapshot& a, const KnownSnapshot& b) {
    return std::tie(a.record.taken_ns, a.id) < std::tie(b.record.taken_ns, b.id);
  });
  return {};
}

void RingDrive::say_remarks(const Observer& observer) {
  for (const Warning& remark : std::exchange(remarks_, {})) observer.warning(remark);
}

std::vector<Snapshot> RingDrive::snapshots() const {
  std::vector<Snapshot> all;
  for (const KnownSnapshot& known : snapshots_) all.push_back(as_snapshot(known.id, known.record));
  return all;
}

Result<const RingDrive::KnownSnapshot*> RingDrive::find_snapshot(const std::string& id) const {
  if (snapshots_.empty()) return fail(Errc::not_found, "there is no snapshot yet");
  if (id.empty()) return &snapshots_.back();
  const KnownSnapshot* found = nullptr;
  for (const KnownSnapshot& known : snapshots_) {
    if (!known.id.starts_with(id)) continue;
    if (found != nullptr && found->id != known.id) {
      return fail(Errc::invalid, "snapshot " + id + " could mean several: give more digits");
    }
    found = &known;
  }
  if (found == nullptr) return fail(Errc::not_found, "snapshot " + id);
  return found;
}

// Of each machine, and of each set of roots, the newest; newest first. With an id, that one alone.
Result<std::vector<SnapshotRecord>> RingDrive::current(const std::string& id) const {
  const auto named = find_snapshot(id);
  if (!named) return named.error();
  if (!id.empty()) return std::vector<SnapshotRecord>{(*named)->record};
  std::vector<SnapshotRecord> newest;
  for (auto known = snapshots_.rbegin(); known != snapshots_.rend(); ++known) {
    const SnapshotRecord& record = known->record;
    const bool covered = std::any_of(newest.begin(), newest.end(), [&](const SnapshotRecord& later) {
      return later.machine == record.machine && later.roots == record.roots;
    });
    if (!covered) newest.push_back(record);
  }
  return newest;
}

// What is at `path`, in the newest of these snapshots that has it.
Task<Result<RingDrive::Located>> RingDrive::locate(std::string path, std::string snapshot) {
  const auto records = current(snapshot);
  if (!records) co_return records.error();
  Error missing = fail(Errc::not_found, path);
  for (const SnapshotRecord& record : *records) {
    auto entry = co_await find_path(vault_, record.tree, path);
    if (entry) co_return Located{record, std::move(*entry)};
    if (entry.error().code != Errc::not_found) co_return entry.error();
    missing = entry.error();
  }
  co_return missing;
}

// Every root once, from the newest snapshot that has it or a folder above it.
std::vector<RingDrive::RootAt> RingDrive::roots_of(const std::vector<SnapshotRecord>& records) {
  std::vector<RootAt> taken;
  for (const SnapshotRecord& record : records) {
    for (const std::string& start : record.roots) {
      std::string root;
      for (const std::string& name : path_parts(start)) root = join(root, name);
      const bool covered = std::any_of(taken.begin(), taken.end(), [&](const RootAt& other) {
        return other.root.empty() || other.root == root || root.starts_with(other.root + "/");
      });
      if (!covered) taken.push_back({root, record});
    }
  }
  return taken;
}

Task<Result<void>> RingDrive::list_below(std::string path, BlobList folder, bool recursive, std::size_t depth,
                                         std::vector<ListEntry>& entries) {
  if (depth > kFolderDepthMax) co_return fail(Errc::corrupt, path + ": folders without end");
  ListingReader listing(vault_, std::move(folder));
  while (true) {
    auto part = co_await listing.next();
    if (!part) co_return part.error_in(path);
    if (part->empty()) co_return Result<void>();
    for (TreeEntry& entry : *part) {
      const std::string at = join(path, entry.name);
      entries.push_back(list_entry(at, entry));
      if (!recursive || entry.facts.kind != FileKind::folder) continue;
      const auto below = co_await list_below(at, std::move(entry.content), true, depth + 1, entries);
      if (!below) co_return below.error();
    }
  }
}

Task<Result<void>> RingDrive::list_root(RootAt root, bool recursive, std::vector<ListEntry>& entries) {
  auto entry = co_await find_path(vault_, root.record.tree, root.root);
  // A root that could not be read is among the roots, and not in the tree.
  if (!entry && entry.error().code == Errc::not_found) co_return Result<void>();
  if (!entry) co_return entry.error();
  if (!root.root.empty()) entries.push_back(list_entry(root.root, *entry));
  const bool is_folder = entry->facts.kind == FileKind::folder;
  if (!is_folder || (!recursive && !root.root.empty())) co_return Result<void>();
  co_return co_await list_below(root.root, std::move(entry->content), recursive, 0, entries);
}

Task<Result<std::vector<ListEntry>>> RingDrive::list(std::string path, std::string snapshot, bool recursive) {
  std::vector<ListEntry> entries;
  std::string at;
  for (const std::string& name : path_parts(path)) at = join(at, name);
  if (at.empty()) {
    const auto records = current(snapshot);
    if (!records) co_return records.error();
    for (RootAt& root : roots_of(*records)) {
      const auto listed = co_await list_root(std::move(root), recursive, entries);
      if (!listed) co_return listed.error();
    }
    co_return entries;
  }
  auto found = co_await locate(at, std::move(snapshot));
  if (!found) co_return found.error();
  if (found->entry.facts.kind != FileKind::folder) {
    entries.push_back(list_entry(at, found->entry));
    co_return entries;
  }
  const auto below = co_await list_below(at, std::move(found->entry.content), recursive, 0, entries);
  if (!below) co_return below.error();
  co_return entries;
}

Task<Result<RestoreSummary>> RingDrive::restore(std::string path, std::string snapshot, std::string target,
                                                bool overwrite, Observer observer) {
  cancelled_ = false;
  say_remarks(observer);
  std::vector<RootAt> wanted;
  Progress expected;
  if (path_parts(path).empty()) {
    const auto records = current(snapshot);
    if (!records) co_return records.error();
    // One snapshot is restored as it is, with the folders above its roots.
    wanted = records->size() == 1 ? std::vector<RootAt>{{"", records->front()}} : roots_of(*records);
    for (const SnapshotRecord& record : *records) {
      expected.files_total += record.files;
      expected.bytes_total += record.bytes;
    }
  } else {
    const auto found = co_await locate(path, std::move(snapshot));
    if (!found) co_return found.error();
    wanted.push_back({path, found->record});
    if (found->entry.facts.kind == FileKind::file) {
      expected.files_total = 1;
      expected.bytes_total = found->entry.facts.size;
    }
  }
  RestoreTarget into(environment_.files, std::move(target));
  const auto begin = [&] { return into.begin(); };
  const auto begun = co_await environment_.workers.run(begin);
  if (!begun) co_return begun.error();
  RestoreSummary total;
  for (RootAt& root : wanted) {
    const auto there = co_await find_path(vault_, root.record.tree, root.root);
    if (!there && there.error().code == Errc::not_found) continue;
    if (!there) co_return there.error();
    RestoreRun run(environment_, vault_, observer, into, overwrite, cancelled_);
    const auto part = co_await run.run(root.record.tree, std::move(root.root), expected);
    if (!part) co_return part.error();
    total.files += part->files;
    total.there += part->there;
    total.folders += part->folders;
    total.symlinks += part->symlinks;
    total.bytes += part->bytes;
    total.failed += part->failed;
  }
  const auto finish = [&] {
    if (total.failed == 0) into.finish();
    return true;
  };
  co_await environment_.workers.run(finish);
  co_return total;
}

Task<Result<FileFacts>> RingDrive::read_file(std::string path, std::string snapshot,
                                             std::function<Result<void>(ByteView)> sink) {
  auto found = co_await locate(path, std::move(snapshot));
  if (!found) co_return found.error();
  TreeEntry* const entry = &found->entry;
  if (entry->facts.kind == FileKind::folder) co_return fail(Errc::invalid, path + " is a folder: restore it");
  if (entry->facts.kind == FileKind::symlink) {
    co_return fail(Errc::invalid, path + " is a symbolic link to " + entry->link_target);
  }
  ContentReader content(environment_.clock, vault_, std::move(entry->content), entry->facts.size);
  while (true) {
    const auto piece = co_await content.next();
    if (!piece) co_return piece.error_in(path);
    if (piece->empty()) co_return entry->facts;
    const auto taken = sink(piece->view());
    if (!taken) co_return taken.error();
  }
}

Task<Result<DriveStanding>> RingDrive::standing() {
  std::vector<SnapshotRecord> newest;
  if (auto records = current("")) newest = std::move(*records);
  StandingRun run(environment_.space, vault_);
  auto standing = co_await run.run(std::move(newest));
  if (standing && !snapshots_.empty()) {
    standing->newest = as_snapshot(snapshots_.back().id, snapshots_.back().record);
  }
  co_return standing;
}

}  // namespace peerstore::drive
