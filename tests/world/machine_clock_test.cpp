#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/world/machine_clock.hpp>
#include <peerstore/world/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace peerstore::world {
namespace {

class Note final : public Timer {
 public:
  Note(Clock& clock, int name, std::vector<std::pair<Duration, int>>& log)
      : clock_(clock), name_(name), log_(log) {}

 private:
  void fire() override { log_.emplace_back(clock_.now().since_start, name_); }
  Clock& clock_;
  int name_;
  std::vector<std::pair<Duration, int>>& log_;
};

TEST(MachineClock, FiresAsTheWorldDoesWhileAwake) {
  VirtualClock world;
  MachineClock machine(world);
  SeededRandom random(5);
  std::vector<std::pair<Duration, int>> here;
  std::vector<std::pair<Duration, int>> there;
  std::vector<std::unique_ptr<Note>> notes;
  for (int i = 0; i < 2000; ++i) {
    const TimePoint when{Duration(random.below(500))};
    notes.push_back(std::make_unique<Note>(machine, i, here));
    machine.arm(*notes.back(), when);
    notes.push_back(std::make_unique<Note>(world, i, there));
    world.arm(*notes.back(), when);
    if (random.below(4) == 0) {
      const std::size_t victim = random.below(notes.size() / 2) * 2;
      notes[victim]->disarm();
      notes[victim + 1]->disarm();
    }
  }
  world.run_for(1s);
  EXPECT_EQ(here, there);
}

TEST(MachineClock, KeepsWhatFellDueUntilTheMachineWakes) {
  VirtualClock world;
  MachineClock machine(world);
  std::vector<std::pair<Duration, int>> log;
  Note early(machine, 1, log);
  Note late(machine, 2, log);
  Note after(machine, 3, log);
  machine.arm(late, TimePoint{30s});
  machine.arm(early, TimePoint{20s});
  machine.arm(after, TimePoint{2h});
  world.run_until(TimePoint{10s});
  machine.sleep();
  world.run_until(TimePoint{1h});
  EXPECT_TRUE(log.empty());
  machine.wake();
  world.run_until(TimePoint{3h});
  const std::vector<std::pair<Duration, int>> expected{{1h, 1}, {1h, 2}, {2h, 3}};
  EXPECT_EQ(log, expected);
}

Task<void> count_seconds(Clock& clock, int& seconds) {
  for (;;) {
    co_await clock.sleep(1s);
    ++seconds;
  }
}

TEST(MachineClock, StopsTheTasksOfASleepingMachineOnly) {
  VirtualClock world;
  MachineClock sleeper(world);
  MachineClock other(world);
  int slept = 0;
  int counted = 0;
  TaskScope scope(world);
  scope.spawn(count_seconds(sleeper, slept));
  scope.spawn(count_seconds(other, counted));
  world.run_for(10s);
  sleeper.sleep();
  world.run_for(10s);
  EXPECT_EQ(slept, 10);
  EXPECT_EQ(counted, 20);
  sleeper.wake();
  world.run_for(10s);
  EXPECT_EQ(slept, 21) << "one late second at once, then one a second";
}

// ---- drift ----

TEST(MachineClock, RunsFastOrSlowByItsDrift) {
  VirtualClock world;
  MachineClock fast(world);
  MachineClock slow(world);
  world.run_for(1h);
  fast.set_drift(200);
  slow.set_drift(-200);
  EXPECT_EQ(fast.now(), world.now()) << "it does not jump";
  world.run_for(10'000s);
  EXPECT_EQ(fast.now() - world.now(), 2s);
  EXPECT_EQ(slow.now() - world.now(), -2s);
  EXPECT_EQ(fast.wall_time().nanoseconds - world.wall_time().nanoseconds, Duration(2s).count());
  fast.set_drift(0);
  world.run_for(10'000s);
  EXPECT_EQ(fast.now() - world.now(), 2s) << "what it has gained it keeps";
}

TEST(MachineClock, FiresTimersByItsOwnTime) {
  for (const double drift : {-500'000.0, -300.0, 0.003, 777.7, 999'999.0}) {
    SCOPED_TRACE(drift);
    VirtualClock world;
    MachineClock machine(world);
    machine.set_drift(drift);
    SeededRandom random(5);
    std::vector<std::pair<Duration, int>> log;
    std::vector<std::unique_ptr<Note>> notes;
    std::vector<Duration> wanted;
    for (int i = 0; i < 500; ++i) {
      wanted.push_back(Duration(static_cast<Duration::rep>(random.below(3'600'000'000'000))));
      notes.push_back(std::make_unique<Note>(machine, i, log));
      machine.arm(*notes.back(), TimePoint{wanted.back()});
    }
    world.run_for(3h);
    ASSERT_EQ(log.size(), wanted.size());
    for (std::size_t i = 0; i < log.size(); ++i) {
      const Duration due = wanted[static_cast<std::size_t>(log[i].second)];
      EXPECT_GE(log[i].first, due) << "never early";
      EXPECT_LE(log[i].first - due, Duration(2)) << "nor late by more than a rounding";
      if (i > 0) {
        EXPECT_GE(log[i].first, log[i - 1].first);
      }
    }
  }
}

TEST(MachineClock, NeverGoesBackWhateverItsDrift) {
  VirtualClock world;
  MachineClock machine(world);
  SeededRandom random(9);
  int seconds = 0;
  TaskScope scope(world);
  scope.spawn(count_seconds(machine, seconds));
  TimePoint last = machine.now();
  for (int i = 0; i < 2000; ++i) {
    machine.set_drift(static_cast<double>(random.below(1'000'000)) - 500'000);
    EXPECT_GE(machine.now(), last);
    world.run_for(Duration(random.below(3'000'000'000)));
    EXPECT_GE(machine.now(), last);
    last = machine.now();
    EXPECT_LE(std::chrono::abs(last.since_start - std::chrono::seconds(seconds)), 1s)
        << "its timers keep up with it";
  }
}

TEST(MachineClock, JumpsOnTheWallAlone) {
  VirtualClock world;
  MachineClock machine(world);
  world.run_for(1min);
  const TimePoint before = machine.now();
  const WallTime wall = machine.wall_time();
  machine.jump_wall_clock(-24h * 3650);
  EXPECT_EQ(machine.now(), before);
  EXPECT_EQ(machine.wall_time().nanoseconds - wall.nanoseconds, Duration(-24h * 3650).count());
  machine.jump_wall_clock(24h * 3650);
  EXPECT_EQ(machine.wall_time(), wall);
}

}  // namespace
}  // namespace peerstore::world
