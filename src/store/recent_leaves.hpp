// RecentLeaves: the leaf hashes of the chunks read last, so that whoever reads a chunk segment by segment
// does not have its head read and checked again for each of them.
//
// An address is a hash over its chunk's leaves: what is remembered here never becomes wrong, whatever happens
// to the file. Belongs to the loop.
#pragma once

#include <peerstore/crypto/hash.hpp>
#include <peerstore/wire/types.hpp>

#include <list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace peerstore::store {

class RecentLeaves {
 public:
  // Nothing if it is not known (any more), or the chunk has no such segment.
  std::optional<crypto::Hash> find(const wire::ChunkAddress& address, std::uint32_t index);
  void remember(const wire::ChunkAddress& address, std::vector<crypto::Hash> leaves);

 private:
  static constexpr std::size_t kChunksMax = 256;  // each of half a KiB
  using Chunks = std::list<std::pair<wire::ChunkAddress, std::vector<crypto::Hash>>>;

  Chunks chunks_;  // the last used first
  std::map<wire::ChunkAddress, Chunks::iterator> by_address_;
};

}  // namespace peerstore::store
