#include <peerstore/world/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace peerstore::world {
namespace {

Task<void> note_after(Clock& clock, Duration wait, int name, std::vector<int>& log) {
  co_await clock.sleep(wait);
  log.push_back(name);
}
Task<int> answer_after(Clock& clock, Duration wait) {
  co_await clock.sleep(wait);
  co_return 42;
}

TEST(VirtualClock, PassesTimeOnlyWhenNothingIsLeftToDo) {
  VirtualClock clock;
  std::vector<int> log;
  TaskScope scope(clock);
  scope.spawn(note_after(clock, 3h, 3, log));
  scope.spawn(note_after(clock, 1h, 1, log));
  scope.spawn(note_after(clock, 1h, 2, log));
  clock.run_until(TimePoint{2h});
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
  EXPECT_EQ(clock.now(), TimePoint{2h});
  clock.run_for(1h);
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(clock.events(), 3U);
}

TEST(VirtualClock, RunsOneTaskToItsEnd) {
  VirtualClock clock;
  EXPECT_EQ(clock.run(answer_after(clock, 5min)), 42);
  EXPECT_EQ(clock.now(), TimePoint{5min});
  EXPECT_FALSE(clock.step());
}

}  // namespace
}  // namespace peerstore::world
