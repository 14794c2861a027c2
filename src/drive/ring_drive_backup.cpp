// The part of RingDrive that makes snapshots, in the durable order: chunks receipted, index
// receipted, head kept in this home, head published.
#include <algorithm>

#include "ring_drive.hpp"

namespace peerstore::drive {

namespace {
constexpr int kWalksMost = 3;
constexpr std::uint64_t kDeletionsAskedAbout = 100;  // if they are also over a fifth

Error too_little(const std::string& what) {
  return fail(Errc::refused,
              what + ". Is the disk mounted? If it is meant: the same command with --allow-deletions");
}

}  // namespace

Task<Result<BackupSummary>> RingDrive::backup(BackupOptions options, Observer observer) {
  cancelled_ = false;
  say_remarks(observer);
  RootTree roots;
  for (const std::string& path : options.paths) {
    const auto remote = remote_from_local(path);
    if (!remote) co_return remote.error();
    roots.add(*remote);
  }
  if (options.paths.empty()) co_return fail(Errc::invalid, "nothing to back up was named");
  std::vector<PathPattern> excluded;
  for (const std::string& text : options.excluded) {
    auto pattern = PathPattern::parse(text);
    if (!pattern) co_return pattern.error();
    excluded.push_back(std::move(*pattern));
  }
  const auto there = co_await check_roots(roots);
  if (!there) co_return there.error();

  const bool only_look = options.only_look;
  if (!only_look) co_await take_up_journal();
  for (int attempt = 1;; ++attempt) {
    BackupRun run(environment_, vault_, cache(), {excluded, options.one_file_system, only_look, roots},
                  observer, [this] { return pause(); });
    vault_.begin_run([&run] { run.report(); }, only_look);
    checkpoint_at_ = only_look ? ~std::uint64_t{0} : checkpoint_bytes_;
    checkpoint_time_ = only_look ? TimePoint{Duration::max()} : environment_.clock.now() + kCheckpointEvery;
    auto summary = co_await run_backup(roots, options, run);
    if (!summary && !only_look) co_await keep_what_is_safe();
    vault_.begin_run([] {});
    if (!summary) co_return summary.error();
    if (*summary) co_return std::move(**summary);
    if (attempt == kWalksMost) {
      co_return fail(Errc::busy, "another machine of yours goes on dropping what this backup counts on");
    }
  }
}

// Whether something that lies in another machine's packs, and that this run therefore did not store, is
// there no more: that machine may have pruned meanwhile.
Task<Result<bool>> RingDrive::counts_on_dropped() {
  const std::set<wire::ChunkAddress> counted_on = vault_.counted_on();
  if (counted_on.empty()) co_return false;
  const auto news = co_await read_news();
  if (!news) co_return news.error();
  if (!news->any) co_return false;
  // By their logs as they are today; a log that cannot be read now says nothing for its packs, and what was
  // counted on there is stored by this machine, too.
  vault::Vault today({environment_.clock, environment_.workers, environment_.entropy, environment_.space},
                     keys_.drive_secret, {.older_secrets = keys_.older_secrets});
  const std::map<std::uint32_t, wire::Head> heads = heads_.heads();
  for (const auto& [machine, head] : heads) {
    if (machine == keys_.machine) continue;
    auto body = vault::open_head_body(vault_.keys(), keys_.ring_id, head);
    if (!body || !body->index) continue;
    (void)co_await today.load(std::move(*body->index), vault::Vault::Whose::others);
  }
  std::set<wire::ChunkAddress> gone;
  for (const wire::ChunkAddress& pack : counted_on) {
    const auto known = today.index().find_pack(pack);
    if (!known || today.index().dropped_since(*known) != 0) gone.insert(pack);
  }
  vault_.give_up(gone);
  co_return !gone.empty();
}

// A path that was mistyped is an error; one that cannot be read later is a warning.
Task<Result<void>> RingDrive::check_roots(RootTree roots) {
  for (const std::string& root : roots.roots()) {
    const std::string path = join("/", root);
    const auto look = [&] { return environment_.files.facts(path); };
    const auto facts = co_await environment_.workers.run(look);
    if (!facts && facts.error().code == Errc::not_found) co_return fail(Errc::not_found, path);
  }
  co_return Result<void>();
}

// This machine's newest snapshot of the same paths; none if there is none.
const RingDrive::KnownSnapshot* RingDrive::last_of(const RootTree& roots) const {
  const auto last = std::find_if(snapshots_.rbegin(), snapshots_.rend(), [&](const KnownSnapshot& known) {
    return known.record.machine == keys_.machine && known.record.roots == roots.roots();
  });
  return last == snapshots_.rend() ? nullptr : &*last;
}

// A disk that is not mounted looks like a folder that was emptied.
Task<Result<void>> RingDrive::check_deletions(const RootTree& roots, const BackupRun& run) {
  const KnownSnapshot* const last = last_of(roots);
  if (last == nullptr) co_return Result<void>();
  const SnapshotRecord before = last->record;
  for (const std::string& root : run.empty_roots()) {
    const auto was = co_await find_path(vault_, before.tree, root);
    // What cannot be read now may have been anything.
    if (was ? was->content.ids.empty() : was.error().code == Errc::not_found) continue;
    co_return too_little("there is nothing in /" + root + " now, where there was before");
  }
  const std::uint64_t gone = before.files - std::min(before.files, run.summary().files);
  if (gone >= kDeletionsAskedAbout && gone * 5 > before.files) {
    co_return too_little(std::to_string(gone) + " of " + std::to_string(before.files) +
                         " files that were there before are gone");
  }
  co_return Result<void>();
}

Task<Result<std::optional<BackupSummary>>> RingDrive::run_backup(RootTree roots, const BackupOptions& options,
                                                                 BackupRun& run) {
  // A look at everything only to count it would take as long as finding that nothing has changed.
  const KnownSnapshot* const last = last_of(roots);
  if (cache_ && last != nullptr) {
    run.expect(last->record.files, last->record.bytes);
  } else {
    const auto counted = co_await run.count(roots);
    if (!counted) co_return counted.error();
  }
  auto tree = co_await run.write(roots);
  if (!tree) co_return tree.error();
  BackupSummary summary = run.summary();
  if (options.only_look) {
    summary.bytes_new = vault_.figures().bytes_new;
    summary.bytes_stored = vault_.figures().bytes_stored;
    summary.copies_wanted = environment_.space.wanted_copies();
    co_return std::optional(std::move(summary));
  }
  const auto flushed = co_await vault_.flush();
  if (!flushed) co_return flushed.error();
  co_await vault_.mend();
  if (!options.mass_deletion_is_meant) {
    const auto checked = co_await check_deletions(roots, run);
    if (!checked) co_return checked.error();
  }
  const auto counts_on_dropped = co_await this->counts_on_dropped();
  if (!counts_on_dropped) co_return counts_on_dropped.error();
  if (*counts_on_dropped) co_return std::optional<BackupSummary>();
  auto finished = co_await finish_backup(std::move(roots), std::move(*tree), std::move(summary));
  run.report();
  if (!finished) co_return finished.error();
  co_return std::optional(std::move(*finished));
}

// Writes the snapshot down, and says how safe it is.
Task<Result<BackupSummary>> RingDrive::finish_backup(RootTree roots, BlobList tree, BackupSummary summary) {
  std::vector<Bytes> records;
  if (summary.files + summary.folders + summary.symlinks > 0) {
    SnapshotRecord record;
    record.taken_ns = environment_.clock.wall_time().nanoseconds;
    if (!snapshots_.empty())
      record.taken_ns = std::max(record.taken_ns, snapshots_.back().record.taken_ns + 1);
    record.machine = keys_.machine;
    record.files = summary.files;
    record.folders = summary.folders;
    record.symlinks = summary.symlinks;
    record.skipped = summary.skipped;
    record.bytes = summary.bytes;
    record.roots = roots.roots();
    record.tree = std::move(tree);
    records.push_back(encode(record));
    if (records.back().size() > vault::kRecordBytesMax) {
      co_return fail(Errc::invalid, "too many paths for one snapshot: name a folder above them");
    }
  }
  const auto head_copies = co_await write_head(records);
  if (!head_copies) co_return head_copies.error();
  if (!records.empty()) {
    summary.snapshot = snapshot_id(records.front());
    const auto taken = take_records(records);
    if (!taken) co_return taken.error();
  }
  const vault::RunFigures& figures = vault_.figures();
  summary.bytes_new = figures.bytes_new;
  summary.bytes_stored = figures.bytes_stored;
  summary.chunks_sent = figures.chunks_sent;
  summary.copies_wanted = environment_.space.wanted_copies();
  summary.copies_least = std::min(figures.copies_least, summary.copies_wanted);
  summary.head_copies = *head_copies;
  if (!summary.snapshot.empty() && !summary.safe()) {
    summary.shortfall = figures.shortfall;
    if (summary.shortfall.empty()) {
      summary.shortfall =
          summary.copies_least < summary.copies_wanted
              ? "too few friends can take copies now"
              : "only " + std::to_string(*head_copies) + " machines keep the list of your files";
    }
  }
  co_return summary;
}

Task<Result<void>> RingDrive::pause() {
  if (cancelled_) co_return fail(Errc::cancelled, "stopped");
  const bool is_due = vault_.has_unindexed() && environment_.clock.now() >= checkpoint_time_;
  if (!is_due && vault_.figures().bytes_new < checkpoint_at_) co_return Result<void>();
  checkpoint_at_ = vault_.figures().bytes_new + checkpoint_bytes_;
  const auto written = co_await write_head({});
  checkpoint_time_ = environment_.clock.now() + kCheckpointEvery;
  // Who cannot be told now is told at the end.
  if (!written && written.error().code != Errc::unreachable) co_return written.error();
  co_return Result<void>();
}

// How many members keep the new head.
Task<Result<unsigned>> RingDrive::write_head(std::vector<Bytes> records) {
  auto newest = co_await vault_.write_index(std::move(records));
  if (!newest) co_return newest.error();
  const std::int64_t now = environment_.clock.wall_time().nanoseconds;
  auto head = co_await heads_.write_next(vault_.keys(), std::move(*newest), now);
  if (!head) co_return head.error();
  co_await vault_.head_is_kept();
  auto copies = co_await environment_.space.publish(std::move(*head));
  if (!copies) co_return copies.error_in("publishing the head");
  co_return *copies;
}

// Not while the ring hides what this machine has indexed since.
Task<void> RingDrive::take_up_journal() {
  if (!shows_old_heads_) co_await vault_.take_up_journal();
}

// After a run that was stopped: what is stored is indexed, so that the next run goes on from it.
Task<void> RingDrive::keep_what_is_safe() {
  (void)co_await vault_.flush();
  if (vault_.has_unindexed()) (void)co_await write_head({});
}

}  // namespace peerstore::drive
