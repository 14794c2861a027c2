#include <gtest/gtest.h>
#include <simulator/life_plans.hpp>

#include <algorithm>
#include <string>

namespace peerstore::simulator {
namespace {

using Upheaval = LifeOptions::Upheaval;

LifeOptions trace(std::string text) {
  LifeOptions options;
  options.model = LifeModel::trace;
  options.trace = std::move(text);
  return options;
}

TEST(LifeTrace, IsToldAsItIsWritten) {
  const LifePlan plan = plan_of(trace("# laptops of a summer\n"
                                      "ann 0 up\n"
                                      "bob 30.5 up   # late\r\n"
                                      "\n"
                                      "ann 60 sleep\n"
                                      "bob 70 crash\n"
                                      "ann 90 up\n"
                                      "bob 71 up\n"
                                      "ann 100 move\n"
                                      "bob\t80\tdown\n"
                                      "ann 101.25 up\n"
                                      "bob 85 up\n"
                                      "bob 90 lose\n"
                                      "carl 5000 up"),
                                200s);
  ASSERT_EQ(plan.machines.size(), 2U);
  EXPECT_EQ(plan.machines[0].joins_at, 0s);
  EXPECT_EQ(plan.machines[0].events,
            (std::vector<LifeEvent>{{60s, LifeKind::sleep, 30s}, {100s, LifeKind::move, 1250ms}}));
  EXPECT_EQ(plan.machines[1].joins_at, 30500ms);
  EXPECT_EQ(plan.machines[1].person, 1U);
  EXPECT_EQ(plan.machines[1].events,
            (std::vector<LifeEvent>{
                {70s, LifeKind::crash, 1s}, {80s, LifeKind::stop, 5s}, {90s, LifeKind::lose, 110s}}));
}

TEST(LifeTrace, IsOrderedByJoining) {
  const LifePlan plan = plan_of(trace("b 20 up\nc 10 up\na 20 up\nc 15 sleep\n"), 60s);
  ASSERT_EQ(plan.machines.size(), 3U);
  EXPECT_EQ(plan.machines[0].events.front().away, 45s);  // to the end
  EXPECT_EQ(plan.machines[2].joins_at, 20s);
}

TEST(LifeTrace, TakesUpheavalsOnTop) {
  LifeOptions options = trace("a 0 up\nb 10 up\nc 20 up\n");
  options.upheavals = {{Upheaval::flash_join, 15s, 2, 0s}, {Upheaval::shrink, 30s, 1, 10s}};
  const LifePlan plan = plan_of(options, 60s);
  EXPECT_EQ(plan.machines.size(), 5U);
  EXPECT_TRUE(std::ranges::is_sorted(plan.machines, {}, &MachineLife::joins_at));
  EXPECT_EQ(present_at(plan, 60s), 1U);
}

TEST(LifeTrace, NamesTheLineThatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"a 0 up\na 5 jumps\n", "line 2: 'jumps' is not one of: up, down, sleep"},
      {"a 0 up\na 5\n", "line 2: is not of the form"},
      {"a 0 up now\n", "line 1: is not of the form"},
      {"a zero up\n", "line 1: 'zero' is not a time"},
      {"a -1 up\n", "line 1: '-1' is not a time"},
      {"a nan up\n", "line 1: 'nan' is not a time"},
      {"a 1s up\n", "line 1: '1s' is not a time"},
      {"\n# nothing\na 5 crash\n", "line 3: 'a' was never up"},
      {"a 0 up\na 1 up\n", "line 2: 'a' is up already"},
      {"a 0 up\na 1 sleep\na 2 crash\n", "line 3: 'a' is away already"},
      {"a 5 up\na 4 sleep\n", "line 2: 'a' was up later"},
      {"a 5 up\na 6 sleep\na 6 up", "line 3: 'a' went away later"},
      {"f 0 up\na 5 up\na 6 leave\na 7 up\n", "line 4: 'a' is gone for good"},
      {"a 0 up\na 5 leave\n", "founds the ring"},
      {"", "no machine is up"},
  };
  for (const auto& [text, what] : cases) {
    const std::string error = error_of(trace(text));
    EXPECT_NE(error.find(what), std::string::npos) << text << " gave: " << error;
  }
}

}  // namespace
}  // namespace peerstore::simulator
