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

}  // namespace
}  // namespace peerstore::world
