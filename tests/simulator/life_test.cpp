#include <gtest/gtest.h>
#include <simulator/life_plans.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace peerstore::simulator {
namespace {

constexpr Duration kDay = 24h;

bool is_away_at(const MachineLife& machine, Duration at) {
  return std::ranges::any_of(machine.events, [&](const LifeEvent& event) {
    return !is_for_ever(event) && event.at <= at && at < event.at + event.away;
  });
}

std::size_t count_of(const LifePlan& plan, LifeKind kind) {
  std::size_t count = 0;
  for (const MachineLife& machine : plan.machines) {
    count += static_cast<std::size_t>(std::ranges::count(machine.events, kind, &LifeEvent::kind));
  }
  return count;
}

// How long machines were up before they went away, and how long they were away, in hours, in order.
struct Lengths {
  std::vector<double> sessions;
  std::vector<double> absences;
};
Lengths lengths_of(const LifePlan& plan) {
  Lengths lengths;
  const auto hours = [](Duration length) {
    return std::chrono::duration<double, std::ratio<3600>>(length).count();
  };
  for (const MachineLife& machine : plan.machines) {
    Duration up = machine.joins_at;
    for (const LifeEvent& event : machine.events) {
      lengths.sessions.push_back(hours(event.at - up));
      lengths.absences.push_back(hours(event.away));
      up = event.at + event.away;
    }
  }
  std::ranges::sort(lengths.sessions);
  std::ranges::sort(lengths.absences);
  return lengths;
}
double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}
double median(const std::vector<double>& sorted) { return sorted[sorted.size() / 2]; }

LifeOptions sessions(LifeModel model, double shape = 0.5) {
  LifeOptions options;
  options.model = model;
  options.nodes = 200;
  options.shape = shape;
  options.session = 1h;
  options.absence = 30min;
  return options;
}

LifeOptions lively_laptops() {
  LifeOptions options;
  options.nodes = 60;
  options.joining = 5h;
  options.sleeps = 2;
  options.crashes = 2;
  options.power_losses = 0.5;
  options.stops = 1;
  options.moves = 1;
  options.holidays = 20;
  options.departures = 0.1;
  options.losses = 0.5;
  options.newcomers = 0.1;
  options.second_machines = 0.3;
  return options;
}

LifeOptions only_nights(unsigned time_zones) {
  LifeOptions options;
  options.nodes = 300;
  options.sleepers = 1;
  options.holidays = 0;
  options.time_zones = time_zones;
  return options;
}

double share_asleep(const LifePlan& plan, Duration at) {
  const auto asleep =
      std::ranges::count_if(plan.machines, [&](const auto& one) { return is_away_at(one, at); });
  return static_cast<double>(asleep) / static_cast<double>(plan.machines.size());
}

TEST(Life, RepeatsWithTheSeedAndChangesWithIt) {
  const LifeOptions options = lively_laptops();
  EXPECT_EQ(plan_of(options, 72h, 1).machines, plan_of(options, 72h, 1).machines);
  EXPECT_NE(plan_of(options, 72h, 1).machines, plan_of(options, 72h, 2).machines);
}

TEST(Life, CanBeFollowedEventByEvent) {
  std::vector<LifeOptions> all = {lively_laptops(), sessions(LifeModel::weibull)};
  for (LifeOptions& options : all) {
    options.departures = 0.1;
    options.losses = 0.5;
    using Upheaval = LifeOptions::Upheaval;
    options.upheavals = {{Upheaval::mass_sleep, 20h, 0.7, 3h},
                         {Upheaval::household_lost, 21h, 4, 1h},
                         {Upheaval::flash_join, 22h, 10, {}},
                         {Upheaval::shrink, 40h, 20, 10h}};
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const LifePlan plan = plan_of(options, 72h, seed);
      EXPECT_TRUE(std::ranges::is_sorted(plan.machines, {}, &MachineLife::joins_at));
      EXPECT_EQ(plan.machines.front().joins_at, 0h);
      for (const MachineLife& machine : plan.machines) {
        Duration back = machine.joins_at;
        for (const LifeEvent& event : machine.events) {
          EXPECT_GE(event.at, back);
          EXPECT_LT(event.at, plan.end);
          if (event.kind != LifeKind::leave) {
            EXPECT_GT(event.away, 0s);
          }
          if (is_for_ever(event)) {
            EXPECT_EQ(&event, &machine.events.back());
          }
          back = event.at + event.away;
        }
      }
    }
  }
}

TEST(Life, KeepsStableMachinesUpAndTheFounderForEver) {
  LifeOptions options = sessions(LifeModel::exponential);
  options.departures = 1;
  options.stable = 5;
  const LifePlan stable = plan_of(options, 72h);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(stable.machines[i].events.empty());
  EXPECT_FALSE(stable.machines[5].events.empty());

  options.stable = 0;
  options.joining = 10h;
  const LifePlan none = plan_of(options, 72h);
  const std::vector<LifeEvent>& founder = none.machines.front().events;
  ASSERT_FALSE(founder.empty());
  EXPECT_GT(founder.front().at, 10h);
  EXPECT_TRUE(std::ranges::none_of(founder, is_for_ever));
}

TEST(Life, IsCalmWhileTheRingGrows) {
  LifeOptions options = sessions(LifeModel::exponential);
  options.joining = 4h;
  options.calm = 5h;
  const LifePlan plan = plan_of(options, 24h);
  for (const MachineLife& machine : plan.machines) {
    if (!machine.events.empty()) {
      EXPECT_GT(machine.events.front().at, 5h);
    }
  }
}

TEST(Life, LetsMachinesJoinOneByOneAndNewcomersLater) {
  LifeOptions options = lively_laptops();
  options.nodes = 101;
  options.joining = 10h;
  const LifePlan plan = plan_of(options, 48h, 3);
  EXPECT_EQ(plan.machines.size(), 101U + 20U);
  for (std::size_t i = 1; i <= 100; ++i) {
    EXPECT_GE(plan.machines[i].joins_at, 6min * (i - 1));
    EXPECT_LE(plan.machines[i].joins_at, 6min * i);
  }
  EXPECT_GE(plan.machines[101].joins_at, 10h);
}

TEST(Life, LetsAllJoinAtOnceIfJoiningTakesNoTime) {
  LifeOptions options;
  options.nodes = 30;
  options.model = LifeModel::always_up;
  const LifePlan plan = plan_of(options, 1h);
  EXPECT_EQ(plan.machines.size(), 30U);
  for (const MachineLife& machine : plan.machines) {
    EXPECT_EQ(machine.joins_at, 0h);
    EXPECT_TRUE(machine.events.empty());
  }
}

TEST(Life, GivesSecondMachinesToThePersonBefore) {
  LifeOptions options = lively_laptops();
  options.nodes = 400;
  const LifePlan plan = plan_of(options, 24h, 8);
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
  const double persons = plan.machines.back().person + 1;
  EXPECT_NEAR(seconds / persons, 0.3, 0.06);
}

TEST(LifeInSessions, IsExponentialWithTheMeanThatIsAskedFor) {
  const Lengths lengths = lengths_of(plan_of(sessions(LifeModel::exponential), 300h));
  EXPECT_NEAR(mean(lengths.sessions), 1.0, 0.03);
  EXPECT_NEAR(median(lengths.sessions), 0.693, 0.03);
  EXPECT_NEAR(mean(lengths.absences), 0.5, 0.02);
}

// Weibull with shape 0.5: the median is 0.24 of the mean.
TEST(LifeInSessions, IsWeibullWithTheMeanThatIsAskedFor) {
  const Lengths lengths = lengths_of(plan_of(sessions(LifeModel::weibull), 2000h));
  EXPECT_NEAR(mean(lengths.sessions), 1.0, 0.05);
  EXPECT_NEAR(median(lengths.sessions), 0.240, 0.02);
  EXPECT_NEAR(mean(lengths.absences), 0.5, 0.03);
}

// Pareto with shape 1 as in p2psim: no mean, half of it the least.
TEST(LifeInSessions, IsParetoWithTheMedianThatIsAskedFor) {
  const Lengths lengths = lengths_of(plan_of(sessions(LifeModel::pareto, 1), 3000h));
  EXPECT_NEAR(median(lengths.sessions), 1.0, 0.05);
  EXPECT_NEAR(lengths.sessions.front(), 0.5, 0.001);
  EXPECT_NEAR(median(lengths.absences), 0.5, 0.03);
}

TEST(LifeInSessions, EndsByTheWeightsThatAreGiven) {
  LifeOptions options = sessions(LifeModel::exponential);
  options.sleeps = 4;
  options.crashes = 3;
  options.power_losses = 2;
  options.stops = 0;
  options.moves = 1;
  const LifePlan plan = plan_of(options, 300h);
  const auto all = static_cast<double>(lengths_of(plan).sessions.size());
  const auto share = [&](LifeKind kind) { return static_cast<double>(count_of(plan, kind)) / all; };
  EXPECT_NEAR(share(LifeKind::sleep), 0.4, 0.01);
  EXPECT_NEAR(share(LifeKind::crash), 0.3, 0.01);
  EXPECT_NEAR(share(LifeKind::power_loss), 0.2, 0.01);
  EXPECT_NEAR(share(LifeKind::move), 0.1, 0.01);
  EXPECT_EQ(count_of(plan, LifeKind::stop), 0U);
}

TEST(LifeInSessions, EndsInSleepIfNothingIsSaid) {
  const LifePlan plan = plan_of(sessions(LifeModel::exponential), 24h);
  EXPECT_GT(count_of(plan, LifeKind::sleep), 2000U);
  EXPECT_EQ(count_of(plan, LifeKind::sleep), lengths_of(plan).sessions.size());
}

TEST(LifeOfLaptops, IsAwakeByDayAndAsleepByNight) {
  const LifePlan plan = plan_of(only_nights(1), kDay * 7, 5);
  for (int day = 1; day < 7; ++day) {
    EXPECT_EQ(share_asleep(plan, kDay * day + 12h), 0) << day;
    EXPECT_EQ(share_asleep(plan, kDay * day + 22h), 0) << day;
    EXPECT_NEAR(share_asleep(plan, kDay * day + 4h), 1, 0.01) << day;  // all but the founder's
  }
}

TEST(LifeOfLaptops, SleepsAroundTheWorldInTurns) {
  const LifePlan plan = plan_of(only_nights(3), kDay * 2, 5);
  for (int hour = 8; hour < 48; ++hour) {
    const double asleep = share_asleep(plan, hour * 1h + 30min);
    EXPECT_GT(asleep, 0.2) << hour;
    EXPECT_LT(asleep, 0.8) << hour;
  }
}

// The fourth day is a Saturday.
TEST(LifeOfLaptops, StaysUpLateAndSleepsInAtWeekends) {
  const LifePlan plan = plan_of(only_nights(1), kDay * 14, 7);
  for (const int monday : {5, 12}) {
    const Duration thursday_night = kDay * (monday - 4) + 23h + 45min;
    const Duration friday_night = thursday_night + kDay;
    EXPECT_GT(share_asleep(plan, thursday_night), 0.9);
    EXPECT_EQ(share_asleep(plan, friday_night), 0);
    EXPECT_EQ(share_asleep(plan, friday_night + kDay), 0);
    EXPECT_GT(share_asleep(plan, friday_night + kDay * 2), 0.9);
    const Duration saturday_morning = kDay * (monday - 2) + 9h + 45min;
    EXPECT_EQ(share_asleep(plan, saturday_morning - kDay), 0);
    EXPECT_GT(share_asleep(plan, saturday_morning), 0.9);
    EXPECT_GT(share_asleep(plan, saturday_morning + kDay), 0.9);
    if (monday < 12) {
      EXPECT_EQ(share_asleep(plan, saturday_morning + kDay * 2), 0);
    }
  }
}

TEST(LifeOfLaptops, LeavesSomeOfThemOnAllNight) {
  LifeOptions options = only_nights(1);
  options.sleepers = 0.6;
  EXPECT_NEAR(share_asleep(plan_of(options, kDay * 2), kDay + 3h), 0.6, 0.06);
}

TEST(LifeOfLaptops, IsClosedForDaysOnHolidaysOfThePerson) {
  LifeOptions options = only_nights(1);
  options.holidays = 4;
  options.second_machines = 0.5;
  const LifePlan plan = plan_of(options, kDay * 365, 3);
  std::map<std::uint32_t, std::vector<int>> by_person;
  int holidays = 0;
  for (const MachineLife& machine : plan.machines) {
    int own = 0;
    for (const LifeEvent& event : machine.events) {
      if (event.away < kDay * 2) continue;
      ++own;
      EXPECT_LT(event.away, kDay * 30);  // two in a row at most
    }
    holidays += own;
    if (&machine != &plan.machines.front()) by_person[machine.person].push_back(own);
  }
  EXPECT_NEAR(holidays / 300.0, 4, 0.5);
  for (const auto& [person, own] : by_person) EXPECT_EQ(own.front(), own.back());
}

TEST(LifeOfLaptops, CrashesAndMovesAtTheRatesOfADay) {
  LifeOptions options;
  options.nodes = 200;
  options.sleepers = 0;
  options.crashes = 1;
  options.power_losses = 0.25;
  options.stops = 0.5;
  options.moves = 2;
  const LifePlan plan = plan_of(options, kDay * 20);
  const double machine_days = 200 * 20;
  // Somewhat fewer than asked for: whoever is away cannot fail.
  EXPECT_NEAR(static_cast<double>(count_of(plan, LifeKind::crash)) / machine_days, 0.70, 0.06);
  EXPECT_NEAR(static_cast<double>(count_of(plan, LifeKind::power_loss)) / machine_days, 0.23, 0.03);
  EXPECT_NEAR(static_cast<double>(count_of(plan, LifeKind::stop)) / machine_days, 0.45, 0.05);
  EXPECT_NEAR(static_cast<double>(count_of(plan, LifeKind::move)) / machine_days, 1.8, 0.15);
}

TEST(Life, LetsMachinesDepartAtTheRateOfADaySomeUnannounced) {
  LifeOptions options;
  options.model = LifeModel::always_up;
  options.nodes = 1000;
  options.departures = 0.02;
  options.losses = 0.3;
  const LifePlan plan = plan_of(options, kDay * 10);
  EXPECT_NEAR(static_cast<double>(count_of(plan, LifeKind::leave)), 1000 * 0.181 * 0.7, 25);
  EXPECT_NEAR(static_cast<double>(count_of(plan, LifeKind::lose)), 1000 * 0.181 * 0.3, 20);
}

// ---- upheavals ----

using Upheaval = LifeOptions::Upheaval;

LifeOptions with(Upheaval upheaval) {
  LifeOptions options;
  options.model = LifeModel::always_up;
  options.nodes = 40;
  options.upheavals = {upheaval};
  return options;
}

TEST(LifeUpheaval, PutsAShareToSleepAtOneMoment) {
  const LifePlan plan = plan_of(with({Upheaval::mass_sleep, 5h, 0.5, 2h}), 24h);
  EXPECT_EQ(share_asleep(plan, 5h - 1ms), 0);
  EXPECT_EQ(share_asleep(plan, 5h), 0.5);
  EXPECT_EQ(share_asleep(plan, 7h - 1ms), 0.5);
  EXPECT_EQ(share_asleep(plan, 7h), 0);
}

TEST(LifeUpheaval, MakesAnAbsenceLongerThatIsThereAlready) {
  LifeOptions options = only_nights(1);
  options.upheavals = {{Upheaval::mass_sleep, kDay + 4h, 1, 10h}};
  const LifePlan plan = plan_of(options, kDay * 2);
  for (const Duration at : {kDay + 3h, kDay + 9h + 45min, kDay + 14h - 1ms}) {
    EXPECT_GT(share_asleep(plan, at), 0.99);
  }
  EXPECT_EQ(share_asleep(plan, kDay + 14h), 0);
}

TEST(LifeUpheaval, LosesHouseholdsWithAllTheirMachines) {
  LifeOptions options = with({Upheaval::household_lost, 5h, 3, 2h});
  options.second_machines = 0.5;
  options.joining = 10h;  // some second machines would come later
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const LifePlan plan = plan_of(options, 24h, seed);
    std::set<std::uint32_t> struck;
    for (const MachineLife& machine : plan.machines) {
      if (machine.events.empty()) continue;
      EXPECT_EQ(machine.events.back(), (LifeEvent{5h, LifeKind::lose, 2h}));
      struck.insert(machine.person);
    }
    EXPECT_EQ(struck.size(), 3U);
    EXPECT_FALSE(struck.contains(0));
    for (const MachineLife& machine : plan.machines) {
      EXPECT_EQ(struck.contains(machine.person), !machine.events.empty());
    }
  }
}

TEST(LifeUpheaval, LosesAHouseholdEvenAsleep) {
  LifeOptions options = only_nights(1);
  options.upheavals = {{Upheaval::household_lost, kDay + 3h, 5, 1h}};
  const LifePlan plan = plan_of(options, kDay * 2);
  int lost = 0;
  for (const MachineLife& machine : plan.machines) {
    if (!is_gone_at(machine, kDay + 3h)) continue;
    ++lost;
    ASSERT_EQ(machine.events.size(), 2U);
    EXPECT_EQ(machine.events[0].at + machine.events[0].away, kDay + 3h);
  }
  EXPECT_EQ(lost, 5);
}

TEST(LifeUpheaval, ShrinksTheRingToTheCountOneAfterAnother) {
  LifeOptions options = lively_laptops();
  options.upheavals = {{Upheaval::shrink, 30h, 2, 20h}};
  options.stable = 2;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const LifePlan plan = plan_of(options, 72h, seed);
    EXPECT_GT(present_at(plan, 30h - 1ms), 30U);
    EXPECT_GT(present_at(plan, 40h), 10U);
    EXPECT_EQ(present_at(plan, 50h), 2U);
    EXPECT_EQ(present_at(plan, 72h), 2U);
    std::set<Duration> departures;
    for (const MachineLife& machine : plan.machines) {
      if (is_gone_at(machine, 72h) && machine.events.back().at >= 30h)
        departures.insert(machine.events.back().at);
    }
    EXPECT_EQ(departures.size(), present_at(plan, 30h - 1ms) - 2U);
  }
}

TEST(LifeUpheaval, ShrinksBeforeTheEndHoweverLittleTimeThereIs) {
  LifeOptions options = with({Upheaval::shrink, 50min, 3, 0s});
  EXPECT_EQ(present_at(plan_of(options, 1h), 1h), 3U);
  options.upheavals.front().at = 10h;  // with time enough, half an hour each
  const LifePlan slow = plan_of(options, 100h);
  EXPECT_EQ(present_at(slow, 10h + 30min * 36), 3U);
  EXPECT_EQ(present_at(slow, 10h + 30min * 36 - 1ms), 4U);
}

TEST(LifeUpheaval, LetsNewMachinesJoinAtOnce) {
  LifeOptions options = with({Upheaval::flash_join, 5h, 25, 0s});
  const LifePlan plan = plan_of(options, 24h);
  EXPECT_EQ(present_at(plan, 5h - 1ms), 40U);
  EXPECT_EQ(present_at(plan, 5h), 65U);
  EXPECT_EQ(plan.machines.back().person, 64U);
}

TEST(LifeUpheaval, MustBePossible) {
  EXPECT_NE(error_of(with({Upheaval::mass_sleep, 5h, 1.5, 1h})), "");
  EXPECT_NE(error_of(with({Upheaval::mass_sleep, 25h, 0.5, 1h})), "");
  EXPECT_NE(error_of(with({Upheaval::shrink, 5h, 0, 1h})), "");
  LifeOptions options = with({Upheaval::shrink, 5h, 3, 1h});
  options.stable = 4;
  EXPECT_NE(error_of(options), "");
}

TEST(Life, SaysWhichOptionCannotBe) {
  const auto error = [](void (*change)(LifeOptions&)) {
    LifeOptions options;
    change(options);
    return error_of(options);
  };
  const auto names = [](const std::string& text, const char* option) {
    return text.find(option) != std::string::npos;
  };
  EXPECT_EQ(error([](LifeOptions&) {}), "");
  EXPECT_TRUE(names(error([](LifeOptions& options) { options.nodes = 0; }), "nodes"));
  EXPECT_TRUE(names(error([](LifeOptions& options) { options.joining = 25h; }), "joining"));
  EXPECT_TRUE(names(error([](LifeOptions& options) { options.losses = 1.5; }), "losses"));
  EXPECT_TRUE(names(error([](LifeOptions& options) { options.time_zones = 0; }), "time_zones"));
  EXPECT_TRUE(names(error([](LifeOptions& options) { options.closes = 25h; }), "closes"));
  EXPECT_TRUE(names(error([](LifeOptions& options) { options.newcomers = 1e6; }), "newcomers"));
  EXPECT_TRUE(names(error([](LifeOptions& options) {
                      options.model = LifeModel::pareto;
                      options.shape = 0;
                    }),
                    "shape"));
  EXPECT_TRUE(names(error([](LifeOptions& options) {
                      options.model = LifeModel::exponential;
                      options.session = 10ms;
                    }),
                    "session"));
}

TEST(Life, LeavesSomeKindsOutBySeed) {
  int without_crashes = 0;
  int without_sleepers = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    LifeOptions options = lively_laptops();
    vary(options, seed);
    without_crashes += options.crashes == 0 ? 1 : 0;
    without_sleepers += options.sleepers == 0 ? 1 : 0;
    EXPECT_EQ(error_of(options), "");
  }
  EXPECT_NEAR(without_crashes, 50, 25);
  EXPECT_NEAR(without_sleepers, 30, 20);
}

TEST(Life, NeverLeavesOutTheOnlyEndOfSessions) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    LifeOptions options = sessions(LifeModel::exponential);
    options.crashes = 1;
    vary(options, seed);
    EXPECT_GT(options.crashes, 0);
  }
}

}  // namespace
}  // namespace peerstore::simulator
