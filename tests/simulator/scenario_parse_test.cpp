#include <gtest/gtest.h>
#include "../simulator/scenario.hpp"

#include <algorithm>

namespace peerstore::simulator {
namespace {

Result<Scenario> parsed(const std::string& text) {
  return parse_scenario("mine", "summary = \"s\"\n" + text);
}

TEST(ScenarioParse, ReadsEachPart) {
  const Result<Scenario> scenario = parsed(R"(
nodes = 40
copies = 2
colours = false
[phases]
grow = "90s"
live = "1.5h"
[ring]
successor_list = 4
acquainted = true
[life]
model = "pareto"
session = "10min"
[[life.upheaval]]
kind = "shrink"
at = "1h"
count = 5
[network]
latency = "regions"
loss = 0.02
[faults.partition]
chance = 0.25
every = "3min"
lasts = ["10s", "1min"]
[liars]
share = 0.1
fake_receipts = true
[workload]
pack_every = "2d"
[laws]
ideal_within = "30s"
zave = true
[small]
nodes = 6
)");
  ASSERT_TRUE(scenario.has_value()) << scenario.error().message();
  EXPECT_EQ(scenario->nodes, 40U);
  EXPECT_EQ(scenario->copies, 2U);
  EXPECT_FALSE(scenario->colours);
  EXPECT_EQ(scenario->grow, 90s);
  EXPECT_EQ(scenario->live, 90min);
  EXPECT_EQ(scenario->ring.successor_list, 4U);
  EXPECT_TRUE(scenario->ring.acquainted);
  EXPECT_EQ(scenario->life.model, LifeModel::pareto);
  ASSERT_EQ(scenario->life.upheavals.size(), 1U);
  EXPECT_EQ(scenario->life.upheavals.front().share_or_count, 5);
  EXPECT_EQ(scenario->links.latency, Latency::regions);
  EXPECT_EQ(scenario->fault(FaultKind::partition).chance, 0.25);
  EXPECT_EQ(scenario->fault(FaultKind::partition).most, 1min);
  EXPECT_EQ(scenario->fault(FaultKind::bit_rot).every, 0s);
  EXPECT_TRUE(scenario->liars.lies.fake_receipts);
  EXPECT_EQ(scenario->workload.pack_every, 48h);
  EXPECT_TRUE(scenario->laws.zave);
  EXPECT_EQ(scenario->small.nodes, 6U);
}

TEST(ScenarioParse, NamesLineAndKeyOfWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"nodes = 0", "2:9: 'nodes' must be a number from 1"},
      {"nodes = 2.5", "'nodes' must be a whole number"},
      {"nodes = \"many\"", "'nodes' must be a number"},
      {"colours = 1", "'colours' must be true or false"},
      {"nods = 3", "'nods' is not known here. Known are: "},
      {"[phases]\nlive = \"soon\"", "'phases.live' must be a time"},
      {"[phases]\nlive = 10", "'phases.live' must be a time"},
      {"[phases]\nlive = \"0s\"", "'phases.live' must be more than nothing"},
      {"[phases]\nlive = \"99999999d\"", "'phases.live' must be a time"},
      {"[life]\nmodel = \"mayfly\"", "'life.model' must be one of: always_up"},
      {"[faults.plague]\nevery = \"1h\"", "'faults.plague' is not known here"},
      {"[faults.partition]\nevery = \"1h\"\nlasts = [\"2min\", \"1min\"]",
       "'faults.partition.lasts' must be two times"},
      {"[faults.partition]\nlasts = [\"1min\", \"2min\"]", "'faults.partition.every' is missing"},
      {"[faults.partition]\nevery = \"1h\"", "'faults.partition.lasts' is missing"},
      {"[faults.slow_node]\nevery = \"1h\"\nlasts = [\"1min\", \"2min\"]",
       "'faults.slow_node.strength' is missing"},
      {"[faults.clock_drift]\nevery = \"1h\"\nlasts = [\"1min\", \"2min\"]\nstrength = 1000000",
       "'faults.clock_drift.strength' must be a number"},
      {"[ring]\nstabilize_period = \"0s\"", "'ring.stabilize_period' must be at least \"10ms\""},
      {"[disk]\nscrub = \"1ms\"", "'disk.scrub' must be at least \"1000ms\""},
      {"[workload]\nbackup_every = \"0s\"", "'workload.backup_every' must be at least \"1000ms\""},
      {"[[life.upheaval]]\nkind = \"flood\"", "'life.upheaval.kind' must be one of"},
      {"life = 3", "'life' must be a table"},
      {"nodes = = 3", "scenario mine:2:"},
      {"[network]\nloss = nan", "'network.loss' must be a number"},
  };
  for (const auto& [text, message] : cases) {
    const Result<Scenario> scenario = parsed(text);
    ASSERT_FALSE(scenario.has_value()) << text;
    EXPECT_EQ(scenario.error().code, Errc::invalid);
    EXPECT_TRUE(scenario.error().context.find(message) != std::string::npos) << text << "\n"
                                                                             << scenario.error().context;
  }
  EXPECT_FALSE(parse_scenario("mine", "nodes = 3").has_value()) << "no summary";
}

TEST(ScenarioParse, AnyBytesAreAnErrorAndNoMore) {
  const std::string text(built_in_scenarios().front().text);
  SeededRandom random(1);
  for (int round = 0; round < 500; ++round) {
    std::string damaged = text;
    for (int i = 0; i < 3; ++i) {
      const std::size_t at = random.below(damaged.size());
      damaged[at] = static_cast<char>(random.below(256));
    }
    (void)parse_scenario("damaged", damaged);
    (void)parse_scenario("short", text.substr(0, random.below(text.size())));
  }
}

TEST(BuiltInScenarios, AreAllReadableAndIncludeThePromisedOnes) {
  for (const ScenarioText& one : built_in_scenarios()) {
    const Result<Scenario> scenario = parse_scenario(std::string(one.name), one.text);
    EXPECT_TRUE(scenario.has_value()) << scenario.error().message();
  }
  for (const char* name : {"churn", "sleep", "partition", "household", "growth", "liars"}) {
    EXPECT_TRUE(std::ranges::any_of(built_in_scenarios(), [&](const ScenarioText& one) {
      return one.name == name;
    })) << name;
  }
}

}  // namespace
}  // namespace peerstore::simulator
