// VirtualClock: time that passes only when everything that was to happen has happened.
// InlineWorkers: work that is done at once, and completes in order through the clock.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/timer_queue.hpp>
#include <peerstore/runtime/workers.hpp>

#include <cstdint>
#include <memory>

namespace peerstore::world {

class VirtualClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  WallTime wall_time() const override;
  void arm(Timer& timer, TimePoint when) override;

  // Fires what is due until nothing is left to do before `end`, then stands at `end`.
  void run_until(TimePoint end);
  void run_for(Duration duration) { run_until(now_ + duration); }
  // Fires the next timer; false if none is armed.
  bool step();
  std::uint64_t events() const { return events_; }

  // Runs until `task` ends and returns its result. Fails a CHECK if time runs out of events, or
  // after `limit` of virtual time: a deadlock.
  template <class T>
  T run(Task<T> task, Duration limit = std::chrono::hours(24));

 private:
  TimerQueue queue_;
  TimePoint now_;
  std::uint64_t events_ = 0;
};

class InlineWorkers final : public Workers {
 public:
  explicit InlineWorkers(Clock& clock) : clock_(clock) {}
  void submit(Job& job) override;
  void cancel(Job& job) override;
  // A slow disk: what is done from now on completes that much later.
  void set_delay(Duration delay) { delay_ = delay; }

 private:
  struct Completion;
  Clock& clock_;
  Duration delay_{};
};

namespace detail {
template <class T>
Task<void> keep(Task<T> task, std::optional<T>& slot) {
  slot.emplace(co_await std::move(task));
}
inline Task<void> keep(Task<void> task, std::optional<bool>& slot) {
  co_await std::move(task);
  slot = true;
}
}  // namespace detail

template <class T>
T VirtualClock::run(Task<T> task, Duration limit) {
  std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> slot;
  TaskScope scope(*this);
  scope.spawn(detail::keep(std::move(task), slot));
  const TimePoint end = now_ + limit;
  while (!slot) {
    CHECK(now_ <= end);
    CHECK(step());
  }
  if constexpr (!std::is_void_v<T>) return std::move(*slot);
}

}  // namespace peerstore::world
