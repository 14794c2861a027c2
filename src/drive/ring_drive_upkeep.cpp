// The part of RingDrive that keeps the drive sound and small: verify, forget, prune.
#include <peerstore/vault/pack_standing.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include "keep_rules.hpp"
#include "mark_run.hpp"
#include "ring_drive.hpp"

namespace peerstore::drive {

namespace {

constexpr std::uint64_t kVerifiedBytes = 4 * 1024 * 1024;  // in one go
constexpr std::size_t kIdsInRecord = 4096;                 // of forgotten snapshots
// Longer than a backup takes: one that another machine had begun may have counted on a pack that was dropped.
// And long enough for a friend to come back who knows a newer head of this machine, if this home is an old
// copy.
constexpr std::int64_t kDeletedAfter_ns = std::int64_t{7} * 24 * 60 * 60 * 1'000'000'000;

Error old_heads() {
  return fail(Errc::corrupt,
              "nothing is pruned while the ring shows old heads of a machine: newer snapshots may "
              "need what would be dropped");
}

Error nothing_pruned(const Error& gap) {
  if (is_away(gap)) {
    return fail(Errc::unreachable,
                "nothing is pruned while what the snapshots need cannot be read: " + gap.context);
  }
  return fail(Errc::corrupt,
              "nothing is pruned while not everything that the snapshots need is there: " + gap.context);
}

}  // namespace

Task<Result<void>> RingDrive::mark_all(MarkRun& mark) {
  for (const KnownSnapshot& known : std::vector<KnownSnapshot>(snapshots_)) {
    const auto added = co_await mark.add(known.record);
    if (!added) co_return added.error();
  }
  co_return Result<void>();
}

// ---- Verify ----

// Of each pack, whether somebody has every chunk of it.
Task<Result<void>> RingDrive::verify_standing(std::vector<vault::PackRow> packs, VerifySummary& summary,
                                              Found& found, const Observer& observer) {
  std::set<std::string> waiting_for;
  for (std::size_t at = 0; at < packs.size(); at += vault::kPacksAsked) {
    if (cancelled_) co_return fail(Errc::cancelled, "stopped");
    const auto some = std::span(packs).subspan(at, std::min(vault::kPacksAsked, packs.size() - at));
    const auto standings =
        co_await vault::standing_of(environment_.space, std::vector(some.begin(), some.end()));
    if (!standings) co_return standings.error();
    for (std::size_t i = 0; i < some.size(); ++i) {
      bool is_lost = false;
      bool is_asleep = false;
      for (const replica::ChunkStanding& standing : (*standings)[i]) {
        if (!standing.confirmed.empty()) continue;
        is_lost = is_lost || standing.is_lost();
        is_asleep = true;
        for (const auto* members : {&standing.away, &standing.silent}) {
          for (const auto& member : *members) waiting_for.insert(environment_.space.name_of(member));
        }
      }
      if (is_lost) {
        ++summary.problems;
        found.lost.insert(some[i].addresses[0]);
        observer.warning({"", fail(Errc::not_found, some[i].name() + ": nobody has all of it any more")});
      } else if (is_asleep) {
        ++summary.unreachable;
      } else if (is_known_lost(some[i].addresses[0])) {
        found.whole.insert(some[i].addresses[0]);
      }
    }
  }
  summary.waiting_for.assign(waiting_for.begin(), waiting_for.end());
  co_return Result<void>();
}

// Writes down which packs are lost, so that the next backup, of any of the person's machines, stores again
// what is in them; and which are not lost any more, which counts when the drive is opened the next time.
Task<void> RingDrive::note_found(Found found, const Observer& observer) {
  if (looks_back_ || environment_.only_looks) co_return;
  std::set<wire::ChunkAddress> of_logs;
  for (const vault::PackRow& pack : vault_.log()) of_logs.insert(pack.addresses[0]);
  std::erase_if(found.lost, [&](const wire::ChunkAddress& pack) {
    return is_known_lost(pack) && !of_logs.contains(pack);
  });
  if (found.lost.empty() && found.whole.empty()) co_return;
  vault_.give_up(found.lost);
  std::int64_t now_ns = environment_.clock.wall_time().nanoseconds;
  for (const auto& [pack, finding] : findings_) now_ns = std::max(now_ns, finding.found_ns + 1);
  std::vector<Bytes> records;
  for (const auto* found_packs : {&found.lost, &found.whole}) {
    const std::vector<wire::ChunkAddress> packs(found_packs->begin(), found_packs->end());
    for (std::size_t at = 0; at < packs.size(); at += kIdsInRecord) {
      const auto first = packs.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = static_cast<std::ptrdiff_t>(std::min(kIdsInRecord, packs.size() - at));
      records.push_back(encode(PackFinding{now_ns, found_packs == &found.lost, {first, first + count}}));
    }
  }
  vault_.begin_run([] {});
  const auto written = co_await write_head(records);
  if (!written) {
    observer.warning({"", written.error().in("what is lost could not be written down")});
    co_return;
  }
  (void)take_records(records);
}

Task<void> RingDrive::verify_index(std::vector<vault::PackRow> packs, VerifySummary& summary,
                                   const Observer& observer) {
  for (const vault::PackRow& pack : packs) {
    if (cancelled_) co_return;
    const auto checked = co_await vault_.check_index_pack(pack);
    ++summary.packs_read;
    if (checked) continue;
    ++(is_away(checked.error()) ? summary.unreachable : summary.problems);
    observer.warning({"", checked.error()});
  }
}

// Every blob of these packs, from the ring.
Task<void> RingDrive::verify_data(std::vector<std::uint32_t> packs, VerifySummary& summary,
                                  const Observer& observer) {
  Progress progress;
  const auto rows = vault_.index().blobs_of(packs);
  for (const auto& [number, blobs] : rows) {
    for (const vault::BlobRow& blob : blobs) progress.bytes_total += blob.length;
  }
  for (const auto& [number, blobs] : rows) {
    const std::string name = vault_.index().pack(number).name();
    std::optional<Error> bad;
    for (std::size_t next = 0; next < blobs.size() && !cancelled_;) {
      const vault::BlobKind kind = blobs[next].kind;
      std::vector<vault::BlobId> ids;
      std::uint64_t bytes = 0;
      for (; next < blobs.size() && blobs[next].kind == kind && bytes < kVerifiedBytes; ++next) {
        if (ids.size() == vault::kBlobsAskedMax) break;
        ids.push_back(blobs[next].id);
        bytes += blobs[next].length;
      }
      const auto contents = co_await vault_.get_each(kind, std::move(ids));
      for (const auto& content : contents) {
        // What is damaged weighs more than who sleeps.
        if (!content && (!bad || is_away(*bad))) bad = content.error();
        if (content) summary.bytes_read += content->size();
      }
      progress.bytes_read += bytes;
      progress.bytes_safe = progress.bytes_read;
      observer.progress(progress);
    }
    ++summary.packs_read;
    if (!bad) continue;
    ++(is_away(*bad) ? summary.unreachable : summary.problems);
    observer.warning({"", bad->in(name)});
  }
}

Task<Result<VerifySummary>> RingDrive::verify(VerifyOptions options, Observer observer) {
  cancelled_ = false;
  say_remarks(observer);
  VerifySummary summary;
  // A remark has said what.
  if (missing_) ++(is_away(*missing_) ? summary.machines_unreachable : summary.problems);
  if (shows_old_heads_) co_return old_heads();
  MarkRun mark(vault_, cancelled_,
               [&](const std::string& path, const Error& error) { observer.warning({path, error}); });
  const auto marked = co_await mark_all(mark);
  if (!marked) co_return marked.error();
  summary.snapshots = snapshots_.size();
  summary.files = mark.files();
  summary.folders = mark.folders();
  summary.problems += mark.problems();
  summary.listings_unreachable = mark.unreachable();

  std::vector<std::uint32_t> numbers;
  for (std::uint32_t pack = 0; pack < vault_.index().packs(); ++pack) {
    if (vault_.index().dropped_since(pack) == 0) numbers.push_back(pack);
  }
  const std::vector<std::uint32_t> needed = vault_.dropped_and_needed(mark.used());
  numbers.insert(numbers.end(), needed.begin(), needed.end());
  std::vector<vault::PackRow> logs = vault_.log();
  for (const auto& [machine, log] : other_logs_) logs.insert(logs.end(), log.begin(), log.end());
  std::vector<vault::PackRow> packs = logs;
  for (const std::uint32_t number : numbers) packs.push_back(vault_.index().pack(number));
  summary.packs = packs.size();
  Found found;
  const auto standing = co_await verify_standing(std::move(packs), summary, found, observer);
  if (!standing) co_return standing.error();
  if (options.read_percent > 0) co_await verify_index(std::move(logs), summary, observer);
  co_await note_found(std::move(found), observer);
  if (options.read_percent <= 0) co_return summary;

  // Others each time, so that in the end all are read.
  const auto salt = environment_.entropy.make<wire::ChunkAddress>();
  const auto order = [&](std::uint32_t pack) {
    wire::ChunkAddress mixed = vault_.index().pack(pack).addresses[0];
    for (std::size_t i = 0; i < mixed.bytes.size(); ++i) mixed.bytes[i] ^= salt.bytes[i];
    return mixed.bytes;
  };
  std::sort(numbers.begin(), numbers.end(),
            [&](std::uint32_t a, std::uint32_t b) { return order(a) < order(b); });
  const double share = std::min(options.read_percent, 100.0) / 100;
  numbers.resize(static_cast<std::size_t>(std::ceil(share * static_cast<double>(numbers.size()))));
  co_await verify_data(std::move(numbers), summary, observer);
  if (cancelled_) co_return fail(Errc::cancelled, "stopped");
  co_return summary;
}

// ---- Forget ----

Task<Result<ForgetSummary>> RingDrive::forget(std::vector<std::string> snapshots, KeepRules rules,
                                              bool only_look) {
  std::set<std::string> forgotten;
  for (const std::string& id : snapshots) {
    if (id.empty()) co_return fail(Errc::invalid, "name the snapshot to forget");
    const auto known = find_snapshot(id);
    if (!known) co_return known.error();
    forgotten.insert((*known)->id);
  }
  const std::vector<Snapshot> all = this->snapshots();
  if (rules.any()) {
    const std::set<std::string> kept = kept_by(rules, all);
    for (const Snapshot& snapshot : all) {
      if (!kept.contains(snapshot.id)) forgotten.insert(snapshot.id);
    }
  }
  ForgetSummary summary;
  for (const Snapshot& snapshot : all) {
    (forgotten.contains(snapshot.id) ? summary.forgotten : summary.kept).push_back(snapshot);
  }
  if (only_look || forgotten.empty()) co_return summary;
  std::vector<Bytes> records;
  std::vector<std::string> ids(forgotten.begin(), forgotten.end());
  for (std::size_t at = 0; at < ids.size(); at += kIdsInRecord) {
    const std::size_t end = std::min(at + kIdsInRecord, ids.size());
    records.push_back(encode_forgotten(std::vector<std::string>(
        ids.begin() + static_cast<std::ptrdiff_t>(at), ids.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  vault_.begin_run([] {});
  const auto written = co_await write_head(records);
  if (!written) co_return written.error();
  const auto taken = take_records(records);
  if (!taken) co_return taken.error();
  co_return summary;
}

// ---- Prune ----

// The own log's records without what is forgotten. That another machine's snapshot is stays said as long as
// its log has it.
std::vector<Bytes> RingDrive::records_to_keep() const {
  std::vector<Bytes> kept;
  for (const Bytes& bytes : vault_.records()) {
    const auto forgotten = decode_forgotten(bytes);
    if (forgotten && !forgotten->empty()) continue;
    const auto record = decode_snapshot_record(bytes);
    if (record && *record && forgotten_.contains(snapshot_id(bytes))) continue;
    const auto finding = decode_finding(bytes);
    const auto is_outdated = [&](const wire::ChunkAddress& pack) {
      const auto newest = findings_.find(pack);
      return newest != findings_.end() && newest->second.found_ns > (*finding)->found_ns;
    };
    if (finding && *finding && std::ranges::all_of((*finding)->packs, is_outdated)) continue;
    kept.push_back(bytes);
  }
  const std::vector<std::string> ids(forgotten_of_others_.begin(), forgotten_of_others_.end());
  for (std::size_t at = 0; at < ids.size(); at += kIdsInRecord) {
    const std::size_t end = std::min(at + kIdsInRecord, ids.size());
    kept.push_back(encode_forgotten(std::vector<std::string>(
        ids.begin() + static_cast<std::ptrdiff_t>(at), ids.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  return kept;
}

// What the person's other machines have published since, as far as it can be read now.
Task<Result<RingDrive::News>> RingDrive::read_news() {
  const auto before = heads_.heads();
  auto from_ring = co_await environment_.space.heads();
  if (!from_ring) co_return from_ring.error_in("the heads of your drive");
  const auto compared = co_await heads_.compare(std::move(*from_ring));
  if (!compared) co_return compared.error();
  std::vector<std::uint32_t> changed;
  for (const auto& [machine, head] : heads_.heads()) {
    const auto known = before.find(machine);
    const bool is_new = known == before.end() || known->second.version != head.version;
    if (machine != keys_.machine && is_new) changed.push_back(machine);
  }
  News news;
  news.any = !changed.empty();
  for (const std::uint32_t machine : changed) {
    const auto loaded = co_await load_machine(machine);
    if (loaded) continue;
    news.missing = loaded.error_in("what machine " + std::to_string(machine) + " has stored");
    missing_ = news.missing;
    remarks_.push_back({"", *missing_});
  }
  give_up_lost();
  co_return news;
}

Task<Result<void>> RingDrive::do_prune(const vault::PrunePlan& plan, MarkRun& mark, PruneSummary& summary) {
  auto rescued = co_await vault_.rescue(mark.used(), cancelled_);
  if (!rescued) co_return rescued.error();
  const auto news = co_await read_news();
  if (!news) co_return news.error();
  if (news->missing) co_return *news->missing;
  if (news->any) {
    const auto marked = co_await mark_all(mark);
    if (!marked) co_return marked.error();
  }
  if (shows_old_heads_) co_return old_heads();
  if (mark.gap()) co_return nothing_pruned(*mark.gap());
  rescued = co_await vault_.rescue(mark.used(), cancelled_);
  if (!rescued) co_return rescued.error();
  if (cancelled_) co_return fail(Errc::cancelled, "stopped");
  std::vector<Bytes> records = records_to_keep();
  // What was dropped before and is deleted now need not be written down again. Not if the head that dropped
  // it may never have reached the ring.
  if (heads_.behind().empty()) {
    const auto removed = co_await remove_dropped(mark, plan.packs);
    if (!removed) co_return removed.error();
    summary.packs_deleted = *removed;
  }
  if (plan.packs.empty() && summary.packs_deleted == 0 && !vault_.has_unindexed() &&
      records == vault_.records()) {
    co_return Result<void>();
  }
  auto newest = co_await vault_.rewrite_index(std::move(records));
  if (!newest) co_return newest.error();
  const std::int64_t now = environment_.clock.wall_time().nanoseconds;
  auto head = co_await heads_.write_next(vault_.keys(), std::move(*newest), now);
  if (!head) co_return head.error();
  co_await vault_.head_is_kept();
  const auto copies = co_await environment_.space.publish(std::move(*head));
  if (!copies) co_return copies.error_in("publishing the head");
  summary.head_copies = *copies;
  summary.bytes_rewritten = plan.bytes_rewritten;
  co_return Result<void>();
}

// Nobody can count on them any more: all heads have been read, and what is needed lies elsewhere. All `but`
// those that the published index still counts on.
Task<Result<std::size_t>> RingDrive::remove_dropped(MarkRun& mark, std::vector<std::uint32_t> but) {
  const bool is_only_machine =
      keys_.machines <= 1 &&
      std::ranges::all_of(heads_.heads(), [this](const auto& entry) { return entry.first == keys_.machine; });
  const std::int64_t now = environment_.clock.wall_time().nanoseconds;
  const bool knows_all = is_only_machine && environment_.space.heads_are_surely_newest();
  const std::int64_t until = knows_all ? now : now - kDeletedAfter_ns;
  std::vector<std::uint32_t> packs = vault_.dropped_until(until, mark.used());
  std::erase_if(packs, [&](std::uint32_t pack) { return std::ranges::find(but, pack) != but.end(); });
  co_return co_await vault_.remove(std::move(packs));
}

Task<Result<PruneSummary>> RingDrive::prune(bool only_look, Observer observer) {
  cancelled_ = false;
  say_remarks(observer);
  if (missing_) {
    co_return fail(missing_->code,
                   "nothing is pruned while another machine's index cannot be read: " + missing_->context);
  }
  if (!only_look) co_await take_up_journal();
  MarkRun mark(vault_, cancelled_,
               [&](const std::string& path, const Error& error) { observer.warning({path, error}); });
  const auto marked = co_await mark_all(mark);
  if (!marked) co_return marked.error();
  if (mark.gap()) co_return nothing_pruned(*mark.gap());
  const vault::PrunePlan plan = vault_.plan_prune(mark.used());
  PruneSummary summary;
  summary.packs = plan.packs.size();
  summary.bytes_dropped = plan.bytes_dropped;
  summary.bytes_rewritten = plan.bytes_rewritten;
  summary.bytes_waiting = vault_.bytes_dropped();
  if (only_look) co_return summary;
  Progress progress;
  progress.bytes_total = plan.bytes_rewritten;
  vault_.begin_run([&] {
    progress.bytes_safe = std::min(vault_.figures().bytes_stored, progress.bytes_total);
    progress.bytes_read = progress.bytes_safe;
    if (progress.bytes_total > 0) observer.progress(progress);
  });
  vault_.drop(plan);
  const auto done = co_await do_prune(plan, mark, summary);
  const unsigned copies_least = vault_.figures().copies_least;
  vault_.begin_run([] {});
  if (!done) {
    vault_.undo(plan);
    co_return done.error();
  }
  // The head that no longer counts on them is published, and what takes their place has all its copies. Who
  // does not answer now is told the next time.
  const unsigned enough = std::min(environment_.space.reachable_copies(), environment_.space.wanted_copies());
  if (summary.head_copies >= enough && copies_least >= enough) {
    const auto removed = co_await remove_dropped(mark, {});
    if (removed) summary.packs_deleted += *removed;
  }
  summary.bytes_waiting = vault_.bytes_dropped();
  co_return summary;
}

}  // namespace peerstore::drive
