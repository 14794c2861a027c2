#include <peerstore/runtime/combine.hpp>

#include <conformance/worlds.hpp>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <vector>

namespace peerstore::conformance {
namespace {

class ClockContract : public ::testing::TestWithParam<Maker<TimeSubject>> {
 protected:
  std::unique_ptr<TimeSubject> subject = GetParam().make();
  Clock& clock = subject->clock();
  Workers& workers = subject->workers();
};
INSTANTIATE_TEST_SUITE_P(Worlds, ClockContract, (both_worlds<TimeSubject, VirtualTime, RealTime>()),
                         name_of<TimeSubject>);

class Note final : public Timer {
 public:
  Note(int name, std::vector<int>& log) : name_(name), log_(log) {}

 private:
  void fire() override { log_.push_back(name_); }
  int name_;
  std::vector<int>& log_;
};

Task<void> note_wake_up(Clock& clock, Duration duration, TimePoint& woke) {
  co_await clock.sleep(duration);
  woke = clock.now();
}

TEST_P(ClockContract, SleepsAtLeastAsLongAsAsked) {
  const TimePoint begin = clock.now();
  TimePoint woke;
  subject->run(note_wake_up(clock, 20ms, woke));
  EXPECT_GE(woke - begin, 20ms);
  EXPECT_LT(woke - begin, 10s);
}

Task<void> look_twice(Clock& clock, bool& same) {
  co_await clock.sleep(1ms);
  const TimePoint before = clock.now();
  std::uint64_t work = 1;
  for (int i = 0; i < 2'000'000; ++i) work = work * 6364136223846793005 + 1;
  same = clock.now() == before && work != 0;
}

TEST_P(ClockContract, StandsStillWithinATurn) {
  bool same = false;
  subject->run(look_twice(clock, same));
  EXPECT_TRUE(same);
}

Task<void> arm_many(Clock& clock, std::vector<int>& log) {
  Note one(1, log);
  Note two(2, log);
  Note three(3, log);
  Note moved(4, log);
  Note never(5, log);
  const TimePoint soon = clock.now() + 5ms;
  clock.arm(moved, clock.now());
  clock.arm(never, soon);
  clock.arm(three, soon + 5ms);
  clock.arm(one, soon);
  clock.arm(two, soon);
  clock.arm(moved, soon + 10ms);
  never.disarm();
  EXPECT_TRUE(log.empty()) << "never within arm()";
  co_await clock.sleep(50ms);
}

TEST_P(ClockContract, FiresTimersInOrderOfTimeThenOfArming) {
  std::vector<int> log;
  subject->run(arm_many(clock, log));
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3, 4}));
}

Task<void> arm_for_now(Clock& clock, std::vector<int>& log) {
  Note past(1, log);
  Note now(2, log);
  clock.arm(past, TimePoint{});
  clock.arm(now, clock.now());
  log.push_back(0);
  co_await clock.sleep(0ms);
  log.push_back(3);
}

TEST_P(ClockContract, DoesWhatIsDueAfterWhatIsGoingOn) {
  std::vector<int> log;
  subject->run(arm_for_now(clock, log));
  EXPECT_EQ(log, (std::vector<int>{0, 1, 2, 3}));
}

Task<void> note_after(Clock& clock, Duration wait, int name, std::vector<int>& log) {
  co_await clock.sleep(wait);
  log.push_back(name);
}
Task<void> drop_one(Clock& clock, std::vector<int>& log) {
  TaskScope staying(clock);
  staying.spawn(note_after(clock, 10ms, 1, log));
  {
    TaskScope leaving(clock);
    leaving.spawn(note_after(clock, 5ms, 2, log));
    co_await clock.sleep(1ms);
  }
  co_await staying.join();
}

TEST_P(ClockContract, ForgetsSleepersThatWereDropped) {
  std::vector<int> log;
  subject->run(drop_one(clock, log));
  EXPECT_EQ(log, std::vector<int>{1});
}

TEST_P(ClockContract, KnowsTheYear) {
  constexpr std::int64_t kStartOf2025 = 1'735'689'600'000'000'000;
  EXPECT_GE(clock.wall_time().nanoseconds, kStartOf2025);
}

Task<void> compute(Workers& workers, int& sum) {
  for (int i = 1; i <= 100; ++i) {
    auto square = [i] { return i * i; };
    sum += co_await workers.run(square);
  }
}

TEST_P(ClockContract, GivesBackWhatWorkersComputed) {
  int sum = 0;
  subject->run(compute(workers, sum));
  EXPECT_EQ(sum, 338350);
}

Task<void> fail_in_worker(Workers& workers, std::string& what) {
  try {
    auto work = []() -> int { throw std::runtime_error("off the loop"); };
    what = std::to_string(co_await workers.run(work));
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
}

TEST_P(ClockContract, CarriesAnExceptionOutOfAWorker) {
  std::string what;
  subject->run(fail_in_worker(workers, what));
  EXPECT_EQ(what, "off the loop");
}

Task<void> use_frame(Workers& workers, std::atomic<int>& finished) {
  // The work refers to this frame: dropping the task has to wait for it.
  std::vector<int> local(1000, 1);
  auto work = [&local, &finished] {
    int sum = 0;
    for (int round = 0; round < 2000; ++round) {
      for (const int value : local) sum += value;
    }
    ++finished;
    return sum;
  };
  (void)co_await workers.run(work);
}
Task<void> drop_work(Clock& clock, Workers& workers, std::atomic<int>& finished) {
  {
    TaskScope scope(clock);
    for (int i = 0; i < 50; ++i) scope.spawn(use_frame(workers, finished));
    co_await clock.sleep(1ms);
  }
  const int at_drop = finished;
  co_await clock.sleep(20ms);
  EXPECT_EQ(finished, at_drop) << "work went on in a frame that is gone";
}

TEST_P(ClockContract, LetsNoWorkOutliveItsTask) {
  std::atomic<int> finished = 0;
  subject->run(drop_work(clock, workers, finished));
}

}  // namespace
}  // namespace peerstore::conformance
