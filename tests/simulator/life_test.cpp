#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "../simulator/life.hpp"

namespace peerstore::simulator {
namespace {

LifeRates lively() {
  LifeRates rates;
  rates.sleepers = 0.7;
  rates.crashes = 0.5;
  rates.power_losses = 0.5;
  rates.stops = 0.5;
  rates.departures = 0.1;
  rates.losses = 0.5;
  rates.newcomers = 0.1;
  rates.second_machines = 0.3;
  return rates;
}

TEST(Life, RepeatsWithTheSeedAndChangesWithIt) {
  const auto starts = [](std::uint64_t seed) {
    std::vector<Duration> found;
    for (const MachineLife& machine : plan_life(50, 48h, lively(), seed).machines) {
      found.push_back(machine.joins_at);
      for (const LifeEvent& event : machine.events) found.push_back(event.at);
    }
    return found;
  };
  EXPECT_EQ(starts(1), starts(1));
  EXPECT_NE(starts(1), starts(2));
}

TEST(Life, LetsEverybodyJoinInTheFirstTenthAndNewcomersLater) {
  const LifePlan plan = plan_life(100, 48h, lively(), 3);
  EXPECT_EQ(plan.machines.size(), 120U);
  EXPECT_EQ(plan.machines.front().joins_at, 0h);
  const auto early =
      std::ranges::count_if(plan.machines, [](const auto& one) { return one.joins_at <= 4800min / 16; });
  EXPECT_EQ(early, 100);
  EXPECT_TRUE(std::ranges::is_sorted(plan.machines, {}, &MachineLife::joins_at));
}

TEST(Life, KeepsEventsInOrderWithinTheMachinesLife) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const LifePlan plan = plan_life(60, 72h, lively(), seed);
    for (const MachineLife& machine : plan.machines) {
      EXPECT_TRUE(std::ranges::is_sorted(machine.events, {}, &LifeEvent::at));
      for (const LifeEvent& event : machine.events) {
        EXPECT_GE(event.at, machine.joins_at);
        EXPECT_LT(event.at, plan.end);
        EXPECT_GT(event.away, 0s);
        const bool for_ever = event.kind == LifeKind::leave || event.kind == LifeKind::lose;
        if (for_ever) {
          EXPECT_EQ(&event, &machine.events.back());
        }
      }
    }
    const auto& founder = plan.machines.front().events;
    EXPECT_TRUE(std::ranges::none_of(founder, [](const auto& event) {
      return event.kind == LifeKind::leave || event.kind == LifeKind::lose;
    }));
  }
}

TEST(Life, SleepsAtNightInThreeTimeZones) {
  LifeRates only_sleep;
  only_sleep.sleepers = 1;
  const LifePlan plan = plan_life(300, 24h, only_sleep, 5);
  std::map<int, int> asleep_by_hour;
  for (int hour = 0; hour < 24; ++hour) {
    for (const MachineLife& machine : plan.machines) {
      for (const LifeEvent& event : machine.events) {
        const Duration now = std::chrono::hours(hour) + 30min;
        if (event.at <= now && now < event.at + event.away) ++asleep_by_hour[hour];
      }
    }
  }
  // At any hour some time zone is up and, after the first night, some is asleep.
  for (int hour = 8; hour < 24; ++hour) {
    EXPECT_GT(asleep_by_hour[hour], 30) << hour;
    EXPECT_LT(asleep_by_hour[hour], 270) << hour;
  }
}

TEST(Life, GivesSecondMachinesToThePersonBefore) {
  const LifePlan plan = plan_life(200, 24h, lively(), 8);
  int seconds = 0;
  for (std::size_t i = 1; i < plan.machines.size(); ++i) {
    const MachineLife& machine = plan.machines[i];
    const MachineLife& before = plan.machines[i - 1];
    if (machine.machine == 1) {
      ++seconds;
      EXPECT_EQ(machine.person, before.person);
      EXPECT_EQ(before.machine, 0U);
    } else {
      EXPECT_EQ(machine.person, before.person + 1);
    }
  }
  EXPECT_GT(seconds, 20);
}

TEST(Life, LeavesSomeKindsOutBySeed) {
  int without_crashes = 0;
  int without_sleep = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const LifeRates rates = draw_rates(seed);
    without_crashes += rates.crashes == 0 ? 1 : 0;
    without_sleep += rates.sleepers == 0 ? 1 : 0;
  }
  EXPECT_NEAR(without_crashes, 50, 25);
  EXPECT_NEAR(without_sleep, 30, 20);
}

}  // namespace
}  // namespace peerstore::simulator
