// MachineClock: the time as one simulated machine sees it, over the time of its world.
//
// While the machine sleeps its timers stand still, and now() goes on: when the lid opens, what
// fell due meanwhile happens at once, in its order, and the node sees a gap. (A real laptop's
// boot-time clock does the same.)
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/timer_queue.hpp>

namespace peerstore::world {

class MachineClock final : public Clock {
 public:
  explicit MachineClock(Clock& world) : world_(world), alarm_(*this) {}

  TimePoint now() const override { return world_.now(); }
  WallTime wall_time() const override { return world_.wall_time(); }
  void arm(Timer& timer, TimePoint when) override;

  void sleep();
  void wake();
  bool asleep() const { return asleep_; }

 private:
  class Alarm final : public Timer {
   public:
    explicit Alarm(MachineClock& machine) : machine_(machine) {}

   private:
    void fire() override { machine_.ring(); }
    MachineClock& machine_;
  };
  void ring();
  void set_alarm();

  Clock& world_;
  TimerQueue queue_;
  Alarm alarm_;
  TimePoint alarm_at_;
  bool asleep_ = false;
  bool ringing_ = false;
};

}  // namespace peerstore::world
