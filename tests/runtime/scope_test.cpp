#include <peerstore/runtime/scope.hpp>
#include <peerstore/world/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace peerstore {
namespace {

using world::VirtualClock;

struct Unwound {
  std::vector<int>& log;
  int name;
  ~Unwound() { log.push_back(name); }
};

Task<void> wait_and_note(Clock& clock, Duration wait, int name, std::vector<int>& log) {
  const Unwound unwound{log, name};
  co_await clock.sleep(wait);
}

TEST(TaskScope, RunsAChildUntilItFirstWaits) {
  VirtualClock clock;
  std::vector<int> log;
  TaskScope scope(clock);
  scope.spawn(wait_and_note(clock, 1s, 1, log));
  EXPECT_EQ(scope.running(), 1U);
  clock.run_for(2s);
  EXPECT_EQ(scope.running(), 0U);
  EXPECT_EQ(log, std::vector<int>{1});
}

TEST(TaskScope, CancelsInReverseOrderOfStart) {
  VirtualClock clock;
  std::vector<int> log;
  {
    TaskScope scope(clock);
    for (int i = 1; i <= 4; ++i)
      scope.spawn(wait_and_note(clock, std::chrono::seconds(i == 2 ? 1 : 10), i, log));
    clock.run_for(2s);
    EXPECT_EQ(log, std::vector<int>{2});
  }
  EXPECT_EQ(log, (std::vector<int>{2, 4, 3, 1}));
}

Task<void> join_and_note(TaskScope& scope, Clock& clock, Duration& at) {
  co_await scope.join();
  at = clock.now().since_start;
}

TEST(TaskScope, JoinsWhenTheLastChildEnds) {
  VirtualClock clock;
  std::vector<int> log;
  Duration joined{};
  TaskScope parent(clock);
  TaskScope scope(clock);
  scope.spawn(wait_and_note(clock, 1s, 1, log));
  scope.spawn(wait_and_note(clock, 3s, 2, log));
  parent.spawn(join_and_note(scope, clock, joined));
  clock.run_for(10s);
  EXPECT_EQ(joined, 3s);
  clock.run(join_and_note(scope, clock, joined));
  EXPECT_EQ(joined, 10s) << "nothing runs: no wait";
}

TEST(TaskScope, OutlivesAJoinThatWasDropped) {
  VirtualClock clock;
  std::vector<int> log;
  Duration joined{};
  TaskScope scope(clock);
  scope.spawn(wait_and_note(clock, 1s, 1, log));
  {
    TaskScope parent(clock);
    parent.spawn(join_and_note(scope, clock, joined));
  }
  {
    TaskScope parent(clock);
    parent.spawn(join_and_note(scope, clock, joined));
    while (scope.running() > 0) clock.step();
    // Dropped between the end of the last child and its own turn.
  }
  clock.run_for(5s);
  EXPECT_EQ(joined, 0s);
}

Task<void> run_children(Clock& clock, std::vector<int>& log) {
  TaskScope scope(clock);
  scope.spawn(wait_and_note(clock, 10s, 1, log));
  scope.spawn(wait_and_note(clock, 20s, 2, log));
  co_await scope.join();
  log.push_back(99);
}

TEST(TaskScope, DiesWithTheTaskThatOwnsIt) {
  VirtualClock clock;
  std::vector<int> log;
  {
    TaskScope scope(clock);
    scope.spawn(run_children(clock, log));
    clock.run_for(15s);
  }
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
  EXPECT_FALSE(clock.step());
}

Task<void> spawn_more(TaskScope& scope, Clock& clock, int depth, int& leaves) {
  if (depth == 0) {
    ++leaves;
    co_return;
  }
  co_await clock.sleep(1s);
  scope.spawn(spawn_more(scope, clock, depth - 1, leaves));
  scope.spawn(spawn_more(scope, clock, depth - 1, leaves));
}

TEST(TaskScope, WaitsAlsoForChildrenOfChildren) {
  VirtualClock clock;
  int leaves = 0;
  TaskScope scope(clock);
  scope.spawn(spawn_more(scope, clock, 6, leaves));
  clock.run(scope.join());
  EXPECT_EQ(leaves, 64);
}

TEST(TaskScope, CanBeUsedAgainAfterCancel) {
  VirtualClock clock;
  std::vector<int> log;
  TaskScope scope(clock);
  scope.spawn(wait_and_note(clock, 10s, 1, log));
  scope.cancel();
  EXPECT_EQ(scope.running(), 0U);
  scope.spawn(wait_and_note(clock, 1s, 2, log));
  clock.run(scope.join());
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
}

Task<void> throw_at_once() {
  throw std::runtime_error("a child that cannot go on");
  co_return;
}

TEST(TaskScopeDeathTest, EndsTheProgramWhenAnExceptionLeavesAChild) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  VirtualClock clock;
  EXPECT_DEATH(
      {
        TaskScope scope(clock);
        scope.spawn(throw_at_once());
      },
      "a child that cannot go on");
}

}  // namespace
}  // namespace peerstore
