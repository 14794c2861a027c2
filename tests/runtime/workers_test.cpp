#include <peerstore/runtime/scope.hpp>
#include <peerstore/world/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace peerstore {
namespace {

Task<std::string> catch_from(Workers& workers) {
  try {
    auto work = []() -> int { throw std::runtime_error("from the worker"); };
    co_return std::to_string(co_await workers.run(work));
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
}
Task<std::unique_ptr<int>> move_out(Workers& workers) {
  auto work = [] { return std::make_unique<int>(9); };
  co_return co_await workers.run(work);
}
Task<void> note(Workers& workers, int name, std::vector<int>& log) {
  auto work = [name] { return name; };
  log.push_back(co_await workers.run(work));
}

TEST(InlineWorkers, GivesValuesAndExceptionsToWhoAwaits) {
  world::VirtualClock clock;
  world::InlineWorkers workers(clock);
  EXPECT_EQ(*clock.run(move_out(workers)), 9);
  EXPECT_EQ(clock.run(catch_from(workers)), "from the worker");
}

TEST(InlineWorkers, CompletesInOrderAfterTheTurnAndForgetsTheDropped) {
  world::VirtualClock clock;
  world::InlineWorkers workers(clock);
  std::vector<int> log;
  TaskScope staying(clock);
  {
    TaskScope leaving(clock);
    staying.spawn(note(workers, 1, log));
    leaving.spawn(note(workers, 2, log));
    staying.spawn(note(workers, 3, log));
    EXPECT_TRUE(log.empty());
  }
  clock.run_for(1s);
  EXPECT_EQ(log, (std::vector<int>{1, 3}));
}

}  // namespace
}  // namespace peerstore
