#include <gtest/gtest.h>
#include <peerstore/net/loop.hpp>
#include <peerstore/runtime/combine.hpp>

#include <atomic>
#include <csignal>
#include <thread>

namespace peerstore::net {
namespace {

Task<void> sleep_and_note(Clock& clock, Duration duration, int note, std::vector<int>& notes) {
  co_await clock.sleep(duration);
  notes.push_back(note);
}

Task<void> sleepers(Loop& loop, std::vector<int>& notes) {
  TaskScope scope(loop);
  scope.spawn(sleep_and_note(loop, 30ms, 3, notes));
  scope.spawn(sleep_and_note(loop, 10ms, 1, notes));
  scope.spawn(sleep_and_note(loop, 20ms, 2, notes));
  scope.spawn(sleep_and_note(loop, 0ms, 0, notes));
  co_await scope.join();
}

TEST(Loop, WakesSleepersInTheOrderOfTheirTimes) {
  Loop loop(1);
  std::vector<int> notes;
  const TimePoint began = loop.now();
  EXPECT_TRUE(loop.run(sleepers(loop, notes)));
  EXPECT_EQ(notes, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_GE(loop.now() - began, 30ms);
}

Task<void> watch_the_time(Loop& loop) {
  co_await loop.sleep(1ms);
  const TimePoint first = loop.now();
  const auto later = std::chrono::steady_clock::now() + 5ms;
  while (std::chrono::steady_clock::now() < later) EXPECT_EQ(loop.now(), first);
  co_await loop.sleep(0ms);
  EXPECT_GE(loop.now() - first, 5ms);
}

TEST(Loop, TimeStandsStillWithinATurn) {
  Loop loop(1);
  EXPECT_TRUE(loop.run(watch_the_time(loop)));
}

Task<void> stop_from_within(Loop& loop) {
  loop.stop();
  co_await loop.sleep(1h);
}

TEST(Loop, ReturnsFalseWhenItWasStoppedAndRunsAgain) {
  Loop loop(1);
  EXPECT_FALSE(loop.run(stop_from_within(loop)));
  std::vector<int> notes;
  EXPECT_TRUE(loop.run(sleepers(loop, notes)));
}

Task<void> wait_long(Loop& loop) { co_await loop.sleep(1h); }

TEST(Loop, HandsSignalsToItsHandler) {
  Loop loop(1);
  int seen = 0;
  loop.on_signal([&](int signal) {
    seen = signal;
    loop.stop();
  });
  std::raise(SIGTERM);
  EXPECT_FALSE(loop.run(wait_long(loop)));
  EXPECT_EQ(seen, SIGTERM);
}

Task<void> signal_and_wait(Loop& loop, std::vector<int> signals) {
  for (const int signal : signals) {
    std::raise(signal);
    co_await loop.sleep(1ms);  // a turn: signals wait their turn in the kernel's pipe
  }
}

TEST(Loop, TakesAClosedTerminalForOneWishToStop) {
  const auto before = std::signal(SIGHUP, SIG_DFL);
  {
    Loop loop(1);
    std::vector<int> seen;
    loop.on_signal([&](int signal) {
      seen.push_back(signal);
      if (signal == SIGTERM) loop.stop();
    });
    const auto main = [](Loop& loop) -> Task<void> {
      co_await signal_and_wait(loop, {SIGHUP, SIGHUP, SIGTERM});
      co_await wait_long(loop);
    };
    EXPECT_FALSE(loop.run(main(loop)));
    EXPECT_EQ(seen, (std::vector<int>{SIGHUP, SIGTERM}));
  }
  std::signal(SIGHUP, before);
}

TEST(Loop, LeavesToItselfWhoWasStartedToOutliveItsTerminal) {
  const auto before = std::signal(SIGHUP, SIG_IGN);
  {
    Loop loop(1);
    loop.on_signal([&](int) { loop.stop(); });
    std::raise(SIGHUP);
    EXPECT_TRUE(loop.run(signal_and_wait(loop, {SIGHUP})));
  }
  std::signal(SIGHUP, before);
}

Task<void> never_quiet(Loop& loop, const bool& done) {
  while (!done) co_await loop.sleep(0ms);
}

Task<void> work_beside_a_busy_task(Loop& loop) {
  bool done = false;
  TaskScope scope(loop);
  scope.spawn(never_quiet(loop, done));
  const int answer = co_await loop.Workers::run([] { return 42; });
  EXPECT_EQ(answer, 42);
  done = true;
  co_await scope.join();
}

TEST(Loop, ATaskThatNeverRestsDoesNotKeepOthersWaiting) {
  Loop loop(1);
  EXPECT_TRUE(loop.run(work_beside_a_busy_task(loop)));
}

Task<void> compute_on_workers(Loop& loop) {
  const std::thread::id here = std::this_thread::get_id();
  for (int i = 0; i < 200; ++i) {
    const auto there = co_await loop.Workers::run([] { return std::this_thread::get_id(); });
    EXPECT_NE(there, here);
    EXPECT_EQ(std::this_thread::get_id(), here);
  }
  bool caught = false;
  try {
    (void)co_await loop.Workers::run([]() -> int { throw std::runtime_error("no"); });
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

TEST(WorkerThreads, ComputeElsewhereAndCompleteOnTheLoop) {
  Loop loop(2);
  EXPECT_TRUE(loop.run(compute_on_workers(loop)));
}

struct Spinning {
  std::atomic<int> started = 0;
  std::atomic<int> ended = 0;
  std::atomic<int> dropped = 0;
  std::atomic<bool> release = false;
};

struct CountsWhenDropped {
  std::atomic<int>& dropped;
  ~CountsWhenDropped() { ++dropped; }
};

Task<void> spin_on_worker(Loop& loop, Spinning& spinning) {
  const CountsWhenDropped counter{spinning.dropped};
  (void)co_await loop.Workers::run([&] {
    ++spinning.started;
    while (!spinning.release) std::this_thread::yield();
    return ++spinning.ended;
  });
}

Task<void> drop_jobs(Loop& loop) {
  Spinning spinning;
  TaskScope scope(loop);
  for (int i = 0; i < 5; ++i) scope.spawn(spin_on_worker(loop, spinning));
  while (spinning.started == 0) co_await loop.sleep(1ms);
  // One runs, four are in line. Dropping them, newest first, forgets the four and waits for the one.
  std::thread releaser([&] {
    while (spinning.dropped < 4) std::this_thread::yield();
    spinning.release = true;
  });
  scope.cancel();
  releaser.join();
  EXPECT_EQ(spinning.started, 1);
  EXPECT_EQ(spinning.ended, 1);
}

TEST(WorkerThreads, DroppedTasksLeaveTheLineOrWaitForTheirJob) {
  Loop loop(1);
  EXPECT_TRUE(loop.run(drop_jobs(loop)));
}

Task<void> drop_completed_job(Loop& loop, std::atomic<bool>& done) {
  (void)co_await loop.Workers::run([&] { return done = true; });
  ADD_FAILURE() << "a dropped task went on";
}

Task<void> drop_before_completion(Loop& loop) {
  for (int i = 0; i < 100; ++i) {
    std::atomic<bool> done = false;
    TaskScope scope(loop);
    scope.spawn(drop_completed_job(loop, done));
    while (!done) std::this_thread::yield();  // the loop cannot have seen the completion
    scope.cancel();
  }
  co_await loop.sleep(1ms);
}

TEST(WorkerThreads, AJobThatIsDoneButNotCompletedCanBeDropped) {
  Loop loop(2);
  EXPECT_TRUE(loop.run(drop_before_completion(loop)));
}

}  // namespace
}  // namespace peerstore::net
