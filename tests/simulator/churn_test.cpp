#include <gtest/gtest.h>
#include <peerstore/simulator/simulator.hpp>

#include <string>

namespace peerstore::simulator {
namespace {

std::string all_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

ChurnOptions small(unsigned nodes, double days, std::uint64_t seed) {
  ChurnOptions options;
  options.nodes = nodes;
  options.days = days;
  options.seed = seed;
  options.packs_per_node_and_day = 4;
  return options;
}

TEST(Churn, TellsTheSameStoryForTheSameSeed) {
  const Report first = run_churn(small(20, 0.5, 7));
  Report second = run_churn(small(20, 0.5, 7));
  second.wall_seconds = first.wall_seconds;
  EXPECT_EQ(to_json(first), to_json(second));
  const Report other = run_churn(small(20, 0.5, 8));
  EXPECT_NE(first.trace_hash, other.trace_hash);
}

class ChurnOfSeed : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, ChurnOfSeed, ::testing::Range<std::uint64_t>(1, 9));

TEST_P(ChurnOfSeed, BreaksNoLaw) {
  const Report report = run_churn(small(20, 0.75, GetParam()));
  EXPECT_EQ(report.violations_total, 0U) << all_of(report.violations);
  EXPECT_GT(report.chunks_acknowledged, 0U);
  EXPECT_GT(report.lookups, 0U);
  EXPECT_GE(report.joins, 20U);
}

TEST(Churn, LivesThroughRingsTooSmallToKeepAnything) {
  for (const unsigned nodes : {1U, 2U, 3U, 5U}) {
    const Report report = run_churn(small(nodes, 0.5, 3));
    EXPECT_EQ(report.violations_total, 0U) << nodes << " nodes\n" << all_of(report.violations);
  }
}

TEST(Churn, ReportsItsProgressHourByHour) {
  ChurnOptions options = small(5, 0.25, 1);
  int hours = 0;
  options.on_progress = [&hours](const Progress& progress) {
    ++hours;
    EXPECT_EQ(progress.end, 6h);
    EXPECT_EQ(progress.now, std::chrono::hours(hours));
  };
  run_churn(options);
  EXPECT_EQ(hours, 6);
}

TEST(Scenarios, HaveANameAndASummary) {
  ASSERT_FALSE(scenarios().empty());
  for (const Scenario& scenario : scenarios()) {
    EXPECT_FALSE(scenario.name.empty());
    EXPECT_FALSE(scenario.summary.empty());
  }
}

}  // namespace
}  // namespace peerstore::simulator
