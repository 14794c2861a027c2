#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/timer_queue.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace peerstore {
namespace {

class Note final : public Timer {
 public:
  Note(int name, std::vector<int>& log) : name_(name), log_(log) {}

 private:
  void fire() override { log_.push_back(name_); }
  int name_;
  std::vector<int>& log_;
};

TEST(TimerQueue, FiresLikeASortedMultimap) {
  SeededRandom random(3);
  TimerQueue queue;
  std::vector<int> log;
  std::vector<std::unique_ptr<Note>> notes;
  constexpr int kTimers = 300;
  for (int i = 0; i < kTimers; ++i) notes.push_back(std::make_unique<Note>(i, log));

  using Model = std::multimap<std::pair<TimePoint, std::uint64_t>, int>;
  Model model;
  std::vector<Model::iterator> places(kTimers, model.end());
  std::uint64_t order = 0;
  for (int step = 0; step < 50'000; ++step) {
    const auto chosen = static_cast<std::size_t>(random.below(kTimers));
    const std::uint64_t action = random.below(8);
    if (action < 4) {
      const TimePoint when{Duration(random.below(64))};
      queue.arm(*notes[chosen], when);
      if (places[chosen] != model.end()) model.erase(places[chosen]);
      places[chosen] = model.emplace(std::pair(when, order++), static_cast<int>(chosen));
    } else if (action < 6) {
      notes[chosen]->disarm();
      if (places[chosen] != model.end()) model.erase(places[chosen]);
      places[chosen] = model.end();
    } else if (!model.empty()) {
      ASSERT_EQ(queue.next(), model.begin()->first.first);
      queue.fire_next();
      const int expected = model.begin()->second;
      ASSERT_EQ(log.back(), expected);
      places[static_cast<std::size_t>(expected)] = model.end();
      model.erase(model.begin());
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(notes[chosen]->armed(), places[chosen] != model.end());
  }
}

TEST(TimerQueue, LetsGoOfTimersWhenEitherIsDestroyed) {
  std::vector<int> log;
  auto outlived = std::make_unique<Note>(1, log);
  Note outliving(2, log);
  {
    TimerQueue queue;
    queue.arm(*outlived, TimePoint{});
    queue.arm(outliving, TimePoint{1s});
    outlived.reset();
    EXPECT_EQ(queue.size(), 1U);
    EXPECT_EQ(queue.next(), TimePoint{1s});
  }
  EXPECT_FALSE(outliving.armed());
}

class Rearming final : public Timer {
 public:
  Rearming(TimerQueue& queue, int times) : left(times), queue_(queue) {}
  int left;

 private:
  void fire() override {
    if (--left > 0) queue_.arm(*this, TimePoint{});
  }
  TimerQueue& queue_;
};

TEST(TimerQueue, MayBeArmedFromWithinATimer) {
  TimerQueue queue;
  Rearming timer(queue, 5);
  queue.arm(timer, TimePoint{});
  int fired = 0;
  while (!queue.empty()) {
    queue.fire_next();
    ++fired;
  }
  EXPECT_EQ(fired, 5);
}

}  // namespace
}  // namespace peerstore
