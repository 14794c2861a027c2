// How a chunk comes in: reserve, begin, put_segment, commit.
#include "store/chunk_store_on_disk.hpp"

#include "store/chunk_file.hpp"
#include "store/layout.hpp"

#include <algorithm>
#include <map>

namespace peerstore::store {

namespace {

// Of a chunk that nobody touched for so long the sender was cut off, as a command that was killed, or is so
// slow that the place is worth more to others.
constexpr Duration kCutOff = std::chrono::minutes(1);
constexpr std::size_t kSharers = 4;  // persons who surely find a place for what they send

Error not_begun(const wire::ChunkAddress& address) {
  return fail(Errc::not_found, about(address) + ": not begun, or given up");
}

// True if no file is left. Not a file of the final name unless it is this very chunk.
bool remove_file(Disk& disk, const wire::ChunkAddress& address, Published progress) {
  const std::string path = progress == Published::renamed ? chunk_path(address) : incoming_path(address);
  const auto removed = disk.remove(path);
  return removed || removed.error().code == Errc::not_found;
}

}  // namespace

Result<std::uint64_t> ChunkStoreOnDisk::reserve(std::uint64_t bytes) {
  auto reservation = ledger_.reserve(bytes, clock_.now());
  if (!reservation && reservation.error().code == Errc::full && make_room()) {
    reservation = ledger_.reserve(bytes, clock_.now());
  }
  return reservation;
}

Task<Result<std::vector<std::uint32_t>>> ChunkStoreOnDisk::begin(HeldChunk chunk, Terms terms) {
  if (!is_well_formed(chunk.description))
    co_return fail(Errc::invalid, "a chunk whose description breaks the rules");
  const wire::ChunkAddress address = wire::address_of(chunk.description);
  const AddressTurns::Turn turn = co_await turns_.take(address);
  const auto held = rows_.get(address);
  if (!held) co_return held.error_in(about(address));
  if (*held && (*held)->lease >= chunk.lease.number) co_return std::vector<std::uint32_t>();
  const bool is_damaged = damaged_.contains(address);
  if (is_damaged) {
    const auto head = co_await workers_.run(
        [this, &address] { return read_head_block(disk_, chunk_path(address), address); });
    if (head && head->lease.number > chunk.lease.number) chunk.lease = head->lease;
  }
  if (auto wanted = is_wanted(address, chunk.lease); !wanted) co_return wanted.error();
  const auto trashed = deleted_.trashed(address);
  if (!trashed) co_return trashed.error_in(about(address));

  const bool is_in_place = *held || is_damaged;
  const auto purpose = is_in_place ? CapacityLedger::Purpose::replacement : CapacityLedger::Purpose::addition;
  const auto admitted = admit(address, std::move(chunk), terms, purpose);
  if (!admitted) co_return admitted.error_in(about(address));
  IncomingChunk& incoming = (*admitted)->second;
  if (!incoming.file) {
    incoming.present.reset();
    auto file = co_await workers_.run([this, &incoming] { return create_file(disk_, incoming); });
    if (!file) {
      const Error error = file.error_in(about(address) + ": creating its file");
      co_await give_up(*admitted, Published::not_renamed);
      co_return error;
    }
    incoming.file = std::move(*file);
    if (is_in_place || *trashed) {
      const std::string path = is_in_place ? chunk_path(address) : trash_path(address, (*trashed)->day);
      const auto copied =
          co_await workers_.run([this, &incoming, &path] { return copy_segments(disk_, path, incoming); });
      if (!copied) {
        co_await give_up(*admitted, Published::not_renamed);
        co_return copied.error_in(about(address));
      }
    }
  }
  co_return incoming.missing();
}

Result<ChunkStoreOnDisk::Incoming::iterator> ChunkStoreOnDisk::admit(const wire::ChunkAddress& address,
                                                                     HeldChunk chunk, const Terms& terms,
                                                                     CapacityLedger::Purpose purpose) {
  const TimePoint now = clock_.now();
  if (const auto known = incoming_.find(address); known != incoming_.end()) {
    IncomingChunk& incoming = known->second;
    incoming.touched = now;
    if (chunk.lease.number > incoming.chunk.lease.number) {
      incoming.chunk.lease = chunk.lease;  // and the file begins anew
      incoming.file.reset();
    }
    return known;
  }
  const wire::PersonNumber owner = chunk.description.header.owner;
  if (incoming_.size() >= writes_at_once_) drop_idle_writes(kCutOff);
  const bool has_place = incoming_.size() < writes_at_once_ || makes_way_for(owner) != incoming_.end();
  if (!has_place) return fail(Errc::busy, "too many chunks are being received");

  const std::uint64_t bytes = chunk_file_bytes(chunk.description.header.segments);
  const wire::ChunkHeader& header = chunk.description.header;
  if (bytes_of(header.owner) + bytes > terms.owner_bytes_max) drop_idle_writes(idle_life_);
  if (bytes_of(header.owner) + bytes > terms.owner_bytes_max) {
    return over_quota(bytes_of(header.owner), terms.owner_bytes_max);
  }
  auto room = ledger_.start_write(terms.reservation, bytes, now, purpose);
  if (!room && make_room()) room = ledger_.start_write(terms.reservation, bytes, now, purpose);
  if (!room) return room.error();
  charge(header);
  // Not before it is sure that this chunk is taken.
  if (incoming_.size() >= writes_at_once_) drop(makes_way_for(owner));

  IncomingChunk incoming;
  incoming.address = address;
  incoming.chunk = std::move(chunk);
  incoming.bytes = bytes;
  incoming.touched = now;
  return incoming_.emplace(address, std::move(incoming)).first;
}

Task<Result<void>> ChunkStoreOnDisk::put_segment(wire::ChunkAddress address, std::uint32_t index,
                                                 SharedBytes data) {
  const AddressTurns::Turn turn = co_await turns_.take(address);
  const auto found = incoming_.find(address);
  if (found == incoming_.end() || !found->second.file) {
    const auto held = rows_.get(address);
    if (!held) co_return held.error_in(about(address));
    if (*held) co_return Result<void>();
    co_return not_begun(address);
  }
  IncomingChunk& incoming = found->second;
  if (index >= incoming.chunk.description.header.segments || data.size() != wire::kSegmentBytes) {
    co_return fail(Errc::invalid, about(address) + ": no such segment, or not of a segment's size");
  }
  incoming.touched = clock_.now();
  if (incoming.present[index]) co_return Result<void>();

  const auto written = co_await workers_.run(
      [&incoming, index, &data] { return write_segment(incoming, index, data.view()); });
  if (!written) {
    const Error error = written.error_in(about(address));
    if (error.code != Errc::corrupt) co_await give_up(found, Published::not_renamed);
    if (error.code == Errc::full) (void)co_await measure_disk();
    co_return error;
  }
  incoming.present.set(index);
  co_return Result<void>();
}

std::optional<wire::ChunkHeader> ChunkStoreOnDisk::receiving(const wire::ChunkAddress& address) const {
  const auto found = incoming_.find(address);
  if (found == incoming_.end() || !found->second.file) return std::nullopt;
  return found->second.chunk.description.header;
}

Task<Result<std::vector<std::uint32_t>>> ChunkStoreOnDisk::salvage(wire::ChunkAddress address) {
  const AddressTurns::Turn turn = co_await turns_.take(address);
  const auto found = incoming_.find(address);
  if (found == incoming_.end() || !found->second.file) co_return not_begun(address);
  IncomingChunk& incoming = found->second;
  incoming.touched = clock_.now();
  const auto salvaged =
      co_await workers_.run([this, &incoming] { return salvage_segments(disk_, incoming); });
  if (!salvaged) {
    const Error error = salvaged.error_in(about(address));
    co_await give_up(found, Published::not_renamed);
    co_return error;
  }
  co_return incoming.missing();
}

Task<Result<void>> ChunkStoreOnDisk::commit(wire::ChunkAddress address) {
  co_return co_await run_to_its_end(commit_in_turn(address));
}

Task<Result<void>> ChunkStoreOnDisk::commit_in_turn(wire::ChunkAddress address) {
  const AddressTurns::Turn turn = co_await turns_.take(address);
  const auto held = rows_.get(address);
  if (!held) co_return held.error_in(about(address));
  const auto trashed = deleted_.trashed(address);
  if (!trashed) co_return trashed.error_in(about(address));

  const auto found = incoming_.find(address);
  if (found == incoming_.end() || !found->second.file) {
    if (*held) co_return Result<void>();
    co_return not_begun(address);
  }
  IncomingChunk& incoming = found->second;
  incoming.touched = clock_.now();
  if (const std::size_t missing = incoming.missing().size(); missing > 0) {
    co_return fail(Errc::invalid, about(address) + ": " + std::to_string(missing) + " segments are missing");
  }

  const unsigned folder = address.bytes[0];
  const bool folder_is_durable = folder_is_durable_[folder];
  Published progress = Published::not_renamed;
  const auto aside = co_await set_damaged_aside(address);
  Result<void> kept;
  if (!aside) {
    kept = aside.error();
  } else {
    kept = co_await workers_.run([this, &incoming, folder_is_durable, &progress] {
      return publish(disk_, incoming, folder_is_durable, progress);
    });
  }
  if (progress == Published::renamed) folder_is_durable_[folder] = true;
  const ChunkFacts facts = facts_of(incoming);
  if (kept) kept = rows_.put(facts);
  if (!kept) {
    // Under the final name there is this very chunk in any case, if it was held: by the old lease, or the
    // new.
    co_await give_up(found, *held ? Published::not_renamed : progress);
    if (aside && *aside) co_await take_back(**aside);
    co_return kept.error_in(about(address) + ": keeping it");
  }
  ledger_.write_kept(incoming.bytes);
  if (*held) {  // in whose place it has come
    ledger_.held_dropped(incoming.bytes);
    discharge(facts.header);
  }
  bury_damaged(address, *aside);
  incoming_.erase(found);
  if (*trashed) co_await leave_trash(**trashed);
  on_change_(facts, Change::kept);
  co_return Result<void>();
}

Task<void> ChunkStoreOnDisk::give_up(Incoming::iterator chunk, Published progress) {
  // Nobody else erases the entry while its turn is taken, and without a file it can be begun anew.
  IncomingChunk& incoming = chunk->second;
  incoming.file.reset();
  const bool gone = co_await workers_.run(
      [this, &incoming, progress] { return remove_file(disk_, incoming.address, progress); });
  forget(chunk, gone);
}

void ChunkStoreOnDisk::forget(Incoming::iterator chunk, bool file_is_gone) {
  discharge(chunk->second.chunk.description.header);
  if (file_is_gone) {
    ledger_.write_dropped(chunk->second.bytes);
  } else {
    ledger_.write_stuck(chunk->second.bytes);
  }
  incoming_.erase(chunk);
}

// A lease is of no use if its owner deleted the chunk after it.
Result<void> ChunkStoreOnDisk::is_wanted(const wire::ChunkAddress& address, const wire::Lease& lease) {
  const auto tombstone = deleted_.tombstone(address);
  if (!tombstone) return tombstone.error_in(about(address));
  if (*tombstone && (*tombstone)->deletion.number >= lease.number) {
    return fail(Errc::refused, about(address) + ": its owner deleted it");
  }
  return {};
}

bool ChunkStoreOnDisk::make_room() {
  const bool dropped = drop_idle_writes(idle_life_);
  return drop_healed() || dropped;
}

bool ChunkStoreOnDisk::drop_idle_writes(Duration life) {
  const TimePoint now = clock_.now();
  bool dropped = false;
  for (auto chunk = incoming_.begin(); chunk != incoming_.end();) {
    const auto here = chunk++;
    if (here->second.touched + life > now || turns_.is_taken(here->first)) continue;
    drop(here);
    dropped = true;
  }
  return dropped;
}

// Nobody keeps all others out: who has less than its share gets the place that was untouched for longest of
// those that the person with most of them has.
ChunkStoreOnDisk::Incoming::iterator ChunkStoreOnDisk::makes_way_for(wire::PersonNumber owner) {
  const std::size_t share = writes_at_once_ / kSharers;
  std::map<wire::PersonNumber, std::size_t> counts;
  for (const auto& [address, incoming] : incoming_) ++counts[incoming.chunk.description.header.owner];
  const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  if (most == counts.end() || most->second <= share || counts[owner] >= share) return incoming_.end();
  auto oldest = incoming_.end();
  for (auto chunk = incoming_.begin(); chunk != incoming_.end(); ++chunk) {
    const bool is_theirs = chunk->second.chunk.description.header.owner == most->first;
    if (!is_theirs || turns_.is_taken(chunk->first)) continue;
    if (oldest == incoming_.end() || chunk->second.touched < oldest->second.touched) oldest = chunk;
  }
  return oldest;
}

void ChunkStoreOnDisk::drop(Incoming::iterator chunk) {
  chunk->second.file.reset();
  forget(chunk, remove_file(disk_, chunk->first, Published::not_renamed));
}

}  // namespace peerstore::store
