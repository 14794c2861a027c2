#include "store/recent_leaves.hpp"

namespace peerstore::store {

std::optional<crypto::Hash> RecentLeaves::find(const wire::ChunkAddress& address, std::uint32_t index) {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return std::nullopt;
  chunks_.splice(chunks_.begin(), chunks_, found->second);
  const std::vector<crypto::Hash>& leaves = found->second->second;
  if (index >= leaves.size()) return std::nullopt;
  return leaves[index];
}

void RecentLeaves::remember(const wire::ChunkAddress& address, std::vector<crypto::Hash> leaves) {
  if (by_address_.contains(address)) return;
  chunks_.emplace_front(address, std::move(leaves));
  by_address_.emplace(address, chunks_.begin());
  if (chunks_.size() <= kChunksMax) return;
  by_address_.erase(chunks_.back().first);
  chunks_.pop_back();
}

}  // namespace peerstore::store
