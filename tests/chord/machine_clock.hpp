// MachineClock: one machine's view of the world's clock. While the machine is asleep its timers
// stand still and time goes on, as for a laptop whose lid is closed.
#pragma once

#include <peerstore/runtime/timer_queue.hpp>

namespace peerstore::chord {

class MachineClock final : public Clock {
 public:
  explicit MachineClock(Clock& world) : world_(world), pump_(*this) {}

  TimePoint now() const override { return world_.now(); }
  WallTime wall_time() const override { return world_.wall_time(); }
  void arm(Timer& timer, TimePoint when) override {
    queue_.arm(timer, when < now() ? now() : when);
    set_pump();
  }
  void sleep_machine() { asleep_ = true; }
  void wake_machine() {
    asleep_ = false;
    set_pump();
  }
  bool asleep() const { return asleep_; }

 private:
  struct Pump final : Timer {
    explicit Pump(MachineClock& clock) : owner(clock) {}
    void fire() override { owner.fire_due(); }
    MachineClock& owner;
  };
  void set_pump() {
    if (!asleep_ && !queue_.empty()) world_.arm(pump_, std::max(*queue_.next(), now()));
  }
  void fire_due() {
    if (asleep_) return;
    if (!queue_.empty() && *queue_.next() <= now()) queue_.fire_next();
    set_pump();
  }

  Clock& world_;
  TimerQueue queue_;
  Pump pump_;
  bool asleep_ = false;
};

}  // namespace peerstore::chord
