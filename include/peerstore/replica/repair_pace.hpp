// RepairPace: how fast repair moves chunks, so that it leaves the line to whoever works at the machine.
//
// Machines pull from one another, so on the whole no uplink carries more than this either.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/task.hpp>

#include <algorithm>
#include <cstdint>

namespace peerstore::replica {

class RepairPace {
 public:
  // 0: as fast as it goes.
  RepairPace(Clock& clock, std::uint64_t bytes_per_second)
      : clock_(clock), bytes_per_second_(bytes_per_second) {}

  // Returns when so many bytes may be moved.
  Task<void> wait_for(std::uint64_t bytes) {
    if (bytes_per_second_ == 0) co_return;
    const TimePoint turn = std::max(free_at_, clock_.now());
    free_at_ = turn + Duration(static_cast<Duration::rep>(bytes * 1'000'000'000 / bytes_per_second_));
    co_await clock_.sleep_until(turn);
  }

 private:
  Clock& clock_;
  std::uint64_t bytes_per_second_;
  TimePoint free_at_;
};

}  // namespace peerstore::replica
