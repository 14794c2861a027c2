// Opening, reading and removing; chunk_store_writes.cpp has the writing.
#include "store/chunk_store_on_disk.hpp"

#include "store/layout.hpp"

#include <memory>

namespace peerstore::store {

namespace {

// Of the disk, for its owner's other files and the database; nothing is taken that would leave less.
constexpr std::uint64_t kReservePart = 20;
constexpr std::uint64_t kReserveMost = std::uint64_t{1} << 30;

// As held, as damaged, and as what became of it meanwhile.
constexpr int kReadAttempts = 3;

Error not_held(const wire::ChunkAddress& address) {
  return fail(Errc::not_found, about(address) + ": not held here");
}

Result<void> without_value(const auto& result) {
  if (!result) return result.error();
  return {};
}

// Reads the head, and a segment if one is named, and forgets what it read.
Result<void> read_through(Disk& disk, const wire::ChunkAddress& address, std::optional<std::uint32_t> index) {
  const std::string path = chunk_path(address);
  if (index) return without_value(read_segment_of(disk, path, address, *index));
  return without_value(read_head(disk, path, address));
}

// Whether the disk gives any part of the file: then the part that it refuses is damaged. If it
// gives nothing, the trouble may be with the disk, or with this process, and not with the file.
bool some_part_reads(Disk& disk, const ChunkFacts& facts) {
  const std::string path = chunk_path(facts.address);
  if (disk.read(path, 0, kHeadBlockBytes)) return true;
  for (std::uint32_t i = 0; i < facts.header.segments; ++i) {
    if (disk.read(path, segment_offset(i), wire::kSegmentBytes)) return true;
  }
  return false;
}

// Errc::corrupt if the fault is the file's, not_found if it has gone.
Result<void> examine(Disk& disk, const ChunkFacts& facts, std::optional<std::uint32_t> index) {
  auto outcome = read_through(disk, facts.address, index);
  if (outcome) return outcome;
  const bool is_no_file = outcome.error().code == Errc::invalid;
  const bool is_bad_sector = outcome.error().code == Errc::io && some_part_reads(disk, facts);
  if (is_no_file || is_bad_sector) return fail(Errc::corrupt, outcome.error().context);
  return outcome;
}

Result<void> remove_file(Disk& disk, const wire::ChunkAddress& address) {
  if (auto done = disk.remove(chunk_path(address)); !done && done.error().code != Errc::not_found)
    return done;
  return {};
}

// Where a change in the store's scope leaves its result for the caller, if that is still there.
struct Outcome {
  explicit Outcome(Clock& clock) : left(clock) {}
  std::optional<Result<void>> result;
  Event left;
};

Task<void> leave_result(Task<Result<void>> change, std::shared_ptr<Outcome> outcome) {
  outcome->result.emplace(co_await std::move(change));
  outcome->left.notify_all();
}

}  // namespace

std::uint64_t stored_bytes(const wire::ChunkHeader& header) { return chunk_file_bytes(header.segments); }

Error over_quota(std::uint64_t kept, std::uint64_t allowed) {
  return fail(Errc::over_quota, std::to_string(kept) +
                                    " bytes are kept for their owner, whose quota allows " +
                                    std::to_string(allowed) +
                                    " on one machine: forget and prune snapshots (what is deleted counts for "
                                    "30 days more)");
}

Task<Result<std::unique_ptr<ChunkStore>>> ChunkStore::open(Clock& clock, Disk& disk, KeyValue& facts,
                                                           Workers& workers, Options options) {
  auto store = std::make_unique<ChunkStoreOnDisk>(clock, disk, facts, workers, options);
  const auto recovered = co_await store->recover();
  if (!recovered) co_return recovered.error_in("opening the chunk store");
  co_return std::unique_ptr<ChunkStore>(std::move(store));
}

ChunkStoreOnDisk::ChunkStoreOnDisk(Clock& clock, Disk& disk, KeyValue& facts, Workers& workers,
                                   Options options)
    : clock_(clock),
      disk_(disk),
      rows_(facts),
      deleted_(facts),
      workers_(workers),
      writes_at_once_(options.writes_at_once),
      idle_life_(options.reservation_life),
      ledger_(options.capacity, options.reservation_life),
      turns_(clock),
      changes_(clock) {}

Task<Result<void>> ChunkStoreOnDisk::recover() {
  const auto folders = co_await workers_.run([this] { return recover_layout(disk_); });
  if (!folders) co_return folders.error();
  folder_is_durable_ = *folders;

  FoundChunks found;
  for (unsigned number = 0; number < kChunkFolders; ++number) {
    const bool is_there = folder_is_durable_[number];
    const auto here = co_await workers_.run(
        [this, number, is_there] { return recover_folder(disk_, rows_, number, is_there); });
    if (!here) co_return here.error();
    found.held_files += here->held_files;
    found.held_bytes += here->held_bytes;
    for (const ChunkFacts& facts : here->damaged) {
      damaged_.emplace(facts.address, DamagedChunk{facts, {}});
      ledger_.damaged_added(stored_bytes(facts.header));
    }
    for (const ChunkFileEntry& file : here->unread) {
      unread_.emplace(file.address, file.bytes);
      ledger_.damaged_added(file.bytes);
    }
  }
  ledger_.found_held(found.held_files, found.held_bytes);

  // After the folders, which may have added to it.
  const auto aside = co_await workers_.run([this] { return count_quarantine(disk_); });
  if (!aside) co_return aside.error();
  ledger_.found_quarantined(aside->quarantined_files, aside->quarantined_bytes);

  const auto mended = co_await workers_.run([this] { return rows_.mend_placement_order(); });
  if (!mended) co_return mended.error();
  const auto deleted = co_await recover_deleted();
  // A disk that does not tell is found full when it is.
  if (!deleted) co_return deleted;
  co_await look_at_strays();
  (void)co_await measure_disk();
  co_return Result<void>();
}

Task<Result<void>> ChunkStoreOnDisk::run_to_its_end(Task<Result<void>> change) {
  const auto outcome = std::make_shared<Outcome>(clock_);
  changes_.spawn(leave_result(std::move(change), outcome));
  while (!outcome->result) co_await outcome->left.wait();
  co_return *outcome->result;
}

Task<Result<SharedBytes>> ChunkStoreOnDisk::read_segment(wire::ChunkAddress address, std::uint32_t index) {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    const auto facts = rows_.get(address);
    if (!facts) co_return facts.error_in(about(address));
    if (damaged_.contains(address)) {
      auto data = co_await read_damaged(address, index);
      if (data) co_return std::move(*data);
      continue;
    }
    if (!*facts) co_return co_await read_trashed(address, index);
    if (index >= (*facts)->header.segments) {
      co_return fail(Errc::invalid, about(address) + ": it has no segment " + std::to_string(index));
    }
    auto data = co_await read_held(address, index);
    if (data) co_return std::move(data);
    const auto examined = co_await run_to_its_end(examine_in_turn(address, index));
    if (!examined && !damaged_.contains(address)) co_return examined.error();
  }
  co_return fail(Errc::io, about(address) + ": it fails to read, and reads well when looked at again");
}

Task<Result<SharedBytes>> ChunkStoreOnDisk::read_held(wire::ChunkAddress address, std::uint32_t index) {
  auto leaf = recent_leaves_.find(address, index);
  std::vector<crypto::Hash> leaves;
  const auto read = [&]() -> Result<SharedBytes> {
    const std::string path = chunk_path(address);
    if (!leaf) {
      auto head = read_head(disk_, path, address);
      if (!head) return head.error();
      leaves = std::move(head->description.leaves);
      if (index >= leaves.size()) return fail(Errc::invalid, "the chunk has no such segment");
      leaf = leaves[index];
    }
    return read_segment_at(disk_, path, index, *leaf);
  };
  auto data = co_await workers_.run(read);
  if (!leaves.empty()) recent_leaves_.remember(address, std::move(leaves));
  co_return data;
}

Task<Result<HeldChunk>> ChunkStoreOnDisk::describe(wire::ChunkAddress address) {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    const auto facts = rows_.get(address);
    if (!facts) co_return facts.error_in(about(address));
    if (damaged_.contains(address)) {
      auto description = co_await describe_damaged(address);
      if (description) co_return std::move(*description);
      continue;
    }
    if (!*facts) co_return co_await describe_trashed(address);
    auto head =
        co_await workers_.run([this, &address] { return read_head(disk_, chunk_path(address), address); });
    if (head) co_return std::move(*head);
    const auto examined = co_await run_to_its_end(examine_in_turn(address, std::nullopt));
    if (!examined && !damaged_.contains(address)) co_return examined.error();
  }
  co_return fail(Errc::io, about(address) + ": it fails to read, and reads well when looked at again");
}

Task<Result<void>> ChunkStoreOnDisk::examine_in_turn(wire::ChunkAddress address,
                                                     std::optional<std::uint32_t> index) {
  const AddressTurns::Turn turn = co_await turns_.take(address);
  const auto row = rows_.get(address);
  if (!row) co_return row.error_in(about(address));
  if (!*row && damaged_.contains(address)) co_return Result<void>();  // to be read as such
  if (!*row) co_return not_held(address);
  const ChunkFacts facts = **row;
  const auto outcome = co_await workers_.run([this, &facts, index] { return examine(disk_, facts, index); });
  if (outcome) co_return outcome;
  if (outcome.error().code == Errc::not_found) co_return forget_missing(facts);
  if (outcome.error().code == Errc::corrupt) co_return note_damage(facts, index, outcome.error());
  co_return outcome.error_in(about(address));
}

Error ChunkStoreOnDisk::note_damage(const ChunkFacts& facts, std::optional<std::uint32_t> index,
                                    const Error& damage) {
  Flaws flaws;
  if (index) flaws.segments.set(*index);
  if (const auto noted = add_damaged(facts, flaws); !noted) return noted.error_in(about(facts.address));
  ledger_.held_dropped(stored_bytes(facts.header));
  discharge(facts.header);
  on_change_(facts, Change::lost);
  return damage.in(about(facts.address));
}

Error ChunkStoreOnDisk::forget_missing(const ChunkFacts& facts) {
  if (const auto dropped = rows_.drop(facts); !dropped) return dropped.error_in(about(facts.address));
  ledger_.held_dropped(stored_bytes(facts.header));
  discharge(facts.header);
  on_change_(facts, Change::lost);
  return fail(Errc::not_found, about(facts.address) + ": its file has gone");
}

Task<Result<void>> ChunkStoreOnDisk::remove(wire::ChunkAddress address) {
  co_return co_await run_to_its_end(remove_in_turn(address));
}

Task<Result<void>> ChunkStoreOnDisk::remove_in_turn(wire::ChunkAddress address) {
  const AddressTurns::Turn turn = co_await turns_.take(address);
  const auto row = rows_.get(address);
  if (!row) co_return row.error_in(about(address));
  if (!*row) co_return not_held(address);
  const ChunkFacts facts = **row;

  const auto removed = co_await workers_.run([this, &address] { return remove_file(disk_, address); });
  if (!removed) co_return removed.error_in(about(address) + ": removing it");
  const auto synced =
      co_await workers_.run([this, &address] { return disk_.sync_folder(chunk_folder(address.bytes[0])); });

  if (const auto dropped = rows_.drop(facts); !dropped) co_return dropped.error_in(about(address));
  ledger_.held_dropped(stored_bytes(facts.header));
  discharge(facts.header);
  on_change_(facts, Change::removed);
  if (!synced) co_return synced.error_in(about(address) + ": removed, but it may come back after a crash");
  co_return Result<void>();
}

std::optional<ChunkFacts> ChunkStoreOnDisk::find(const wire::ChunkAddress& address) {
  auto facts = rows_.get(address);
  if (!facts) return std::nullopt;
  return *facts;
}

Result<void> ChunkStoreOnDisk::for_each(const std::function<bool(const ChunkFacts&)>& visit) {
  return rows_.for_each(visit);
}

Result<std::vector<ChunkFacts>> ChunkStoreOnDisk::in_folder(unsigned first_byte) {
  return rows_.in_folder(first_byte);
}

Task<Result<void>> ChunkStoreOnDisk::check_names(unsigned first_byte) {
  const auto known = rows_.in_folder(first_byte);
  if (!known) co_return known.error();
  if (known->empty()) co_return Result<void>();
  const auto files =
      co_await workers_.run([this, first_byte] { return list_chunk_files(disk_, first_byte); });
  if (!files && files.error().code != Errc::not_found) co_return files.error();
  std::map<wire::ChunkAddress, std::uint64_t> sizes;
  if (files) {
    for (const ChunkFileEntry& file : *files) sizes.emplace(file.address, file.bytes);
  }
  for (const ChunkFacts& facts : *known) {
    const auto size = sizes.find(facts.address);
    if (size != sizes.end() && size->second == stored_bytes(facts.header)) continue;
    // It may have been removed meanwhile, which is no loss: whoever looks again knows.
    (void)co_await run_to_its_end(examine_in_turn(facts.address, std::nullopt));
  }
  co_return Result<void>();
}

Task<Result<void>> ChunkStoreOnDisk::measure_disk() {
  const auto space = co_await workers_.run([this] { return disk_.space(); });
  if (!space) co_return space.error_in("the disk's free space");
  const std::uint64_t reserve = std::min(space->total / kReservePart, kReserveMost);
  const std::uint64_t free = space->free > reserve ? space->free - reserve : 0;
  ledger_.set_disk_limit(ledger_.on_disk() + free);
  co_return Result<void>();
}

ChunkStore::Usage ChunkStoreOnDisk::usage() const {
  const TimePoint now = clock_.now();
  Usage usage;
  usage.given = ledger_.given();
  usage.capacity = ledger_.capacity();
  usage.held = ledger_.held();
  usage.promised = ledger_.reserved(now) + ledger_.writing();
  usage.chunks = ledger_.chunks();
  usage.damaged = ledger_.damaged_chunks();
  usage.damaged_bytes = ledger_.damaged();
  usage.quarantined = ledger_.quarantined_files();
  usage.quarantined_bytes = ledger_.quarantined();
  usage.trashed_bytes = ledger_.trash();
  usage.room = ledger_.room(now);
  return usage;
}

}  // namespace peerstore::store
