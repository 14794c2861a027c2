// The part of Vault that takes up what a run which was killed had sent and not indexed.
#include <peerstore/vault/pack_standing.hpp>
#include <peerstore/vault/vault.hpp>

#include "open_pack.hpp"
#include "pack_journal.hpp"
#include "pack_reader.hpp"
#include "pack_writer.hpp"

#include <algorithm>

namespace peerstore::vault {

namespace {

// Friends have shown every chunk of it. That this machine once had receipts is not enough: the cache may be
// older than it seems, as in a home that was restored, and the pack deleted since.
bool is_whole(const PackStanding& standing) {
  return std::ranges::none_of(standing, [](const auto& chunk) { return chunk.confirmed.empty(); });
}

}  // namespace

Task<void> Vault::take_up_journal() {
  co_await scope_.join();
  std::vector<IndexEntry> left = co_await journal_->all();
  if (left.empty()) co_return;
  std::set<Bytes> still_to_index = indexed_;
  for (const std::uint32_t pack : unlogged_) still_to_index.insert(name_of(index_.pack(pack)));
  std::set<wire::ChunkAddress> log;
  for (const Page& page : pages_) log.insert(page.pack.addresses[0]);
  std::vector<Bytes> settled;
  std::erase_if(left, [&](const IndexEntry& entry) {
    const wire::ChunkAddress& address = entry.pack.addresses[0];
    if (!index_.find_pack(address) && !log.contains(address)) return false;
    if (Bytes name = name_of(entry.pack); !still_to_index.contains(name)) settled.push_back(std::move(name));
    return true;
  });
  co_await journal_->forget(std::move(settled));
  for (std::size_t at = 0; at < left.size(); at += kPacksAsked) {
    const auto some = std::span(left).subspan(at, std::min(kPacksAsked, left.size() - at));
    co_await take_up({some.begin(), some.end()});
  }
}

// Nothing happens to packs that nobody can be asked about now, and nothing is deleted: in a home that is an
// old copy the newest snapshot may need them, whose head nobody shows today. What is not whole is written
// down as dropped, and goes by the rules of prune.
Task<void> Vault::take_up(std::vector<IndexEntry> entries) {
  std::vector<PackRow> rows;
  for (const IndexEntry& entry : entries) rows.push_back(entry.pack);
  const auto standings = co_await standing_of(environment_.space, std::move(rows));
  if (!standings) co_return;
  const std::int64_t now_ns = std::max<std::int64_t>(environment_.clock.wall_time().nanoseconds, 1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    // An index pack that no head leads to says nothing that the next one will not say.
    if (entries[i].blobs.empty() || !is_whole((*standings)[i])) {
      unlogged_.push_back(index_.add_dropped(std::move(entries[i].pack), entries[i].blobs, now_ns));
      continue;
    }
    for (std::size_t c = 0; c < wire::kClasses; ++c) {
      std::vector<wire::MemberId> holders = (*standings)[i][c].confirmed;
      const auto& away = (*standings)[i][c].away;
      holders.insert(holders.end(), away.begin(), away.end());
      entries[i].pack.holders[c] = std::move(holders);
    }
    erase_gone(entries[i].pack.holders);
    unlogged_.push_back(index_.add(std::move(entries[i].pack), entries[i].blobs));
  }
}

Task<void> Vault::head_is_kept() {
  const std::set<Bytes> indexed = std::exchange(indexed_, {});
  co_await journal_->forget({indexed.begin(), indexed.end()});
}

}  // namespace peerstore::vault
