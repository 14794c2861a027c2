// Chunks of which a part cannot be read, and what lies in quarantine.
//
// A damaged chunk's file stays in its place. Reads check each segment against its leaf, so what is good of it
// can be served whatever the rest is like: of three copies with a bad segment each, another one in each,
// every segment can still be had twice. When the chunk was received anew its bad file moves to quarantine,
// the new one takes its place, and after kQuarantineDays the bad one is removed. Should the power fail
// between the two renames, the file in quarantine is the only trace of the chunk here: that goes back to its
// place.
#include "store/chunk_store_on_disk.hpp"

#include "store/layout.hpp"

namespace peerstore::store {

namespace {

// To whoever asks, a part that the disk does not give is as bad as one that is wrong.
Error damaged_part(const wire::ChunkAddress& address, const Error& error) {
  const Errc code = error.code == Errc::io ? Errc::corrupt : error.code;
  return fail(code, about(address) + ": " + error.context);
}

}  // namespace

std::optional<ChunkFacts> ChunkStoreOnDisk::find_damaged(const wire::ChunkAddress& address) {
  const auto found = damaged_.find(address);
  if (found == damaged_.end()) return std::nullopt;
  return found->second.facts;
}

std::vector<ChunkFacts> ChunkStoreOnDisk::damaged() const {
  std::vector<ChunkFacts> all;
  for (const auto& [address, chunk] : damaged_) all.push_back(chunk.facts);
  return all;
}

Result<void> ChunkStoreOnDisk::add_damaged(const ChunkFacts& facts, const Flaws& flaws) {
  if (auto noted = rows_.put_damaged(facts); !noted) return noted;
  damaged_.insert_or_assign(facts.address, DamagedChunk{facts, flaws});
  ledger_.damaged_added(stored_bytes(facts.header));
  return {};
}

void ChunkStoreOnDisk::erase_damaged(Damaged::iterator chunk) {
  ledger_.damaged_dropped(stored_bytes(chunk->second.facts.header));
  damaged_.erase(chunk);
}

// ---- reading ----

// Nothing if the file was not there: then things changed meanwhile, or will be found out by a recheck.
Task<std::optional<Result<SharedBytes>>> ChunkStoreOnDisk::read_damaged(wire::ChunkAddress address,
                                                                        std::uint32_t index) {
  const auto read = [this, &address, index]() -> Result<SharedBytes> {
    const std::string path = chunk_path(address);
    const auto head = read_head_block(disk_, path, address);
    if (!head) return head.error();
    if (index >= head->description.header.segments) {
      return fail(Errc::invalid, "it has no segment " + std::to_string(index));
    }
    return read_segment_at(disk_, path, index, head->description.leaves[index]);
  };
  auto data = co_await workers_.run(read);
  if (data) co_return std::optional(std::move(data));
  if (data.error().code == Errc::not_found) {
    (void)co_await run_to_its_end(recheck_in_turn(address));
    co_return std::nullopt;
  }
  co_return std::optional<Result<SharedBytes>>(damaged_part(address, data.error()));
}

Task<std::optional<Result<HeldChunk>>> ChunkStoreOnDisk::describe_damaged(wire::ChunkAddress address) {
  auto head = co_await workers_.run(
      [this, &address] { return read_head_block(disk_, chunk_path(address), address); });
  if (head) co_return std::optional(std::move(head));
  if (head.error().code == Errc::not_found) {
    (void)co_await run_to_its_end(recheck_in_turn(address));
    co_return std::nullopt;
  }
  co_return std::optional<Result<HeldChunk>>(damaged_part(address, head.error()));
}

// ---- held again ----

Task<Result<void>> ChunkStoreOnDisk::recheck(wire::ChunkAddress address) {
  co_return co_await run_to_its_end(recheck_in_turn(address));
}

Task<Result<void>> ChunkStoreOnDisk::recheck_in_turn(wire::ChunkAddress address) {
  const AddressTurns::Turn turn = co_await turns_.take(address);
  co_return co_await recheck_file(address);
}

Task<Result<void>> ChunkStoreOnDisk::recheck_file(wire::ChunkAddress address) {
  const auto found = damaged_.find(address);
  if (found == damaged_.end()) co_return fail(Errc::not_found, about(address) + ": not damaged");
  ChunkFacts facts = found->second.facts;
  const Flaws known = found->second.flaws;
  const auto flaws = co_await workers_.run(
      [this, &address, &known] { return find_flaws(disk_, chunk_path(address), address, known); });
  if (!flaws) {
    if (auto dropped = rows_.drop(facts); !dropped) co_return dropped.error_in(about(address));
    erase_damaged(found);
    co_return flaws.error_in(about(address));
  }
  found->second.flaws = *flaws;
  if (flaws->any()) co_return fail(Errc::corrupt, about(address) + ": damaged");

  const auto head =
      co_await workers_.run([this, &address] { return read_head(disk_, chunk_path(address), address); });
  if (!head) co_return head.error_in(about(address));
  facts.lease = head->lease.number;
  facts.header = head->description.header;
  if (auto kept = rows_.put(facts); !kept) co_return kept.error_in(about(address));
  erase_damaged(found);
  ledger_.found_held(1, stored_bytes(facts.header));
  charge(facts.header);
  on_change_(facts, Change::kept);
  co_return Result<void>();
}

// The caller has the turn.
Task<Result<std::optional<QuarantinedFile>>> ChunkStoreOnDisk::set_damaged_aside(wire::ChunkAddress address) {
  if (!damaged_.contains(address) && !unread_.contains(address)) co_return std::optional<QuarantinedFile>();
  auto moved = co_await workers_.run([this, &address] { return move_to_quarantine(disk_, address); });
  if (!moved && moved.error().code == Errc::not_found) co_return std::optional<QuarantinedFile>();
  if (!moved) co_return moved.error();
  co_return std::optional(std::move(*moved));
}

// A sound file has taken its place.
void ChunkStoreOnDisk::bury_damaged(const wire::ChunkAddress& address,
                                    const std::optional<QuarantinedFile>& aside) {
  if (const auto damaged = damaged_.find(address); damaged != damaged_.end()) erase_damaged(damaged);
  if (const auto unread = unread_.find(address); unread != unread_.end()) {
    ledger_.damaged_dropped(unread->second);
    unread_.erase(unread);
  }
  if (!aside) return;
  ledger_.found_quarantined(1, aside->bytes);
  // If it is not noted, the file is kept some days longer.
  (void)deleted_.put_healed_on(address, calendar_.day);
}

// What was to take its place could not be kept. The caller has the turn.
Task<void> ChunkStoreOnDisk::take_back(QuarantinedFile file) {
  const auto back = co_await workers_.run([this, &file] { return take_from_quarantine(disk_, file); });
  if (back) co_return;
  ledger_.found_quarantined(1, file.bytes);
  if (const auto unread = unread_.find(file.address); unread != unread_.end()) {
    ledger_.damaged_dropped(unread->second);
    unread_.erase(unread);
  }
  const auto damaged = damaged_.find(file.address);
  if (damaged == damaged_.end()) co_return;
  // A row that stays is dropped when the store opens next.
  (void)rows_.drop(damaged->second.facts);
  erase_damaged(damaged);
}

// ---- quarantine ----

Task<void> ChunkStoreOnDisk::look_at_strays() {
  if (ledger_.quarantined_files() == 0 && unread_.empty()) co_return;
  auto files = co_await workers_.run([this] { return list_quarantine(disk_); });
  std::vector<QuarantinedFile> strays;
  for (const auto& [address, bytes] : unread_) strays.push_back({address, chunk_path(address), bytes});
  if (files) strays.insert(strays.end(), files->begin(), files->end());
  for (const QuarantinedFile& file : strays) co_await look_at_stray(file);
}

Task<void> ChunkStoreOnDisk::look_at_stray(QuarantinedFile file) {
  const wire::ChunkAddress& address = file.address;
  const AddressTurns::Turn turn = co_await turns_.take(address);
  const bool is_in_place = file.path == chunk_path(address);
  if (is_in_place != unread_.contains(address)) co_return;
  const auto held = rows_.get(address);
  const auto trashed = deleted_.trashed(address);
  const auto tombstone = deleted_.tombstone(address);
  if (!held || *held || !trashed || *trashed || !tombstone) co_return;
  if (damaged_.contains(address) || incoming_.contains(address)) co_return;
  const auto head =
      co_await workers_.run([this, &file] { return read_head_block(disk_, file.path, file.address); });
  if (!head || (*tombstone && (*tombstone)->deletion.number >= head->lease.number)) co_return;
  if (!is_in_place) {
    const auto back = co_await workers_.run([this, &file] { return take_from_quarantine(disk_, file); });
    if (!back) co_return;
    ledger_.quarantine_dropped(file.bytes);
  } else {
    ledger_.damaged_dropped(file.bytes);
    unread_.erase(address);
  }
  const ChunkFacts facts{address, head->lease.number, head->description.header};
  // Without a row it is found again when the store opens next.
  if (!add_damaged(facts, {})) co_return;
  const auto sound = co_await recheck_file(address);
  if (!sound) on_change_(facts, Change::lost);
}

// What is sound here again, or deleted, needs its bad file no more.
Task<void> ChunkStoreOnDisk::empty_quarantine() {
  const auto files = co_await workers_.run([this] { return list_quarantine(disk_); });
  if (!files) co_return;
  for (const QuarantinedFile& file : *files) {
    const AddressTurns::Turn turn = co_await turns_.take(file.address);
    const auto held = rows_.get(file.address);
    const auto tombstone = deleted_.tombstone(file.address);
    if (!held || !tombstone || (!*held && !*tombstone)) continue;
    const auto since = deleted_.healed_on(file.address);
    if (!since) continue;
    if (!*since) (void)deleted_.put_healed_on(file.address, calendar_.day);
    if (!*since || **since + kQuarantineDays > calendar_.day) continue;
    const auto removed = co_await workers_.run([this, &file] { return disk_.remove(file.path); });
    if (!removed) continue;
    ledger_.quarantine_dropped(file.bytes);
    (void)deleted_.drop_healed_on(file.address);
  }
}

bool ChunkStoreOnDisk::drop_healed() {
  if (ledger_.quarantined() == 0) return false;
  const auto files = list_quarantine(disk_);
  bool dropped = false;
  for (const QuarantinedFile& file : files ? *files : std::vector<QuarantinedFile>()) {
    const auto held = rows_.get(file.address);
    if (!held || !*held || turns_.is_taken(file.address)) continue;
    if (!disk_.remove(file.path)) continue;
    ledger_.quarantine_dropped(file.bytes);
    (void)deleted_.drop_healed_on(file.address);
    dropped = true;
  }
  return dropped;
}

}  // namespace peerstore::store
