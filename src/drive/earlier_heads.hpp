// EarlierHeads: what this home took for the newest heads before, and until when.
//
// Friends keep what was deleted for 30 days, but the head that leads to it is replaced at once: by one's own
// mistaken prune, or a thief's. As long as they keep that, this home keeps the way to it. At most a few of
// each machine; where there are more, those go that stood for the shortest time, never the oldest.
#pragma once

#include <peerstore/wire/types.hpp>

#include <map>
#include <vector>

namespace peerstore::drive {

inline constexpr std::size_t kEarlierHeadsMax = 32;  // of each machine
inline constexpr std::int64_t kEarlierHeadsKeptNs = std::int64_t{30} * 24 * 3600 * 1'000'000'000;

class EarlierHeads {
 public:
  struct Earlier {
    std::int64_t until_ns = 0;
    wire::Head head;
  };

  // `head` was the newest of its machine until now; one of version 0 says that it had none.
  void replaced(wire::Head head, std::int64_t now_ns);
  // Of each machine that has had another since then: the one that was the newest at that time.
  std::map<std::uint32_t, wire::Head> at(std::int64_t time_ns) const;

  const std::map<std::uint32_t, std::vector<Earlier>>& by_machine() const { return by_machine_; }

 private:
  std::map<std::uint32_t, std::vector<Earlier>> by_machine_;  // the oldest first
};

}  // namespace peerstore::drive
