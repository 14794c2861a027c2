#include <peerstore/runtime/result.hpp>
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

Task<Result<int>> count_on(Workers& workers, int& done) {
  co_return co_await workers.run([&done] { return Result<int>(++done); });
}

Task<void> keep_counting(Workers& workers, int& done) {
  for (;;) (void)co_await count_on(workers, done);
}

TEST(InlineWorkers, CompleteLaterOnASlowDisk) {
  VirtualClock clock;
  InlineWorkers workers(clock);
  int done = 0;
  ASSERT_TRUE(clock.run(count_on(workers, done)));
  EXPECT_EQ(clock.now(), TimePoint{});
  workers.set_delay(300ms);
  ASSERT_TRUE(clock.run(count_on(workers, done)));
  EXPECT_EQ(clock.now(), TimePoint{300ms});
  {
    TaskScope scope(clock);
    scope.spawn(keep_counting(workers, done));
    clock.run_for(1s);
    EXPECT_EQ(done, 6) << "each job waits for the one before";
  }
  workers.set_delay(Duration::zero());
  const TimePoint before = clock.now();
  ASSERT_TRUE(clock.run(count_on(workers, done)));
  EXPECT_EQ(clock.now(), before);
}

}  // namespace
}  // namespace peerstore::world
