#include <gtest/gtest.h>
#include <peerstore/simulator/simulator.hpp>

#include <algorithm>
#include <string>

namespace peerstore::simulator {
namespace {

ScenarioPtr scenario(const std::string& name) {
  Result<ScenarioPtr> found = find_scenario(name);
  CHECK(found.has_value());
  return *found;
}

RunOptions small(std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  options.small = true;
  return options;
}

std::string told(const Report& report) {
  if (!report.failure) return "nothing broken";
  const Failure& failure = *report.failure;
  std::string text = failure.at + " " + failure.law + ": " + failure.flaw + "\n";
  for (const std::string& line : failure.ring_after) text += line + "\n";
  return text + failure.replay;
}

Report run_small(const std::string& name, std::uint64_t seed) {
  Result<Report> report = run(*scenario(name), small(seed));
  CHECK(report.has_value());
  return *report;
}

class BuiltInScenario : public ::testing::TestWithParam<std::string> {};
std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Summary& one : scenarios()) all.push_back(one.name);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Named, BuiltInScenario, ::testing::ValuesIn(names()), [](const auto& named) {
  std::string name = named.param;
  std::erase(name, '-');
  return name;
});

TEST_P(BuiltInScenario, BreaksNoLaw) {
  const Report report = run_small(GetParam(), 7);
  EXPECT_FALSE(report.failure) << told(report);
  EXPECT_GT(report.joins, 1U);
}

TEST(ScenarioRun, TellsTheSameStoryTwice) {
  for (const char* name : {"partition", "liars", "disks"}) {
    const Report first = run_small(name, 7);
    Report second = run_small(name, 7);
    second.wall_seconds = first.wall_seconds;
    EXPECT_EQ(to_json(first), to_json(second)) << name;
  }
}

TEST(ScenarioRun, TellsAnotherStoryForAnotherSeed) {
  EXPECT_NE(run_small("base", 1).trace_hash, run_small("base", 2).trace_hash);
}

TEST(ScenarioRun, LivesThroughRingsTooSmallToKeepAnything) {
  for (const unsigned nodes : {1U, 2U, 3U, 5U}) {
    RunOptions options = small(3);
    options.nodes = nodes;
    const Result<Report> report = run(*scenario("churn"), options);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(report->failure) << nodes << " nodes\n" << told(*report);
  }
}

// Whoever was let in before the run has nothing to learn: no statement is ever exchanged.
TEST(ScenarioRun, LetsEverybodyInBeforehandWhereTheScenarioSaysSo) {
  const Report report = run_small("bamboo", 3);
  EXPECT_EQ(report.joins, 30U);
  EXPECT_FALSE(report.bytes_by_question.contains("Join")) << "somebody had to ask";
  EXPECT_TRUE(report.bytes_by_question.contains("FindSuccessor"));
}

TEST(ScenarioRun, StoresAndReadsAndLooksUp) {
  const Report report = run_small("liars", 2);
  EXPECT_GT(report.chunks_acknowledged, 0U);
  EXPECT_GT(report.reads, 0U);
  EXPECT_GT(report.lookups, 0U);
  EXPECT_GT(report.bytes_per_node_second, 0);
}

TEST(ScenarioRun, StrikesWithTheFaultsOfItsScenario) {
  std::map<std::string, std::uint64_t> struck;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (const auto& [name, count] : run_small("weather", seed).faults) struck[name] += count;
  }
  for (const char* name : {"bad_weather", "one_way_cut", "slow_node"}) {
    EXPECT_GT(struck[name], 0U) << name;
  }
}

TEST(ScenarioRun, TellsItsProgressAHundredTimes) {
  RunOptions options = small(1);
  int told_times = 0;
  options.on_progress = [&](const Progress& progress) {
    ++told_times;
    EXPECT_LE(progress.now, progress.end);
  };
  ASSERT_TRUE(run(*scenario("base"), options).has_value());
  EXPECT_EQ(told_times, 100);
}

TEST(ScenarioRun, LivesThroughFaultsAndHealingInTheMiddleOfStopsAndJoins) {
  const Result<ScenarioPtr> interrupted = read_scenario("interrupted", R"(
summary = "machines stop in order all the time, some join at the last moment, and faults come in between"
nodes = 10
[phases]
live = "5min"
[life]
model = "exponential"
session = "20s"
absence = "5s"
stops = 1
joining = "1min"
[[life.upheaval]]
kind = "flash_join"
at = "295s"
count = 5
[network]
loss = 0.1
[faults.swapped_disks]
every = "3s"
lasts = ["1s", "2s"]
[faults.slow_disk]
every = "10s"
lasts = ["10s", "20s"]
strength = 1
[laws]
ideal_within = "10min"
)");
  ASSERT_TRUE(interrupted.has_value()) << interrupted.error().message();
  SweepOptions options;
  options.count = 6;
  const Result<SweepReport> swept = sweep(**interrupted, options);
  ASSERT_TRUE(swept.has_value());
  EXPECT_EQ(swept->failed_total, 0U) << told(swept->failed.front());
  EXPECT_GT(swept->sum.stops, 0U);
  EXPECT_EQ(swept->sum.joins, 6U * 15U);
}

TEST(ScenarioRun, EndsAtTheFirstBrokenLawAndTellsHowItCameToThat) {
  // A law that nobody can keep: ideal before anything could happen.
  const Result<ScenarioPtr> impatient = read_scenario("impatient", R"(
summary = "healed at once"
nodes = 8
[phases]
live = "2min"
[life]
model = "exponential"
session = "20s"
absence = "20s"
crashes = 1
stable = 0
[laws]
ideal_within = "1ms"
)");
  ASSERT_TRUE(impatient.has_value());
  RunOptions options;
  options.commit = "abc";
  const Result<Report> report = run(**impatient, options);
  ASSERT_TRUE(report.has_value());
  ASSERT_TRUE(report->failure);
  EXPECT_EQ(report->failure->law, "ring_becomes_ideal");
  EXPECT_EQ(report->failure->ring_after.size(), 8U);
  EXPECT_EQ(report->failure->replay, "peerstore sim replay impatient --seed 1");
  EXPECT_EQ(report->commit, "abc");
}

TEST(Replay, TellsEveryEventInWords) {
  RunOptions options = small(1);
  std::vector<std::string> events;
  options.on_event = [&](const std::string& event) { events.push_back(event); };
  ASSERT_TRUE(run(*scenario("base"), options).has_value());
  const auto some = [&](std::string_view words) {
    return std::ranges::any_of(
        events, [&](const std::string& event) { return event.find(words) != std::string::npos; });
  };
  EXPECT_TRUE(some("p1-laptop0 has a place in the ring"));
  EXPECT_TRUE(some("is answered getNeighbours by") || some("is answered GetNeighbours by"));
  EXPECT_TRUE(some("crash"));
}

TEST(Sweep, GivesTheSameResultWhateverTheNumberOfWorkers) {
  SweepOptions options;
  options.each = small(0);
  options.first = 5;
  options.count = 6;
  Result<SweepReport> one = sweep(*scenario("base"), options);
  options.workers = 3;
  Result<SweepReport> three = sweep(*scenario("base"), options);
  ASSERT_TRUE(one && three);
  three->wall_seconds = one->wall_seconds;
  EXPECT_EQ(to_json(*one), to_json(*three));
  EXPECT_EQ(one->runs, 6U);
  EXPECT_EQ(one->failed_total, 0U);
  EXPECT_GT(one->ring_hours, 0);
}

TEST(Sweep, CanBeEndedEarly) {
  SweepOptions options;
  options.each = small(0);
  options.count = 100;
  int asked = 0;
  options.stopped = [&] { return ++asked > 2; };
  const Result<SweepReport> report = sweep(*scenario("base"), options);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->runs, 2U);
}

}  // namespace
}  // namespace peerstore::simulator
