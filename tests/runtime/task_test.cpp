#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/world/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace peerstore {
namespace {

using world::VirtualClock;

// Says when it is destroyed: what unwinding is measured by.
struct Witness {
  explicit Witness(std::vector<std::string>& entries, std::string text)
      : log(entries), name(std::move(text)) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { log.push_back(name); }
  std::vector<std::string>& log;
  std::string name;
};

Task<int> seven() { co_return 7; }
Task<std::unique_ptr<int>> boxed_seven() { co_return std::make_unique<int>(7); }
Task<int> twice(Task<int> task) { co_return 2 * co_await std::move(task); }
Task<int> throwing(Clock& clock, bool after_waiting) {
  if (after_waiting) co_await clock.sleep(1s);
  throw std::runtime_error("no seven today");
}
Task<std::string> catching(Clock& clock, bool after_waiting) {
  try {
    co_return std::to_string(co_await throwing(clock, after_waiting));
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
}

TEST(Task, GivesItsValueToWhoAwaitsIt) {
  VirtualClock clock;
  EXPECT_EQ(clock.run(seven()), 7);
  EXPECT_EQ(clock.run(twice(twice(seven()))), 28);
  EXPECT_EQ(*clock.run(boxed_seven()), 7);
}

TEST(Task, CarriesAnExceptionToWhoAwaitsIt) {
  VirtualClock clock;
  EXPECT_EQ(clock.run(catching(clock, false)), "no seven today");
  EXPECT_EQ(clock.run(catching(clock, true)), "no seven today");
}

Task<void> note_that_it_ran(bool& ran) {
  ran = true;
  co_return;
}

TEST(Task, DoesNothingUntilItIsAwaited) {
  bool ran = false;
  {
    const Task<void> task = note_that_it_ran(ran);
    EXPECT_TRUE(static_cast<bool>(task));
  }
  EXPECT_FALSE(ran);
}

Task<int> one_more(int value) { co_return value + 1; }
Task<int> count_to(int limit) {
  int value = 0;
  while (value < limit) value = co_await one_more(value);
  co_return value;
}

TEST(Task, CompletesAMillionTimesWithoutAStack) {
  VirtualClock clock;
  EXPECT_EQ(clock.run(count_to(1'000'000)), 1'000'000);
}

Task<void> inner(Clock& clock, std::vector<std::string>& log, int waits) {
  const Witness witness(log, "inner");
  for (int i = 0; i < waits; ++i) co_await clock.sleep(1s);
  log.push_back("inner done");
}
Task<void> outer(Clock& clock, std::vector<std::string>& log) {
  const Witness witness(log, "outer");
  co_await inner(clock, log, 3);
  co_await clock.sleep(1s);
  log.push_back("outer done");
}

TEST(Task, UnwindsFromTheInsideWhereverItIsDropped) {
  for (int seconds = 0; seconds <= 5; ++seconds) {
    VirtualClock clock;
    std::vector<std::string> log;
    {
      TaskScope scope(clock);
      scope.spawn(outer(clock, log));
      clock.run_for(std::chrono::seconds(seconds));
    }
    std::vector<std::string> expected;
    if (seconds >= 3) expected.push_back("inner done");
    expected.push_back("inner");
    if (seconds >= 4) expected.push_back("outer done");
    expected.push_back("outer");
    EXPECT_EQ(log, expected) << seconds;
    EXPECT_FALSE(clock.step()) << "a dropped task leaves no timer behind";
  }
}

TEST(Task, UnwindsWhatWasNeverStarted) {
  VirtualClock clock;
  std::vector<std::string> log;
  Task<int> inside = seven();
  {
    const Task<int> never = twice(std::move(inside));
  }
  EXPECT_FALSE(static_cast<bool>(inside)) << "it went into the frame, and with it";
}

Task<int> big_frame(Clock& clock) {
  std::array<int, 4096> numbers{};
  numbers[17] = 17;
  co_await clock.sleep(1s);
  co_return numbers[17];
}

TEST(Task, TakesFramesOfAnySize) {
  VirtualClock clock;
  EXPECT_EQ(clock.run(big_frame(clock)), 17);
}

}  // namespace
}  // namespace peerstore
