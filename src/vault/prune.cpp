// The part of Vault that gives up packs which no snapshot needs.
//
// What is still needed of a half-empty pack is stored anew before the pack is dropped, and a dropped
// pack stays readable: whatever stops a run, and whoever counted on the pack meanwhile, loses nothing.
#include <peerstore/vault/pack_standing.hpp>
#include <peerstore/vault/vault.hpp>

#include "open_pack.hpp"

#include <algorithm>

namespace peerstore::vault {

namespace {

constexpr std::uint64_t kStoredAnewBytes = 4 * 1024 * 1024;  // in one go

std::uint64_t bytes_of(const PackRow& pack) { return std::uint64_t{pack.rows} * kRowBytes; }

}  // namespace

PrunePlan Vault::plan_prune(const UsedBlobs& used) const {
  std::vector<std::uint32_t> own = unlogged_;
  for (const Page& page : pages_) own.insert(own.end(), page.packs.begin(), page.packs.end());
  std::sort(own.begin(), own.end());
  own.erase(std::unique(own.begin(), own.end()), own.end());
  // What a killed run left was never in use: nothing is to be taken back if this fails.
  std::erase_if(own, [&](std::uint32_t pack) { return index_.dropped_since(pack) != 0; });

  PrunePlan plan;
  std::vector<std::uint32_t> half_empty;
  std::uint64_t rows_now = 0;
  std::uint64_t needed = 0;
  for (const auto& [number, blobs] : index_.blobs_of(own)) {
    std::uint64_t used_here = 0;
    for (const BlobRow& blob : blobs) {
      if (used.contains(blob.id)) used_here += OpenPack::room_for(blob.stored);
    }
    const PackRow& pack = index_.pack(number);
    if (used_here == 0) {
      plan.packs.push_back(number);
      ++plan.packs_unused;
      plan.bytes_dropped += bytes_of(pack);
    } else if (used_here * 2 < pack.rows * kRowPlainBytes) {
      half_empty.push_back(number);
      rows_now += pack.rows;
      needed += used_here;
    }
  }
  // A small pack of a small backup is half empty, too: worth it only if fewer rows come out.
  const std::uint64_t rows_then =
      needed / kPackPlainBytesMax * kPackRowsMax +
      (needed % kPackPlainBytesMax == 0 ? 0
                                        : rows_for(static_cast<std::size_t>(needed % kPackPlainBytesMax)));
  if (rows_then < rows_now) {
    plan.packs.insert(plan.packs.end(), half_empty.begin(), half_empty.end());
    plan.bytes_dropped += rows_now * kRowBytes;
    plan.bytes_rewritten = needed;
  }
  return plan;
}

void Vault::drop(const PrunePlan& plan) {
  index_.drop(plan.packs, std::max<std::int64_t>(environment_.clock.wall_time().nanoseconds, 1));
  for (Page& page : pages_) {
    for (const std::uint32_t pack : page.packs) {
      if (index_.dropped_since(pack) != 0) page.dropped.push_back(pack);
    }
    std::erase_if(page.packs, [&](std::uint32_t pack) { return index_.dropped_since(pack) != 0; });
  }
}

void Vault::undo(const PrunePlan& plan) {
  index_.undo_drop(plan.packs);
  for (Page& page : pages_) {
    for (const std::uint32_t pack : page.dropped) {
      if (index_.dropped_since(pack) == 0) page.packs.push_back(pack);
    }
    std::erase_if(page.dropped, [&](std::uint32_t pack) { return index_.dropped_since(pack) == 0; });
  }
}

Task<Result<void>> Vault::store_anew(const std::vector<BlobRow>& blobs) {
  for (const BlobKind kind : {BlobKind::data, BlobKind::tree}) {
    std::vector<BlobId> ids;
    for (const BlobRow& blob : blobs) {
      if (blob.kind == kind) ids.push_back(blob.id);
    }
    const auto contents = co_await get_each(kind, ids);
    std::vector<NewBlob> again;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      // What nobody has any more cannot be helped, and hinders nothing: a pack that is needed stays.
      if (!contents[i] && contents[i].error().code == Errc::not_found) continue;
      if (!contents[i]) co_return contents[i].error();
      again.push_back({kind, ids[i], contents[i]->view(), 0});
    }
    const auto kept = co_await put(std::move(again));
    if (!kept) co_return kept.error();
  }
  co_return Result<void>();
}

std::vector<std::uint32_t> Vault::dropped_and_needed(const UsedBlobs& used) const {
  std::vector<std::uint32_t> dropped;
  for (std::uint32_t pack = 0; pack < index_.packs(); ++pack) {
    if (index_.dropped_since(pack) != 0) dropped.push_back(pack);
  }
  std::vector<std::uint32_t> needed;
  if (dropped.empty()) return needed;
  for (const auto& [pack, blobs] : index_.blobs_of(dropped)) {
    const bool is_needed = std::any_of(blobs.begin(), blobs.end(), [&](const BlobRow& blob) {
      return used.contains(blob.id) && index_.find(blob.id) == nullptr;
    });
    if (is_needed) needed.push_back(pack);
  }
  return needed;
}

// Those of which some chunk is with nobody who answers.
Task<Result<std::set<std::uint32_t>>> Vault::without_copies(std::vector<std::uint32_t> packs) const {
  std::set<std::uint32_t> without;
  const auto has_nobody = [](const replica::ChunkStanding& chunk) { return chunk.confirmed.empty(); };
  for (std::size_t at = 0; at < packs.size(); at += kPacksAsked) {
    const auto some = std::span(packs).subspan(at, std::min(kPacksAsked, packs.size() - at));
    const auto standings = co_await standing_of(environment_.space, rows_of(some));
    if (!standings) co_return standings.error();
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (std::ranges::any_of((*standings)[i], has_nobody)) without.insert(some[i]);
    }
  }
  co_return without;
}

// What this machine is going to delete counts as found elsewhere only where copies are left; in another
// machine's pack, which nobody may have looked at since that machine died, only if somebody shows it now.
Task<Result<void>> Vault::set_doubtful_aside(const UsedBlobs& used) {
  std::vector<std::uint32_t> dropped;
  for (const Page& page : pages_) dropped.insert(dropped.end(), page.dropped.begin(), page.dropped.end());
  std::map<std::uint32_t, std::vector<BlobId>> elsewhere;  // by pack
  for (const auto& [pack, blobs] : index_.blobs_of(dropped)) {
    for (const BlobRow& blob : blobs) {
      const BlobPlace* const place = used.contains(blob.id) ? index_.find(blob.id) : nullptr;
      if (place != nullptr) elsewhere[place->pack].push_back(blob.id);
    }
  }
  std::vector<std::uint32_t> of_others;
  for (const auto& [pack, ids] : elsewhere) {
    if (of_others_.contains(pack)) of_others.push_back(pack);
  }
  const auto without = co_await without_copies(std::move(of_others));
  if (!without) co_return without.error();
  for (const auto& [pack, ids] : elsewhere) {
    if (copies_now(index_.pack(pack)) > 0 && !without->contains(pack)) continue;
    for (const BlobId& id : ids) index_.set_aside(id);
  }
  co_return Result<void>();
}

Task<Result<void>> Vault::rescue(const UsedBlobs& used, const bool& cancelled) {
  const auto set_aside = co_await set_doubtful_aside(used);
  if (!set_aside) co_return set_aside.error();
  std::vector<std::uint32_t> dropped;
  for (std::uint32_t pack = 0; pack < index_.packs(); ++pack) {
    if (index_.dropped_since(pack) != 0) dropped.push_back(pack);
  }
  const auto rows = index_.blobs_of(dropped);
  std::vector<BlobRow> some;
  std::uint64_t bytes = 0;
  for (const auto& [number, blobs] : rows) {
    for (const BlobRow& blob : blobs) {
      if (!used.contains(blob.id) || index_.find(blob.id) != nullptr) continue;
      some.push_back(blob);
      bytes += blob.length;
      if (bytes < kStoredAnewBytes && some.size() < kBlobsAskedMax) continue;
      if (cancelled) co_return fail(Errc::cancelled, "stopped");
      const auto stored = co_await store_anew(some);
      if (!stored) co_return stored.error();
      some.clear();
      bytes = 0;
    }
  }
  const auto stored = co_await store_anew(some);
  if (!stored) co_return stored.error();
  co_return co_await flush();
}

Task<Result<std::optional<PackRow>>> Vault::rewrite_index(std::vector<Bytes> records) {
  if (pages_.empty() && unlogged_.empty()) co_return std::optional<PackRow>();
  std::vector<std::vector<Bytes>> before;
  for (Page& page : pages_) before.push_back(std::exchange(page.records, {}));
  auto written = co_await write_pages(0, std::move(records));
  if (!written) {
    for (std::size_t i = 0; i < before.size(); ++i) pages_[i].records = std::move(before[i]);
  }
  co_return written;
}

std::uint64_t Vault::bytes_dropped() const {
  std::uint64_t bytes = 0;
  for (const Page& page : pages_) {
    for (const std::uint32_t pack : page.dropped) bytes += bytes_of(index_.pack(pack));
  }
  return bytes;
}

std::vector<std::uint32_t> Vault::dropped_until(std::int64_t time_ns, const UsedBlobs& used) const {
  std::vector<std::uint32_t> dropped;
  for (const Page& page : pages_) {
    for (const std::uint32_t pack : page.dropped) {
      if (index_.dropped_since(pack) <= time_ns) dropped.push_back(pack);
    }
  }
  const std::unordered_set<std::uint32_t> unlogged(unlogged_.begin(), unlogged_.end());
  const auto is_found_elsewhere = [&](const BlobRow& blob) {
    const BlobPlace* const place = index_.find(blob.id);
    return !used.contains(blob.id) ||
           (place != nullptr && !unlogged.contains(place->pack) && copies_now(index_.pack(place->pack)) > 0);
  };
  std::vector<std::uint32_t> unneeded;
  for (const auto& [pack, blobs] : index_.blobs_of(dropped)) {
    if (std::all_of(blobs.begin(), blobs.end(), is_found_elsewhere)) unneeded.push_back(pack);
  }
  return unneeded;
}

Task<Result<std::size_t>> Vault::remove(std::vector<std::uint32_t> packs) {
  std::unordered_set<std::uint32_t> gone;
  for (std::size_t at = 0; at < packs.size(); at += kPacksAsked) {
    const std::size_t end = std::min(at + kPacksAsked, packs.size());
    const auto some = std::span(packs).subspan(at, end - at);
    std::vector<replica::ChunkRef> chunks = chunks_of(rows_of(some), environment_.space.owner());
    const std::size_t asked = chunks.size();
    const auto removed = co_await environment_.space.remove(std::move(chunks));
    if (!removed) co_return removed.error();
    if (removed->size() != asked) co_return fail(Errc::invalid, "not as many answers as chunks");
    for (std::size_t i = at; i < end; ++i) {
      const auto first = removed->begin() + static_cast<std::ptrdiff_t>((i - at) * wire::kClasses);
      if (std::all_of(first, first + wire::kClasses, [](bool is_gone) { return is_gone; })) {
        gone.insert(packs[i]);
      }
    }
  }
  for (Page& page : pages_) {
    std::erase_if(page.dropped, [&](std::uint32_t pack) { return gone.contains(pack); });
  }
  co_return gone.size();
}

std::vector<Bytes> Vault::records() const {
  std::vector<Bytes> all;
  for (const Page& page : pages_) all.insert(all.end(), page.records.begin(), page.records.end());
  return all;
}

}  // namespace peerstore::vault
