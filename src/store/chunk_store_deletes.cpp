// How a chunk goes at its owner's word: tombstone, trash, and the end of its days there.
#include "store/chunk_store_on_disk.hpp"

#include "store/chunk_file.hpp"
#include "store/layout.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>

namespace peerstore::store {

namespace {

constexpr std::int64_t kNanosecondsPerDay = std::int64_t{24} * 60 * 60 * 1'000'000'000;

std::int64_t wall_day(const Clock& clock) { return clock.wall_time().nanoseconds / kNanosecondsPerDay; }

}  // namespace

// ---- opening ----

Task<Result<void>> ChunkStoreOnDisk::recover_deleted() {
  auto trash = co_await workers_.run([this] { return recover_trash(disk_, deleted_); });
  if (!trash) co_return trash.error();
  auto calendar = deleted_.calendar();
  if (!calendar) co_return calendar.error();
  if (*calendar) {
    calendar_ = **calendar;
  } else {
    for (const auto& [address, chunk] : *trash) calendar_.day = std::max(calendar_.day, chunk.day);
  }
  if (calendar_.look(wall_day(clock_)) || !*calendar) {
    if (auto kept = deleted_.put(calendar_); !kept) co_return kept.error();
  }
  for (const auto& [address, chunk] : *trash) {
    ledger_.trash_added(stored_bytes(chunk.facts.header));
    charge(chunk.facts.header);
    const auto held = rows_.get(address);
    if (!held) co_return held.error();
    if (*held) {  // it was stored again, and the machine stopped before it was out of the trash
      co_await leave_trash(chunk);
      continue;
    }
    const auto tombstone = deleted_.tombstone(address);
    if (!tombstone) co_return tombstone.error();
    if (*tombstone) continue;
    Tombstone anew{chunk.day, {chunk.facts.header.owner, address, 0, chunk.facts.lease, {}}};
    if (auto kept = deleted_.put(anew); !kept) co_return kept.error();
  }
  const auto charged = rows_.for_each([this](const ChunkFacts& facts) {
    charge(facts.header);
    return true;
  });
  if (!charged) co_return charged.error();

  // Chunks whose deletion was noted, and that were not in the trash yet when the machine stopped.
  std::vector<ChunkFacts> unfinished;
  const auto looked = deleted_.for_each_tombstone([&](const Tombstone& tombstone) {
    const auto held = rows_.get(tombstone.deletion.address);
    if (held && *held && (*held)->lease <= tombstone.deletion.number) unfinished.push_back(**held);
    const auto damaged = find_damaged(tombstone.deletion.address);
    if (damaged && damaged->lease <= tombstone.deletion.number) unfinished.push_back(*damaged);
  });
  if (!looked) co_return looked.error();
  for (const ChunkFacts& noted : unfinished) {
    const ChunkFacts facts = co_await by_the_file(noted);
    const auto tombstone = deleted_.tombstone(facts.address);
    if (!tombstone) co_return tombstone.error();
    if (facts.lease > (*tombstone)->deletion.number) continue;
    const auto moved = co_await into_trash(facts);
    if (!moved) co_return moved.error();
  }
  co_return Result<void>();
}

// ---- deleting ----

Task<Result<void>> ChunkStoreOnDisk::discard(wire::Deletion deletion) {
  co_return co_await run_to_its_end(discard_in_turn(deletion));
}

Task<Result<void>> ChunkStoreOnDisk::discard_in_turn(wire::Deletion deletion) {
  const wire::ChunkAddress address = deletion.address;
  const AddressTurns::Turn turn = co_await turns_.take(address);
  const auto held = rows_.get(address);
  if (!held) co_return held.error_in(about(address));
  const auto trashed = deleted_.trashed(address);
  if (!trashed) co_return trashed.error_in(about(address));
  const auto incoming = incoming_.find(address);

  // Who the owner is, only what is here can tell; of what is not here nothing is noted.
  std::optional<ChunkFacts> facts;
  if (*trashed) facts = (*trashed)->facts;
  if (incoming != incoming_.end()) facts = facts_of(incoming->second);
  if (const auto damaged = find_damaged(address)) facts = co_await by_the_file(*damaged);
  if (*held) facts = co_await by_the_file(**held);
  if (!facts) co_return Result<void>();
  if (facts->header.owner != deletion.owner) {
    co_return fail(Errc::refused, about(address) + ": it belongs to somebody else");
  }
  if (facts->lease > deletion.number) {
    co_return fail(Errc::refused, about(address) + ": its owner stored it again since");
  }
  if (deletion.number > facts->lease + wire::kLeaseStepMax) {
    co_return fail(Errc::refused, about(address) + ": a deletion too far above what is held");
  }
  const auto known = deleted_.tombstone(address);
  if (!known) co_return known.error_in(about(address));
  const bool is_known =
      *known && (*known)->deletion.number >= deletion.number && !(*known)->deletion.signature.is_zero();
  if (!is_known) {
    if (auto kept = deleted_.put(Tombstone{calendar_.day, deletion}); !kept) {
      co_return kept.error_in(about(address) + ": noting that it was deleted");
    }
  }
  if (incoming != incoming_.end()) co_await give_up(incoming, Published::not_renamed);
  if (const auto damaged = find_damaged(address)) co_return co_await into_trash(*damaged);
  if (!*held) co_return Result<void>();
  co_return co_await into_trash(**held);
}

// A power cut may take the row of a chunk that was written anew, and not its file: what the file says counts,
// or a deletion of before would end what was promised since. What cannot be read is as the row says.
Task<ChunkFacts> ChunkStoreOnDisk::by_the_file(ChunkFacts facts) {
  const auto head = co_await workers_.run(
      [this, &facts] { return read_head(disk_, chunk_path(facts.address), facts.address); });
  if (!head || head->lease.number <= facts.lease) co_return facts;
  facts.lease = head->lease.number;
  // If the row cannot be written it is put right another time.
  if (const auto damaged = damaged_.find(facts.address); damaged != damaged_.end()) {
    damaged->second.facts = facts;
    (void)rows_.put_damaged(facts);
  } else {
    (void)rows_.put(facts);
  }
  co_return facts;
}

// The caller has the turn, or the store is being opened.
Task<Result<void>> ChunkStoreOnDisk::into_trash(ChunkFacts facts) {
  const std::uint32_t day = calendar_.day;
  bool moved = false;
  const auto done = co_await workers_.run(
      [this, &facts, day, &moved] { return move_to_trash(disk_, facts.address, day, moved); });
  const bool is_missing = !moved && done.error().code == Errc::not_found;
  if (!moved && !is_missing) co_return done.error_in(about(facts.address) + ": moving it into the trash");

  if (auto dropped = rows_.drop(facts); !dropped) co_return dropped.error_in(about(facts.address));
  if (const auto damaged = damaged_.find(facts.address); damaged != damaged_.end()) {
    erase_damaged(damaged);
    charge(facts.header);
  } else {
    ledger_.held_dropped(stored_bytes(facts.header));
  }
  on_change_(facts, Change::removed);
  if (is_missing) {
    discharge(facts.header);
    co_return Result<void>();
  }
  ledger_.trash_added(stored_bytes(facts.header));
  const std::vector<TrashedChunk> rows(1, TrashedChunk{day, facts});
  if (auto noted = deleted_.change({}, rows); !noted) co_return noted.error_in(about(facts.address));
  if (!done) co_return done.error_in(about(facts.address) + ": moved into the trash, but not durably");
  co_return Result<void>();
}

// Its days are over, or it was stored again. What cannot be removed now is tried again later.
Task<void> ChunkStoreOnDisk::leave_trash(TrashedChunk chunk) {
  const auto removed = co_await workers_.run(
      [this, &chunk] { return remove_from_trash(disk_, chunk.facts.address, chunk.day); });
  if (!removed) co_return;
  const std::vector<wire::ChunkAddress> rows(1, chunk.facts.address);
  if (!deleted_.change(rows, {})) co_return;
  ledger_.trash_dropped(stored_bytes(chunk.facts.header));
  discharge(chunk.facts.header);
}

// ---- the end of the grace ----

Task<Result<void>> ChunkStoreOnDisk::sweep_trash() { co_return co_await run_to_its_end(sweep()); }

Task<Result<void>> ChunkStoreOnDisk::sweep() {
  co_await look_at_strays();
  drop_idle_writes(idle_life_);
  if (!calendar_.look(wall_day(clock_))) co_return Result<void>();
  if (auto kept = deleted_.put(calendar_); !kept) co_return kept.error_in("the trash's calendar");
  const auto trash = co_await workers_.run([this] { return deleted_.all_trashed(); });
  if (!trash) co_return trash.error_in("reading the facts about the trash");
  for (const TrashedChunk& chunk : *trash) {
    if (chunk.day + kTrashDays > calendar_.day) continue;
    const AddressTurns::Turn turn = co_await turns_.take(chunk.facts.address);
    const auto still = deleted_.trashed(chunk.facts.address);
    if (still && *still && (*still)->day == chunk.day) co_await leave_trash(chunk);
  }
  co_await empty_quarantine();
  std::vector<wire::ChunkAddress> old;
  const auto looked = deleted_.for_each_tombstone([&](const Tombstone& tombstone) {
    if (tombstone.day + kTombstoneDays <= calendar_.day) old.push_back(tombstone.deletion.address);
  });
  if (!looked) co_return looked.error();
  co_return deleted_.drop_tombstones(old);
}

// ---- what is known of it ----

std::optional<wire::Deletion> ChunkStoreOnDisk::deletion_of(const wire::ChunkAddress& address) {
  const auto tombstone = deleted_.tombstone(address);
  if (!tombstone || !*tombstone) return std::nullopt;
  return (*tombstone)->deletion;
}

std::optional<ChunkFacts> ChunkStoreOnDisk::find_trashed(const wire::ChunkAddress& address) {
  const auto chunk = deleted_.trashed(address);
  if (!chunk || !*chunk) return std::nullopt;
  return (*chunk)->facts;
}

Task<Result<SharedBytes>> ChunkStoreOnDisk::read_trashed(wire::ChunkAddress address, std::uint32_t index) {
  const auto chunk = deleted_.trashed(address);
  if (!chunk) co_return chunk.error_in(about(address));
  if (!*chunk) co_return fail(Errc::not_found, about(address) + ": not held here");
  const std::string path = trash_path(address, (*chunk)->day);
  co_return co_await workers_.run(
      [this, &path, &address, index] { return read_segment_of(disk_, path, address, index); });
}

Task<Result<HeldChunk>> ChunkStoreOnDisk::describe_trashed(wire::ChunkAddress address) {
  const auto chunk = deleted_.trashed(address);
  if (!chunk) co_return chunk.error_in(about(address));
  if (!*chunk) co_return fail(Errc::not_found, about(address) + ": not held here");
  const std::string path = trash_path(address, (*chunk)->day);
  co_return co_await workers_.run([this, &path, &address] { return read_head(disk_, path, address); });
}

// ---- what each owner takes ----

std::uint64_t ChunkStoreOnDisk::bytes_of(wire::PersonNumber owner) const {
  const auto found = bytes_by_owner_.find(owner);
  return found == bytes_by_owner_.end() ? 0 : found->second;
}

void ChunkStoreOnDisk::charge(const wire::ChunkHeader& header) {
  bytes_by_owner_[header.owner] += stored_bytes(header);
}

void ChunkStoreOnDisk::discharge(const wire::ChunkHeader& header) {
  const auto found = bytes_by_owner_.find(header.owner);
  CHECK(found != bytes_by_owner_.end() && found->second >= stored_bytes(header));
  found->second -= stored_bytes(header);
  if (found->second == 0) bytes_by_owner_.erase(found);
}

}  // namespace peerstore::store
