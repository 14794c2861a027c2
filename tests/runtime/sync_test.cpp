#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>
#include <peerstore/world/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

namespace peerstore {
namespace {

using world::VirtualClock;

Task<void> await_into(OneShot<int>& shot, std::optional<int>& slot) { slot = co_await shot; }

TEST(OneShot, KeepsTheFirstValueForWhoComesLater) {
  VirtualClock clock;
  OneShot<int> shot(clock);
  shot.set(1);
  shot.set(2);
  std::optional<int> got;
  clock.run(await_into(shot, got));
  EXPECT_EQ(got, 1);
}

TEST(OneShot, WakesTheWaiterAfterTheTurn) {
  VirtualClock clock;
  OneShot<int> shot(clock);
  std::optional<int> got;
  TaskScope scope(clock);
  scope.spawn(await_into(shot, got));
  shot.set(5);
  EXPECT_FALSE(got.has_value());
  clock.run_for(0s);
  EXPECT_EQ(got, 5);
}

TEST(OneShot, OutlivesAWaiterThatWasDropped) {
  VirtualClock clock;
  OneShot<int> shot(clock);
  std::optional<int> got;
  {
    TaskScope scope(clock);
    scope.spawn(await_into(shot, got));
  }
  shot.set(5);
  clock.run_for(1s);
  EXPECT_FALSE(got.has_value());
  EXPECT_TRUE(shot.is_set());
}

TEST(OneShot, IsSafeToDropBetweenSetAndWakeUp) {
  VirtualClock clock;
  std::optional<int> got;
  auto shot = std::make_unique<OneShot<int>>(clock);
  {
    TaskScope scope(clock);
    scope.spawn(await_into(*shot, got));
    shot->set(5);
  }
  shot.reset();
  clock.run_for(1s);
  EXPECT_FALSE(got.has_value());
}

Task<void> await_event(Event& event, int name, std::vector<int>& log) {
  co_await event.wait();
  log.push_back(name);
}

Task<void> await_event(Event& event) { co_await event.wait(); }

// A line that is walked for each who leaves it takes minutes here.
TEST(Event, IsLeftByManyWithoutLookingForEach) {
  VirtualClock clock;
  Event event(clock);
  TaskScope scope(clock);
  for (int i = 0; i < 50'000; ++i) scope.spawn(await_event(event));
  scope.cancel();
  event.notify_all();
  clock.run_for(0s);
}

TEST(Event, WakesAllWhoWaitInTheirOrderAndNobodyWhoComesLater) {
  VirtualClock clock;
  Event event(clock);
  std::vector<int> log;
  TaskScope scope(clock);
  scope.spawn(await_event(event, 1, log));
  scope.spawn(await_event(event, 2, log));
  event.notify_all();
  scope.spawn(await_event(event, 3, log));
  clock.run_for(1s);
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
  EXPECT_EQ(scope.running(), 1U);
}

TEST(Event, ForgetsWaitersThatWereDropped) {
  VirtualClock clock;
  Event event(clock);
  std::vector<int> log;
  TaskScope staying(clock);
  {
    TaskScope leaving(clock);
    leaving.spawn(await_event(event, 1, log));
    staying.spawn(await_event(event, 2, log));
    leaving.spawn(await_event(event, 3, log));
    event.notify_all();  // woken, but not resumed yet
    leaving.spawn(await_event(event, 4, log));
  }
  event.notify_all();
  clock.run_for(1s);
  EXPECT_EQ(log, std::vector<int>{2});
}

Task<void> hold(Semaphore& semaphore, Clock& clock, int name, std::vector<int>& log) {
  const Semaphore::Permit permit = co_await semaphore.acquire();
  log.push_back(name);
  co_await clock.sleep(1s);
}

TEST(Semaphore, LetsInAsManyAsItSaysInTheirOrder) {
  VirtualClock clock;
  Semaphore semaphore(clock, 2);
  std::vector<int> log;
  TaskScope scope(clock);
  for (int i = 1; i <= 5; ++i) scope.spawn(hold(semaphore, clock, i, log));
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
  clock.run_for(1s);
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3, 4}));
  clock.run_for(5s);
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(semaphore.available(), 2U);
}

TEST(Semaphore, LosesNoPermitWhereverATaskIsDropped) {
  VirtualClock clock;
  Semaphore semaphore(clock, 1);
  std::vector<int> log;
  TaskScope staying(clock);
  {
    TaskScope holding(clock);
    TaskScope leaving(clock);
    holding.spawn(hold(semaphore, clock, 1, log));
    leaving.spawn(hold(semaphore, clock, 2, log));  // waiting in line
    staying.spawn(hold(semaphore, clock, 3, log));
    holding.cancel();  // the permit goes to 2, which is woken but not resumed
    leaving.cancel();  // and from it to 3
  }
  clock.run_for(0s);
  EXPECT_EQ(log, (std::vector<int>{1, 3}));
  clock.run_for(2s);
  EXPECT_EQ(semaphore.available(), 1U);
}

}  // namespace
}  // namespace peerstore
