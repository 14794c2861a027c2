// TimerQueue: armed timers, ordered by (instant, order of arming). A 4-ary heap whose entries
// know their place, so that arming and disarming never allocate per timer nor search.
// Shared by the real loop and the simulated clock.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <optional>
#include <vector>

namespace peerstore {

class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();  // disarms what is left

  void arm(Timer& timer, TimePoint when);
  void disarm(Timer& timer);

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  std::optional<TimePoint> next() const;

  // Takes the first timer out and fires it. Requires !empty().
  void fire_next();

 private:
  struct Entry {
    TimePoint when;
    std::uint64_t order;
    Timer* timer;
    bool before(const Entry& other) const {
      return when != other.when ? when < other.when : order < other.order;
    }
  };
  void place(std::size_t slot, Entry entry);
  void sift_up(std::size_t slot, Entry entry);
  void sift_down(std::size_t slot, Entry entry);
  void remove(std::size_t slot);

  std::vector<Entry> heap_;
  std::uint64_t armed_so_far_ = 0;
};

}  // namespace peerstore
