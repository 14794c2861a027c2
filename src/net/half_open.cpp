#include "half_open.hpp"

#include "limits.hpp"

namespace peerstore::net {

bool HalfOpen::is_full() const { return counts_->total >= kHalfOpenMax; }

HalfOpen::Place HalfOpen::take(const std::string& address, bool is_loopback) {
  const std::size_t already = counts_->by_address[address];
  if (!is_loopback && already >= kHalfOpenPerAddressMax) return nullptr;
  ++counts_->total;
  ++counts_->by_address[address];
  const auto give_back = [counts = counts_, address](void*) {
    --counts->total;
    const auto found = counts->by_address.find(address);
    if (--found->second == 0) counts->by_address.erase(found);
  };
  return Place(counts_.get(), give_back);
}

}  // namespace peerstore::net
