#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/check.hpp>

namespace peerstore::crypto {

Hash merkle_leaf(ByteView segment) { return hash("merkle leaf", {segment}); }

Hash merkle_root(std::span<const Hash> leaves) {
  CHECK(!leaves.empty());
  // Pairing level by level and carrying an odd last node up gives the tree of RFC 6962, which splits
  // n leaves at the largest power of two below n.
  std::vector<Hash> level(leaves.begin(), leaves.end());
  while (level.size() > 1) {
    std::size_t above = 0;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      const bool paired = i + 1 < level.size();
      level[above++] = paired ? hash("merkle node", {level[i].view(), level[i + 1].view()}) : level[i];
    }
    level.resize(above);
  }
  return level.front();
}

}  // namespace peerstore::crypto
