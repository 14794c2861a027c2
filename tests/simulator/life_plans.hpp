// Plans of lives, and what can be asked of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "../simulator/life.hpp"

namespace peerstore::simulator {

inline LifePlan plan_of(const LifeOptions& options, Duration duration, std::uint64_t seed = 1) {
  const Result<LifePlan> plan = plan_life(options, duration, seed);
  EXPECT_TRUE(plan) << plan.error().message();
  return plan ? *plan : LifePlan{};
}

inline std::string error_of(const LifeOptions& options, Duration duration = 24h) {
  const Result<LifePlan> plan = plan_life(options, duration, 1);
  return plan ? "" : plan.error().message();
}

inline bool is_for_ever(const LifeEvent& event) {
  return event.kind == LifeKind::leave || event.kind == LifeKind::lose;
}

inline bool is_gone_at(const MachineLife& machine, Duration at) {
  return !machine.events.empty() && is_for_ever(machine.events.back()) && machine.events.back().at <= at;
}

inline std::size_t present_at(const LifePlan& plan, Duration at) {
  return static_cast<std::size_t>(std::ranges::count_if(
      plan.machines, [&](const auto& one) { return one.joins_at <= at && !is_gone_at(one, at); }));
}

}  // namespace peerstore::simulator
