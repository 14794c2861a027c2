// The rows about chunks that their owners deleted, in the facts database:
//   "chunk/d" address  -> day u32, owner u32, machine u32, number u64, signature 64   (a tombstone)
//   "chunk/t" address  -> day u32, number of the lease u64, encoded header            (lies in the trash)
//   "chunk/q" address  -> day u32           (since when what lies of it in quarantine is of no more use)
//   "chunk/y"          -> day u32, the wall clock's day i64                           (the trash's calendar)
//
// A tombstone is written with a sync before the file moves, and outlives it: what comes back from a
// machine that slept is not taken again. The files in the trash are the truth about the trash, and
// recovery makes rows for those that have none.
#pragma once

#include <peerstore/runtime/key_value.hpp>
#include <peerstore/store/chunk_store.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace peerstore::store {

struct Tombstone {
  std::uint32_t day = 0;
  wire::Deletion deletion;  // with a signature of zeros if the database was lost: it cannot be passed on
};
struct TrashedChunk {
  std::uint32_t day = 0;
  ChunkFacts facts;
};
// The trash counts the days on which this machine was up, so a clock that jumps ends no grace.
struct TrashCalendar {
  std::uint32_t day = 0;
  std::int64_t wall_day = 0;
  // The wall clock shows this day now. True if the calendar changed.
  bool look(std::int64_t wall_day_now);
};

class DeletedRows {
 public:
  explicit DeletedRows(KeyValue& rows) : rows_(rows) {}

  Result<std::optional<Tombstone>> tombstone(const wire::ChunkAddress& address);
  Result<void> put(const Tombstone& tombstone);  // durable
  Result<void> for_each_tombstone(const std::function<void(const Tombstone&)>& visit);
  Result<void> drop_tombstones(const std::vector<wire::ChunkAddress>& addresses);

  Result<std::optional<TrashedChunk>> trashed(const wire::ChunkAddress& address);
  // All or nothing: first the drops, then the puts.
  Result<void> change(const std::vector<wire::ChunkAddress>& drops, const std::vector<TrashedChunk>& puts);
  Result<std::vector<TrashedChunk>> all_trashed();  // in order of address

  Result<std::optional<std::uint32_t>> healed_on(const wire::ChunkAddress& address);
  Result<void> put_healed_on(const wire::ChunkAddress& address, std::uint32_t day);
  Result<void> drop_healed_on(const wire::ChunkAddress& address);

  Result<std::optional<TrashCalendar>> calendar();
  Result<void> put(const TrashCalendar& calendar);

 private:
  KeyValue& rows_;
};

}  // namespace peerstore::store
