#include <peerstore/vault/index.hpp>

#include <algorithm>

namespace peerstore::vault {

const BlobPlace* Index::find(const BlobId& id) const {
  const auto found = blobs_.find(id);
  return found == blobs_.end() ? nullptr : &found->second;
}

std::uint32_t Index::add(PackRow pack, std::span<const BlobRow> blobs) {
  const auto [known, is_new] = by_address_.try_emplace(pack.addresses[0], packs());
  const std::uint32_t number = known->second;
  if (is_new) {
    packs_.push_back(std::move(pack));
  } else {
    packs_[number].holders = std::move(pack.holders);
  }
  for (const BlobRow& blob : blobs) {
    blobs_.try_emplace(blob.id,
                       BlobPlace{number, blob.offset, blob.length, blob.stored, blob.kind, blob.encoding});
  }
  return number;
}

void Index::set_holders(std::uint32_t pack, const Holders& holders) { packs_[pack].holders = holders; }

std::map<std::uint32_t, std::vector<BlobRow>> Index::blobs_of(std::span<const std::uint32_t> packs) const {
  std::map<std::uint32_t, std::vector<BlobRow>> rows;
  for (const std::uint32_t pack : packs) rows[pack];
  for (const auto& [id, place] : blobs_) {
    const auto wanted = rows.find(place.pack);
    if (wanted != rows.end()) {
      wanted->second.push_back({id, place.kind, place.offset, place.length, place.stored, place.encoding});
    }
  }
  for (auto& [pack, blobs] : rows) {
    std::sort(blobs.begin(), blobs.end(),
              [](const BlobRow& a, const BlobRow& b) { return a.offset < b.offset; });
  }
  return rows;
}

}  // namespace peerstore::vault
