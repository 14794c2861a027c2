#include <peerstore/runtime/combine.hpp>
#include <peerstore/world/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace peerstore {
namespace {

using world::VirtualClock;

struct Counted {
  explicit Counted(int& live) : count(live) { ++count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count; }
  int& count;
};

Task<std::string> after(Clock& clock, Duration wait, std::string value, int& live) {
  const Counted counted(live);
  co_await clock.sleep(wait);
  co_return value;
}

TEST(WhenAll, GivesResultsInTheOrderOfTheTasks) {
  VirtualClock clock;
  int live = 0;
  std::vector<Task<std::string>> tasks;
  tasks.push_back(after(clock, 3s, "slow", live));
  tasks.push_back(after(clock, 1s, "fast", live));
  const auto results = clock.run(when_all(clock, std::move(tasks)));
  EXPECT_EQ(results, (std::vector<std::string>{"slow", "fast"}));
  EXPECT_EQ(clock.now().since_start, 3s);
  EXPECT_TRUE(clock.run(when_all(clock, std::vector<Task<std::string>>())).empty());
}

TEST(FirstOf, GivesTheFastestAndCancelsTheOthers) {
  VirtualClock clock;
  int live = 0;
  std::vector<Task<std::string>> tasks;
  tasks.push_back(after(clock, 3s, "slow", live));
  tasks.push_back(after(clock, 1s, "fast", live));
  tasks.push_back(after(clock, 2s, "middle", live));
  EXPECT_EQ(clock.run(first_of(clock, std::move(tasks))), "fast");
  EXPECT_EQ(live, 0);
  EXPECT_EQ(clock.now().since_start, 1s);
  EXPECT_FALSE(clock.step()) << "what was cancelled left no timer";
}

TEST(FirstOf, CancelsAllWhenItIsDroppedItself) {
  VirtualClock clock;
  int live = 0;
  std::vector<Task<std::string>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(after(clock, 3s, "late", live));
  Task<std::string> race = first_of(clock, std::move(tasks));
  {
    std::optional<std::string> slot;
    TaskScope scope(clock);
    scope.spawn(world::detail::keep(std::move(race), slot));
    clock.run_for(1s);
    EXPECT_EQ(live, 3);
  }
  EXPECT_EQ(live, 0);
}

class Crowd {
 public:
  explicit Crowd(Clock& clock) : clock_(clock) {}
  Task<void> operator()(int item) {
    const Counted counted(inside);
    most = std::max(most, inside);
    co_await clock_.sleep(std::chrono::seconds(1 + item % 3));
    sum += item;
  }
  int inside = 0;
  int most = 0;
  int sum = 0;

 private:
  Clock& clock_;
};

TEST(ForEachBounded, DoesAllWithNoMoreThanSoManyAtOnce) {
  VirtualClock clock;
  Crowd crowd(clock);
  std::vector<int> items;
  for (int i = 1; i <= 20; ++i) items.push_back(i);
  clock.run(for_each_bounded(clock, 4, items, crowd));
  EXPECT_EQ(crowd.sum, 210);
  EXPECT_EQ(crowd.most, 4);
  EXPECT_EQ(crowd.inside, 0);
}

TEST(ForEachBounded, StopsWhatRunsWhenItIsDropped) {
  VirtualClock clock;
  Crowd crowd(clock);
  {
    TaskScope scope(clock);
    scope.spawn(for_each_bounded(clock, 2, std::vector<int>{1, 2, 3, 4, 5}, crowd));
    clock.run_for(2500ms);
  }
  EXPECT_EQ(crowd.inside, 0);
  EXPECT_LT(crowd.sum, 15);
  EXPECT_FALSE(clock.step());
}

}  // namespace
}  // namespace peerstore
