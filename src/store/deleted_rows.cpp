#include "store/deleted_rows.hpp"

#include <peerstore/runtime/encoding.hpp>

namespace peerstore::store {

namespace {
constexpr std::string_view kTombstone = "chunk/d";
constexpr std::string_view kTrashed = "chunk/t";
constexpr std::string_view kHealedOn = "chunk/q";
constexpr std::string_view kCalendar = "chunk/y";

std::string key_of(std::string_view prefix, const wire::ChunkAddress& address) {
  return std::string(prefix).append(as_text(address.view()));
}

std::optional<wire::ChunkAddress> address_in(std::string_view prefix, std::string_view key) {
  return wire::ChunkAddress::from(as_bytes(key.substr(prefix.size())));
}

std::string text_of(const ByteWriter& out) { return std::string(as_text(out.view())); }

std::string encode_row(const Tombstone& tombstone) {
  const wire::Deletion& deletion = tombstone.deletion;
  ByteWriter out;
  out.u32(tombstone.day).u32(deletion.owner).u32(deletion.machine).u64(deletion.number);
  out.fixed(deletion.signature);
  return text_of(out);
}

std::optional<Tombstone> decode_tombstone(const wire::ChunkAddress& address, std::string_view value) {
  ByteReader in(as_bytes(value));
  Tombstone tombstone;
  tombstone.day = in.u32();
  tombstone.deletion.address = address;
  tombstone.deletion.owner = in.u32();
  tombstone.deletion.machine = in.u32();
  tombstone.deletion.number = in.u64();
  tombstone.deletion.signature = in.fixed<crypto::Signature>();
  if (!in.finished()) return std::nullopt;
  return tombstone;
}

std::string encode_row(const TrashedChunk& chunk) {
  ByteWriter out;
  out.u32(chunk.day).u64(chunk.facts.lease).raw(wire::encode(chunk.facts.header));
  return text_of(out);
}

std::optional<TrashedChunk> decode_trashed(const wire::ChunkAddress& address, std::string_view value) {
  ByteReader in(as_bytes(value));
  TrashedChunk chunk;
  chunk.day = in.u32();
  chunk.facts.address = address;
  chunk.facts.lease = in.u64();
  const auto header = wire::decode_chunk_header(in.raw(wire::kChunkHeaderBytes));
  if (!header || !in.finished()) return std::nullopt;
  chunk.facts.header = *header;
  return chunk;
}
}  // namespace

bool TrashCalendar::look(std::int64_t wall_day_now) {
  if (wall_day_now == wall_day) return false;
  if (wall_day_now > wall_day) ++day;
  wall_day = wall_day_now;
  return true;
}

Result<std::optional<Tombstone>> DeletedRows::tombstone(const wire::ChunkAddress& address) {
  const auto value = rows_.get(key_of(kTombstone, address));
  if (!value) return value.error();
  if (!*value) return std::optional<Tombstone>();
  return decode_tombstone(address, **value);
}

Result<void> DeletedRows::put(const Tombstone& tombstone) {
  return rows_.write({{key_of(kTombstone, tombstone.deletion.address), encode_row(tombstone)}},
                     /*sync=*/true);
}

Result<void> DeletedRows::for_each_tombstone(const std::function<void(const Tombstone&)>& visit) {
  return rows_.scan(kTombstone, [&visit](std::string_view key, std::string_view value) {
    const auto address = address_in(kTombstone, key);
    const auto tombstone = address ? decode_tombstone(*address, value) : std::nullopt;
    if (tombstone) visit(*tombstone);
    return true;
  });
}

Result<void> DeletedRows::drop_tombstones(const std::vector<wire::ChunkAddress>& addresses) {
  std::vector<KeyValue::Change> changes;
  for (const wire::ChunkAddress& address : addresses) {
    changes.push_back({key_of(kTombstone, address), std::nullopt});
  }
  if (changes.empty()) return {};
  return rows_.write(changes, /*sync=*/false);
}

Result<std::optional<TrashedChunk>> DeletedRows::trashed(const wire::ChunkAddress& address) {
  const auto value = rows_.get(key_of(kTrashed, address));
  if (!value) return value.error();
  if (!*value) return std::optional<TrashedChunk>();
  return decode_trashed(address, **value);
}

Result<void> DeletedRows::change(const std::vector<wire::ChunkAddress>& drops,
                                 const std::vector<TrashedChunk>& puts) {
  std::vector<KeyValue::Change> changes;
  for (const wire::ChunkAddress& address : drops)
    changes.push_back({key_of(kTrashed, address), std::nullopt});
  for (const TrashedChunk& chunk : puts) {
    changes.push_back({key_of(kTrashed, chunk.facts.address), encode_row(chunk)});
  }
  if (changes.empty()) return {};
  return rows_.write(changes, /*sync=*/false);
}

Result<std::vector<TrashedChunk>> DeletedRows::all_trashed() {
  std::vector<TrashedChunk> found;
  const auto collect = [&found](std::string_view key, std::string_view value) {
    const auto address = address_in(kTrashed, key);
    auto chunk = address ? decode_trashed(*address, value) : std::nullopt;
    if (chunk) found.push_back(std::move(*chunk));
    return true;
  };
  if (auto done = rows_.scan(kTrashed, collect); !done) return done.error();
  return found;
}

Result<std::optional<std::uint32_t>> DeletedRows::healed_on(const wire::ChunkAddress& address) {
  const auto value = rows_.get(key_of(kHealedOn, address));
  if (!value) return value.error();
  if (!*value) return std::optional<std::uint32_t>();
  ByteReader in(as_bytes(**value));
  const std::uint32_t day = in.u32();
  if (!in.finished()) return std::optional<std::uint32_t>();
  return std::optional<std::uint32_t>(day);
}

Result<void> DeletedRows::put_healed_on(const wire::ChunkAddress& address, std::uint32_t day) {
  ByteWriter out;
  out.u32(day);
  return rows_.write({{key_of(kHealedOn, address), text_of(out)}}, /*sync=*/false);
}

Result<void> DeletedRows::drop_healed_on(const wire::ChunkAddress& address) {
  return rows_.write({{key_of(kHealedOn, address), std::nullopt}}, /*sync=*/false);
}

Result<std::optional<TrashCalendar>> DeletedRows::calendar() {
  const auto value = rows_.get(kCalendar);
  if (!value) return value.error();
  if (!*value) return std::optional<TrashCalendar>();
  ByteReader in(as_bytes(**value));
  TrashCalendar calendar;
  calendar.day = in.u32();
  calendar.wall_day = in.i64();
  if (!in.finished()) return std::optional<TrashCalendar>();
  return std::optional<TrashCalendar>(calendar);
}

Result<void> DeletedRows::put(const TrashCalendar& calendar) {
  ByteWriter out;
  out.u32(calendar.day).i64(calendar.wall_day);
  return rows_.write({{std::string(kCalendar), text_of(out)}}, /*sync=*/true);
}

}  // namespace peerstore::store
