#include "life.hpp"

#include "life_models.hpp"
#include "life_trace.hpp"
#include "life_upheavals.hpp"

#include <algorithm>
#include <cmath>

namespace peerstore::simulator {

namespace {

constexpr std::uint64_t kMachinesMax = 1'000'000;
constexpr Duration kDurationMax = kDay * 3650;

// Each machine has dice of its own, so that one more machine does not change the lives of the others.
std::uint64_t dice_of(std::uint64_t seed, std::uint64_t index) {
  return (seed ^ 0x6c696665706c616e) + index * 0x9e3779b97f4a7c15;
}

double days_of(Duration duration) {
  return static_cast<double>(duration.count()) / static_cast<double>(kDay.count());
}

bool is_in_sessions(LifeModel model) {
  return model == LifeModel::exponential || model == LifeModel::pareto || model == LifeModel::weibull;
}

std::optional<Error> flaw_of_sessions(const LifeOptions& options) {
  const auto good_length = [](Duration length) { return length >= 1s && length <= kDurationMax; };
  if (!good_length(options.session)) return fail(Errc::invalid, "session: must last a second at least");
  if (!good_length(options.absence)) return fail(Errc::invalid, "absence: must last a second at least");
  const bool has_shape = options.model != LifeModel::exponential;
  if (has_shape && !(options.shape >= 0.05 && options.shape <= 100)) {
    return fail(Errc::invalid, "shape: must be from 0.05 to 100");
  }
  return std::nullopt;
}

std::optional<Error> flaw_of_laptops(const LifeOptions& options) {
  const bool may_sleep = options.opens >= 1h && options.closes <= 24h &&
                         options.closes - options.opens >= 2h && options.closes - options.opens <= 22h;
  if (!may_sleep) {
    return fail(Errc::invalid, "opens, closes: lids must be open for 2 to 22 hours between 1:00 and 24:00");
  }
  if (options.time_zones < 1 || options.time_zones > 24) {
    return fail(Errc::invalid, "time_zones: must be from 1 to 24");
  }
  if (options.power_losses > 1) {
    return fail(Errc::invalid, "power_losses: of laptops it is the share of the crashes, 1 at most");
  }
  return std::nullopt;
}

std::optional<Error> flaw_of(const LifeOptions& options, Duration duration) {
  if (duration <= 0s || duration > kDurationMax) {
    return fail(Errc::invalid, "a run must last longer than nothing, and ten years at most");
  }
  if (options.nodes == 0) return fail(Errc::invalid, "nodes: there must be one at least");
  if (options.joining < 0s || options.joining > duration) {
    return fail(Errc::invalid, "joining: must end before the run does");
  }
  if (options.calm < 0s) return fail(Errc::invalid, "calm: must not be negative");
  for (const double share : {options.second_machines, options.sleepers, options.losses, options.drains}) {
    if (!(share >= 0 && share <= 1)) {
      return fail(Errc::invalid, "second_machines, sleepers, losses, drains: must be shares from 0 to 1");
    }
  }
  for (const double rate : {options.sleeps, options.crashes, options.power_losses, options.stops,
                            options.moves, options.departures, options.newcomers, options.holidays}) {
    if (!(rate >= 0 && rate <= 1e9)) return fail(Errc::invalid, "rates and weights must not be negative");
  }
  const double machines = options.nodes * (1 + options.newcomers * days_of(duration));
  if (machines > static_cast<double>(kMachinesMax)) {
    return fail(Errc::invalid, "nodes, newcomers: that is more than a million machines");
  }
  if (is_in_sessions(options.model)) {
    if (auto flaw = flaw_of_sessions(options)) return flaw;
  }
  if (options.model == LifeModel::laptop) {
    if (auto flaw = flaw_of_laptops(options)) return flaw;
  }
  return flaw_of_upheavals(options, duration);
}

// In order; the founder's is the first.
std::vector<Duration> draw_joins(Random& random, const LifeOptions& options, Duration duration) {
  std::vector<Duration> joins(1, Duration::zero());
  const Duration apart = options.nodes > 1 ? options.joining / (options.nodes - 1) : 0h;
  for (unsigned i = 1; i < options.nodes; ++i) joins.push_back(between(random, apart * (i - 1), apart * i));

  const Duration first = std::max(options.joining, options.calm);
  const Duration last = std::min(duration * 9 / 10, shrinks_at(options).value_or(duration));
  const long newcomers = std::lround(options.newcomers * options.nodes * days_of(duration));
  for (long i = 0; i < newcomers && first < last; ++i) joins.push_back(between(random, first, last));
  for (const Duration at : flash_joins(options)) joins.push_back(at);
  std::ranges::sort(joins);
  return joins;
}

std::vector<LifeEvent> draw_life(Random& random, const LifeOptions& options, const Household& household,
                                 Span life, bool may_depart) {
  std::vector<LifeEvent> departure;
  if (may_depart) {
    const Duration at = life.begin + next_after(random, options.departures);
    const bool is_lost = random.unit() < options.losses;
    const Duration announced = between(random, 10min, 6h);
    if (at < std::min(life.end, shrinks_at(options).value_or(life.end))) {
      const bool is_drained = !is_lost && options.drains > 0 && random.unit() < options.drains;
      const LifeKind kind = is_lost ? LifeKind::lose : is_drained ? LifeKind::drain : LifeKind::leave;
      departure.push_back({at, kind, is_lost ? announced : 0h});
      life.end = at;
    }
  }
  std::vector<LifeEvent> events = ordinary_life(random, options, household, life);
  events.insert(events.end(), departure.begin(), departure.end());
  tell_in_order(events);
  return events;
}

LifePlan draw_plan(const LifeOptions& options, Duration duration, std::uint64_t seed) {
  SeededRandom dice_of_joins(dice_of(seed, 0));
  const std::vector<Duration> joins = draw_joins(dice_of_joins, options, duration);
  LifePlan plan;
  plan.end = duration;
  Household household;
  std::uint32_t persons = 0;
  for (const Duration joins_at : joins) {
    const std::size_t index = plan.machines.size();
    SeededRandom random(dice_of(seed, index + 1));
    const bool draws_second = random.unit() < options.second_machines;
    const bool is_second = index > 0 && plan.machines.back().machine == 0 && draws_second;
    if (!is_second) household = draw_household(random, options, duration);

    MachineLife& machine = plan.machines.emplace_back();
    machine.person = is_second ? persons - 1 : persons++;
    machine.machine = is_second ? 1 : 0;
    machine.joins_at = joins_at;
    if (index < options.stable) continue;
    const bool is_founder = index == 0;
    const Duration begins = std::max(is_founder ? options.joining : joins_at, options.calm);
    machine.events = draw_life(random, options, household, {begins, duration}, !is_founder);
  }
  return plan;
}

// With this chance the rate is changed up to tenfold down and twofold up; else it is zero.
void vary_rate(Random& random, double chance, double& rate, double most = 1e9) {
  const bool happens = random.unit() < chance;
  const double factor = between(random, 0.1, 2);
  rate = happens ? std::min(rate * factor, most) : 0;
}

}  // namespace

std::string_view name_of(LifeKind kind) {
  switch (kind) {
    case LifeKind::sleep: return "falls asleep";
    case LifeKind::crash: return "crashes";
    case LifeKind::power_loss: return "loses power";
    case LifeKind::stop: return "stops";
    case LifeKind::move: return "falls asleep and is moved";
    case LifeKind::leave: return "leaves for good";
    case LifeKind::drain: return "is emptied, to leave for good";
    case LifeKind::lose: return "is lost with its disk";
  }
  return "?";
}

Result<LifePlan> plan_life(const LifeOptions& options, Duration duration, std::uint64_t seed) {
  if (auto flaw = flaw_of(options, duration)) return flaw->in("life");
  Result<LifePlan> plan = options.model == LifeModel::trace ? plan_of_trace(options, duration)
                                                            : draw_plan(options, duration, seed);
  if (!plan) return plan.error_in("life");
  SeededRandom random(dice_of(seed, kMachinesMax + 1));
  add_upheavals(random, options, *plan);
  return plan;
}

void vary(LifeOptions& options, std::uint64_t seed) {
  SeededRandom random(seed ^ 0x6c69666572617465);
  const LifeOptions before = options;
  const double share = 1;
  const bool is_laptop = options.model == LifeModel::laptop;
  vary_rate(random, 0.85, options.sleepers, share);
  vary_rate(random, 0.75, options.holidays);
  vary_rate(random, 0.75, options.sleeps);
  vary_rate(random, 0.75, options.crashes);
  vary_rate(random, 0.75, options.power_losses, is_laptop ? share : 1e9);
  vary_rate(random, 0.75, options.stops);
  vary_rate(random, 0.75, options.moves);
  vary_rate(random, 0.75, options.departures);
  vary_rate(random, 0.75, options.losses, share);
  vary_rate(random, 0.75, options.newcomers);
  vary_rate(random, 0.75, options.second_machines, share);
  const double endings =
      options.sleeps + options.crashes + options.power_losses + options.stops + options.moves;
  if (is_laptop || endings > 0) return;
  options.sleeps = before.sleeps;  // a session must end somehow
  options.crashes = before.crashes;
  options.power_losses = before.power_losses;
  options.stops = before.stops;
  options.moves = before.moves;
}

}  // namespace peerstore::simulator
