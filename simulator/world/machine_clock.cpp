#include <peerstore/world/machine_clock.hpp>

#include <algorithm>

namespace peerstore::world {

void MachineClock::arm(Timer& timer, TimePoint when) {
  queue_.arm(timer, std::max(when, now()));
  set_alarm();
}

void MachineClock::sleep() {
  asleep_ = true;
  alarm_.disarm();
}

void MachineClock::wake() {
  asleep_ = false;
  set_alarm();
}

// One alarm in the world's queue stands for all timers of the machine. It may ring early, when the
// timer it was set for was disarmed since: cheaper than moving it at every disarming.
void MachineClock::set_alarm() {
  if (asleep_ || ringing_ || queue_.empty()) return;
  const TimePoint first = *queue_.next();
  if (alarm_.armed() && alarm_at_ <= first) return;
  alarm_at_ = first;
  world_.arm(alarm_, first);
}

void MachineClock::ring() {
  ringing_ = true;
  while (!asleep_ && !queue_.empty() && *queue_.next() <= now()) queue_.fire_next();
  ringing_ = false;
  set_alarm();
}

}  // namespace peerstore::world
