#include "pack_journal.hpp"

namespace peerstore::vault {

namespace {

LocalCache::Row row_of(PackRow pack, std::span<const BlobRow> blobs) {
  LocalCache::Row row{LocalCache::Kind::sent_pack, name_of(pack), std::nullopt};
  IndexPart part;
  part.entries.push_back({std::move(pack), {blobs.begin(), blobs.end()}, 0});
  row.content = encode(part);
  return row;
}

}  // namespace

Bytes name_of(const PackRow& pack) {
  ByteWriter out;
  for (const wire::ChunkAddress& address : pack.addresses) out.fixed(address);
  return out.take();
}

Task<void> PackJournal::begin(PackRow pack, std::span<const BlobRow> blobs) {
  if (environment_.cache == nullptr) co_return;
  co_await write(row_of(std::move(pack), blobs), true);
}

Task<void> PackJournal::note_holders(PackRow pack, std::span<const BlobRow> blobs) {
  if (environment_.cache == nullptr) co_return;
  co_await write(row_of(std::move(pack), blobs), false);
}

// One at a time writes what all of them wait for. A writer that is stopped leaves it to the next.
Task<void> PackJournal::write(LocalCache::Row row, bool sync) {
  const std::uint64_t ticket = ++tickets_;
  waiting_.emplace(ticket, std::make_shared<const LocalCache::Row>(std::move(row)));
  must_sync_ = must_sync_ || sync;
  const Semaphore::Permit permit = co_await writing_.acquire();
  if (!waiting_.contains(ticket)) co_return;
  const std::map<std::uint64_t, Row> batch = waiting_;
  const bool batch_is_synced = must_sync_;
  const auto keep = [&] {
    std::vector<LocalCache::Row> rows;
    for (const auto& [number, each] : batch) rows.push_back(*each);
    environment_.cache->write(rows, batch_is_synced);
    return true;
  };
  co_await environment_.workers.run(keep);
  std::erase_if(waiting_, [&](const auto& each) { return batch.contains(each.first); });
  if (waiting_.empty()) must_sync_ = false;
}

Task<void> PackJournal::forget(std::vector<Bytes> names) {
  if (environment_.cache == nullptr || names.empty()) co_return;
  std::vector<LocalCache::Row> rows;
  for (Bytes& name : names) rows.push_back({LocalCache::Kind::sent_pack, std::move(name), std::nullopt});
  const auto write = [&] {
    environment_.cache->write(rows);
    return true;
  };
  co_await environment_.workers.run(write);
}

Task<std::vector<IndexEntry>> PackJournal::all() const {
  if (environment_.cache == nullptr) co_return std::vector<IndexEntry>();
  const auto read = [&] {
    std::vector<IndexEntry> entries;
    for (const Bytes& content : environment_.cache->all(LocalCache::Kind::sent_pack)) {
      auto part = decode_index_part(content);
      if (!part) continue;
      for (IndexEntry& entry : part->entries) entries.push_back(std::move(entry));
    }
    return entries;
  };
  co_return co_await environment_.workers.run(read);
}

}  // namespace peerstore::vault
