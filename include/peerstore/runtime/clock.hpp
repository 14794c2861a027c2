// Clock: the time, and the only way to be resumed later.
//
// now() is monotonic and constant within one turn of the loop. Timers of the same instant fire
// in the order in which they were armed, so `arm(timer, now())` is "after what is going on now":
// everything that wakes a coroutine goes through here, which is what makes a simulated run
// repeat exactly. Implemented by net/loop (Asio) and by simulator/world (virtual time).
#pragma once

#include <peerstore/runtime/check.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace peerstore {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

// Monotonic time since an arbitrary start.
struct TimePoint {
  Duration since_start{};
  constexpr auto operator<=>(const TimePoint&) const = default;
  friend constexpr TimePoint operator+(TimePoint at, Duration later) { return {at.since_start + later}; }
  friend constexpr Duration operator-(TimePoint a, TimePoint b) { return a.since_start - b.since_start; }
};

// Nanoseconds since 1970-01-01 UTC. For people and file times only: no decision about the
// safety of data may depend on it.
struct WallTime {
  std::int64_t nanoseconds = 0;
  constexpr auto operator<=>(const WallTime&) const = default;
};

// Something to be done at an instant. Owned by whoever arms it; destroying it disarms it.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  bool armed() const { return queue_ != nullptr; }
  void disarm();

 protected:
  virtual ~Timer() { disarm(); }

 private:
  friend class TimerQueue;
  virtual void fire() = 0;

  class TimerQueue* queue_ = nullptr;
  std::size_t slot_ = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual WallTime wall_time() const = 0;

  // Fires `timer` once, at `when` or as soon after as possible (never within this call).
  // An armed timer is moved.
  virtual void arm(Timer& timer, TimePoint when) = 0;

  class Sleep;
  // co_await clock.sleep(1s)
  Sleep sleep(Duration duration);
  Sleep sleep_until(TimePoint when);
};

// A timer that resumes a suspended coroutine: the leaf of every wait.
class ResumeTimer final : public Timer {
 public:
  void set(std::coroutine_handle<> waiter) { waiter_ = waiter; }

 private:
  void fire() override { waiter_.resume(); }
  std::coroutine_handle<> waiter_;
};

class Clock::Sleep {
 public:
  Sleep(Clock& clock, TimePoint when) : clock_(clock), when_(when) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    timer_.set(waiter);
    clock_.arm(timer_, when_);
  }
  void await_resume() const noexcept {}

 private:
  Clock& clock_;
  TimePoint when_;
  ResumeTimer timer_;
};

inline Clock::Sleep Clock::sleep(Duration duration) { return Sleep(*this, now() + duration); }
inline Clock::Sleep Clock::sleep_until(TimePoint when) { return Sleep(*this, when); }

}  // namespace peerstore
