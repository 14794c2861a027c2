#include <peerstore/vault/index.hpp>

#include <algorithm>

namespace peerstore::vault {

const BlobPlace* Index::find(const BlobId& id) const {
  const auto found = blobs_.find(id);
  return found == blobs_.end() ? nullptr : &found->second;
}

const BlobPlace* Index::find_anywhere(const BlobId& id) const {
  if (const BlobPlace* const place = find(id)) return place;
  const auto found = dropped_blobs_.find(id);
  return found == dropped_blobs_.end() ? nullptr : &found->second;
}

std::uint32_t Index::number_of(PackRow pack) {
  const auto [known, is_new] = by_address_.try_emplace(pack.addresses[0], packs());
  const std::uint32_t number = known->second;
  if (is_new) {
    packs_.push_back(std::move(pack));
  } else {
    packs_[number].holders = std::move(pack.holders);
  }
  return number;
}

std::uint32_t Index::add(PackRow pack, std::span<const BlobRow> blobs) {
  const std::uint32_t number = number_of(std::move(pack));
  const bool is_dropped = dropped_since_.contains(number);
  Places& places = is_dropped ? dropped_blobs_ : blobs_;
  for (const BlobRow& blob : blobs) {
    const BlobPlace place{number, blob.offset, blob.length, blob.stored, blob.kind, blob.encoding};
    const auto [known, is_new] = places.try_emplace(blob.id, place);
    if (!is_new && !is_dropped && known->second.pack != number) add_spare(blob.id, place);
  }
  return number;
}

// Another machine's log is read again whenever it has changed.
void Index::add_spare(const BlobId& id, const BlobPlace& place) {
  const auto [begin, end] = spares_.equal_range(id);
  const auto is_same = [&](const auto& spare) { return spare.second.pack == place.pack; };
  if (std::none_of(begin, end, is_same)) spares_.emplace(id, place);
}

std::uint32_t Index::add_dropped(PackRow pack, std::span<const BlobRow> blobs, std::int64_t since_ns) {
  const std::uint32_t number = number_of(std::move(pack));
  dropped_since_.emplace(number, since_ns);
  for (const BlobRow& blob : blobs) {
    const auto live = blobs_.find(blob.id);
    if (live != blobs_.end() && live->second.pack == number && !move_to_spare(blob.id, live->second)) {
      blobs_.erase(live);
    }
    dropped_blobs_.try_emplace(
        blob.id, BlobPlace{number, blob.offset, blob.length, blob.stored, blob.kind, blob.encoding});
  }
  return number;
}

std::optional<std::uint32_t> Index::find_pack(const wire::ChunkAddress& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? std::nullopt : std::optional(found->second);
}

void Index::set_holders(std::uint32_t pack, const Holders& holders) { packs_[pack].holders = holders; }

void Index::drop(std::span<const std::uint32_t> packs, std::int64_t since_ns) {
  for (const std::uint32_t pack : packs) dropped_since_.emplace(pack, since_ns);
  for (auto blob = blobs_.begin(); blob != blobs_.end();) {
    const bool is_dropped = dropped_since_.contains(blob->second.pack);
    if (is_dropped) dropped_blobs_.insert_or_assign(blob->first, blob->second);
    if (is_dropped && !move_to_spare(blob->first, blob->second)) {
      blob = blobs_.erase(blob);
    } else {
      ++blob;
    }
  }
}

// False if it lies in no other pack that is in use.
bool Index::move_to_spare(const BlobId& id, BlobPlace& place) {
  const auto [begin, end] = spares_.equal_range(id);
  for (auto spare = begin; spare != end; ++spare) {
    if (dropped_since_.contains(spare->second.pack)) continue;
    place = spare->second;
    spares_.erase(spare);
    return true;
  }
  return false;
}

void Index::set_aside(const BlobId& id) {
  const auto live = blobs_.find(id);
  if (live == blobs_.end() || !dropped_blobs_.contains(id)) return;
  add_spare(id, live->second);
  blobs_.erase(live);
}

void Index::undo_drop(std::span<const std::uint32_t> packs) {
  std::map<std::uint32_t, std::int64_t> back;
  for (const std::uint32_t pack : packs) back.insert(dropped_since_.extract(pack));
  std::erase_if(dropped_blobs_, [&](const auto& blob) {
    if (!back.contains(blob.second.pack)) return false;
    blobs_.try_emplace(blob.first, blob.second);
    return true;
  });
}

std::int64_t Index::dropped_since(std::uint32_t pack) const {
  const auto found = dropped_since_.find(pack);
  return found == dropped_since_.end() ? 0 : found->second;
}

std::map<std::uint32_t, std::vector<BlobRow>> Index::blobs_of(std::span<const std::uint32_t> packs) const {
  std::map<std::uint32_t, std::vector<BlobRow>> rows;
  for (const std::uint32_t pack : packs) rows[pack];
  for (const Places* places : {&blobs_, &dropped_blobs_}) {
    for (const auto& [id, place] : *places) {
      const auto wanted = rows.find(place.pack);
      if (wanted != rows.end()) {
        wanted->second.push_back({id, place.kind, place.offset, place.length, place.stored, place.encoding});
      }
    }
  }
  for (auto& [pack, blobs] : rows) {
    std::sort(blobs.begin(), blobs.end(),
              [](const BlobRow& a, const BlobRow& b) { return a.offset < b.offset; });
  }
  return rows;
}

}  // namespace peerstore::vault
