#include "earlier_heads.hpp"

#include <algorithm>

namespace peerstore::drive {

void EarlierHeads::replaced(wire::Head head, std::int64_t now_ns) {
  std::vector<Earlier>& earlier = by_machine_[head.machine];
  // A clock that was set back must not put them out of order.
  const std::int64_t until = earlier.empty() ? now_ns : std::max(now_ns, earlier.back().until_ns);
  earlier.push_back({until, std::move(head)});
  const auto too_old = [&](const Earlier& one) { return one.until_ns < now_ns - kEarlierHeadsKeptNs; };
  std::erase_if(earlier, too_old);
  while (earlier.size() > kEarlierHeadsMax) {
    std::size_t shortest = 1;
    const auto stood = [&](std::size_t i) { return earlier[i].until_ns - earlier[i - 1].until_ns; };
    for (std::size_t i = 2; i < earlier.size(); ++i) {
      if (stood(i) < stood(shortest)) shortest = i;
    }
    earlier.erase(earlier.begin() + static_cast<std::ptrdiff_t>(shortest));
  }
}

std::map<std::uint32_t, wire::Head> EarlierHeads::at(std::int64_t time_ns) const {
  std::map<std::uint32_t, wire::Head> heads;
  for (const auto& [machine, earlier] : by_machine_) {
    const auto then =
        std::ranges::find_if(earlier, [&](const Earlier& one) { return one.until_ns > time_ns; });
    if (then != earlier.end()) heads.emplace(machine, then->head);
  }
  return heads;
}

}  // namespace peerstore::drive
