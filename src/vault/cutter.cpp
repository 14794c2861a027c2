#include <peerstore/runtime/check.hpp>
#include <peerstore/vault/cutter.hpp>

#include <algorithm>

namespace peerstore::vault {

std::size_t Cutter::next(ByteView window) const {
  CHECK(!window.empty());
  return std::min(window.size(), kWindowBytes);
}

}  // namespace peerstore::vault
