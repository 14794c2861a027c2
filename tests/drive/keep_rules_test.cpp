#include <gtest/gtest.h>
#include <drive/keep_rules.hpp>
#include <peerstore/drive/drive.hpp>

#include <set>
#include <string>
#include <vector>

namespace peerstore::drive {
namespace {

Snapshot taken(std::int64_t day, std::int64_t hour, std::uint32_t machine = 0) {
  Snapshot snapshot;
  snapshot.taken_ns = (day * 24 + hour) * 3'600'000'000'000;
  snapshot.id = std::to_string(machine) + "-" + std::to_string(day) + "-" + std::to_string(hour);
  snapshot.machine = machine;
  snapshot.roots = {"t"};
  return snapshot;
}

TEST(KeepRules, KeepTheNewestOfEachPeriod) {
  std::vector<Snapshot> all;
  for (std::int64_t day = 0; day < 30; ++day) {
    all.push_back(taken(day, 9));
    all.push_back(taken(day, 18));
  }
  KeepRules rules;
  rules.last = 1;
  EXPECT_EQ(kept_by(rules, all), (std::set<std::string>{"0-29-18"}));
  rules = {};
  rules.daily = 3;
  EXPECT_EQ(kept_by(rules, all), (std::set<std::string>{"0-27-18", "0-28-18", "0-29-18"}));
  // 1970-01-30 was a Friday: its week began on the 26th, day 25.
  rules = {};
  rules.weekly = 2;
  EXPECT_EQ(kept_by(rules, all), (std::set<std::string>{"0-24-18", "0-29-18"}));
  rules = {};
  rules.monthly = 5;
  EXPECT_EQ(kept_by(rules, all), (std::set<std::string>{"0-29-18"}));
  rules = {};
  rules.yearly = 2;
  all.push_back(taken(-1, 3));
  EXPECT_EQ(kept_by(rules, all), (std::set<std::string>{"0--1-3", "0-29-18"}));
}

TEST(KeepRules, DaysBeginWhereThePersonIs) {
  const std::vector<Snapshot> all = {taken(3, 20), taken(3, 23), taken(4, 1)};
  KeepRules rules;
  rules.daily = 9;
  EXPECT_EQ(kept_by(rules, all).size(), 2u);
  rules.utc_offset_seconds = 2 * 3600;
  EXPECT_EQ(kept_by(rules, all), (std::set<std::string>{"0-3-20", "0-4-1"}));
}

TEST(KeepRules, EachMachineAndSetOfPathsIsForItself) {
  std::vector<Snapshot> all = {taken(1, 1), taken(2, 1), taken(1, 1, 1)};
  all.push_back(taken(1, 2));
  all.back().roots = {"other"};
  KeepRules rules;
  rules.last = 1;
  EXPECT_EQ(kept_by(rules, all), (std::set<std::string>{"0-2-1", "1-1-1", "0-1-2"}));
}

}  // namespace
}  // namespace peerstore::drive
