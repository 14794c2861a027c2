// PackJournal: the packs that this machine has begun to send and that no head of its own leads to yet, in its
// local cache.
//
// A client that is killed leaves packs with friends which no index knows: nobody could count on them, nor
// delete them. So each is written down before its first chunk is sent, and forgotten when the head
// that leads to it is kept; what is still there at the next run is looked into (Vault::take_up_journal).
// Those who wait at the same time share one sync. Without a cache there is no journal, and errors of the
// database are no errors here. docs/formats.md, "Local cache".
#pragma once

#include <peerstore/runtime/sync.hpp>
#include <peerstore/vault/vault.hpp>

#include "index_part.hpp"

#include <map>
#include <memory>
#include <vector>

namespace peerstore::vault {

// What a pack is called in the cache.
Bytes name_of(const PackRow& pack);

class PackJournal {
 public:
  // The environment outlives the journal, the journal its tasks.
  explicit PackJournal(const Vault::Environment& environment)
      : environment_(environment), writing_(environment.clock, 1) {}
  PackJournal(const PackJournal&) = delete;
  PackJournal& operator=(const PackJournal&) = delete;

  // Durable when it returns. `blobs` outlive the call; an index pack has none.
  Task<void> begin(PackRow pack, std::span<const BlobRow> blobs);
  // All chunks are sent, and the row says to whom: a hint, which a power cut may take.
  Task<void> note_holders(PackRow pack, std::span<const BlobRow> blobs);
  Task<void> forget(std::vector<Bytes> names);
  Task<std::vector<IndexEntry>> all() const;

 private:
  using Row = std::shared_ptr<const LocalCache::Row>;
  Task<void> write(LocalCache::Row row, bool sync);

  const Vault::Environment& environment_;
  Semaphore writing_;
  std::map<std::uint64_t, Row> waiting_;  // by ticket
  std::uint64_t tickets_ = 0;
  bool must_sync_ = false;  // for somebody who waits
};

}  // namespace peerstore::vault
