#include <peerstore/world/machine_clock.hpp>

#include <algorithm>
#include <cmath>

namespace peerstore::world {

namespace {
constexpr std::int64_t kSecond = 1'000'000'000;

// amount * numerator / denominator, rounded down, without overflow for some centuries. Requires that
// both are in (0, 2 * kSecond) and amount >= 0.
std::int64_t scaled(std::int64_t amount, std::int64_t numerator, std::int64_t denominator) {
  return amount / denominator * numerator + amount % denominator * numerator / denominator;
}
}  // namespace

TimePoint MachineClock::here(TimePoint in_the_world) const {
  const Duration passed = in_the_world - world_base_;
  if (rate_ == kSecond) return here_base_ + passed;
  return here_base_ + Duration(scaled(passed.count(), rate_, kSecond));
}

TimePoint MachineClock::in_the_world(TimePoint here) const {
  const Duration passed = here - here_base_;
  if (rate_ == kSecond || passed < Duration::zero()) return world_base_ + passed;
  const TimePoint rounded_down = world_base_ + Duration(scaled(passed.count(), kSecond, rate_));
  return this->here(rounded_down) < here ? rounded_down + Duration(1) : rounded_down;
}

WallTime MachineClock::wall_time() const {
  const Duration gained = now() - world_.now();
  return WallTime{world_.wall_time().nanoseconds + (gained + wall_jump_).count()};
}

void MachineClock::set_drift(double parts_per_million) {
  CHECK(std::abs(parts_per_million) < 1e6);
  const TimePoint so_far = now();
  world_base_ = world_.now();
  here_base_ = so_far;
  rate_ = kSecond + static_cast<std::int64_t>(parts_per_million * 1000);
  alarm_.disarm();
  set_alarm();
}

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
  world_.arm(alarm_, in_the_world(first));
}

void MachineClock::ring() {
  ringing_ = true;
  while (!asleep_ && !queue_.empty() && *queue_.next() <= now()) queue_.fire_next();
  ringing_ = false;
  set_alarm();
}

}  // namespace peerstore::world
