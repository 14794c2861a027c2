// MachineClock: the time as one simulated machine sees it, over the time of its world.
//
// While the machine sleeps its timers stand still, and now() goes on: when the lid opens, what
// fell due meanwhile happens at once, in its order, and the node sees a gap. (A real laptop's
// boot-time clock does the same.)
//
// It may run fast or slow against the world, timers accordingly; now() never goes back nor jumps. What
// people call the time, wall_time(), may jump besides.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/timer_queue.hpp>

#include <cstdint>

namespace peerstore::world {

class MachineClock final : public Clock {
 public:
  explicit MachineClock(Clock& world) : world_(world), alarm_(*this) {}

  TimePoint now() const override { return here(world_.now()); }
  WallTime wall_time() const override;
  void arm(Timer& timer, TimePoint when) override;

  void sleep();
  void wake();
  bool asleep() const { return asleep_; }

  // From now on it runs fast by so much against the world; negative: slow. Requires less than a million.
  void set_drift(double parts_per_million);
  // Its owner, or a bad time server, sets the wall clock.
  void jump_wall_clock(Duration by) { wall_jump_ += by; }

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
  TimePoint here(TimePoint in_the_world) const;
  // The first instant of the world at which it is `here` or later on this machine.
  TimePoint in_the_world(TimePoint here) const;

  Clock& world_;
  std::int64_t rate_ = 1'000'000'000;  // nanoseconds of this machine in a second of the world
  TimePoint world_base_;               // since when it is so,
  TimePoint here_base_;                // and what this machine made of that instant
  Duration wall_jump_{};
  TimerQueue queue_;
  Alarm alarm_;
  TimePoint alarm_at_;  // on this machine
  bool asleep_ = false;
  bool ringing_ = false;
};

}  // namespace peerstore::world
