#include "life.hpp"

#include <peerstore/runtime/random.hpp>

#include <algorithm>
#include <cmath>

namespace peerstore::simulator {

namespace {

constexpr Duration kDay = 24h;
constexpr Duration kTimeZones[] = {0h, 8h, 16h};

double between(Random& random, double least, double most) { return least + random.unit() * (most - least); }
Duration between(Random& random, Duration least, Duration most) {
  return least +
         Duration(static_cast<Duration::rep>(random.unit() * static_cast<double>((most - least).count())));
}
double sometimes(Random& random, double chance, double least, double most) {
  const bool happens = random.unit() < chance;
  const double rate = between(random, least, most);
  return happens ? rate : 0;
}
// The waiting time until the next event of a Poisson process.
Duration next_after(Random& random, double per_day) {
  const double days = -std::log(1 - random.unit()) / per_day;
  return Duration(static_cast<Duration::rep>(std::min(days, 1e4) * static_cast<double>(kDay.count())));
}

struct Span {
  Duration begin;
  Duration end;
};

// Bed time about 23:00, up about 7:00, local time; each night a little different.
void add_nights(Random& random, Duration zone, Span life, std::vector<LifeEvent>& events) {
  for (Duration midnight = zone - kDay; midnight < life.end; midnight += kDay) {
    const Duration to_bed = midnight + between(random, -3h, 1h);
    const Duration up_again = midnight + between(random, 5h, 9h);
    if (to_bed > life.begin && to_bed < life.end) {
      events.push_back({to_bed, LifeKind::sleep, up_again - to_bed});
    }
  }
}

void add_crashes(Random& random, const LifeRates& rates, Span life, std::vector<LifeEvent>& events) {
  if (rates.crashes <= 0) return;
  for (Duration at = life.begin + next_after(random, rates.crashes); at < life.end;
       at += next_after(random, rates.crashes)) {
    const bool loses_power = random.unit() < rates.power_losses;
    const Duration away = between(random, 20s, 1h);
    events.push_back({at, loses_power ? LifeKind::power_loss : LifeKind::crash, away});
  }
}

void add_stops(Random& random, const LifeRates& rates, Span life, std::vector<LifeEvent>& events) {
  if (rates.stops <= 0) return;
  for (Duration at = life.begin + next_after(random, rates.stops); at < life.end;
       at += next_after(random, rates.stops)) {
    events.push_back({at, LifeKind::stop, between(random, 5min, 6h)});
  }
}

MachineLife plan_machine(Random& random, const LifeRates& rates, Duration zone, Span life, bool may_leave) {
  MachineLife machine;
  machine.joins_at = life.begin;
  const bool sleeps = random.unit() < rates.sleepers;
  if (may_leave && rates.departures > 0) {
    const Duration leaves_at = life.begin + next_after(random, rates.departures);
    const bool lost = random.unit() < rates.losses;
    const Duration announced = between(random, 10min, 6h);
    if (leaves_at < life.end) {
      machine.events.push_back({leaves_at, lost ? LifeKind::lose : LifeKind::leave, announced});
      life.end = leaves_at;
    }
  }
  if (sleeps) add_nights(random, zone, life, machine.events);
  add_crashes(random, rates, life, machine.events);
  add_stops(random, rates, life, machine.events);
  std::ranges::sort(machine.events, {}, &LifeEvent::at);
  return machine;
}

}  // namespace

LifeRates draw_rates(std::uint64_t seed) {
  SeededRandom random(seed ^ 0x6c69666572617465);
  LifeRates rates;
  rates.sleepers = sometimes(random, 0.85, 0.2, 0.9);
  rates.crashes = sometimes(random, 0.75, 0.05, 1.0);
  rates.power_losses = sometimes(random, 0.75, 0.1, 1.0);
  rates.stops = sometimes(random, 0.75, 0.05, 1.0);
  rates.departures = sometimes(random, 0.75, 0.005, 0.05);
  rates.losses = sometimes(random, 0.75, 0.1, 0.9);
  rates.newcomers = sometimes(random, 0.75, 0.005, 0.06);
  rates.second_machines = sometimes(random, 0.75, 0.05, 0.4);
  return rates;
}

LifePlan plan_life(unsigned nodes, Duration duration, const LifeRates& rates, std::uint64_t seed) {
  SeededRandom random(seed ^ 0x6c696665706c616e);
  const Duration growth = duration / 10;
  const double days = static_cast<double>(duration.count()) / static_cast<double>(kDay.count());
  const auto newcomers = static_cast<unsigned>(std::lround(rates.newcomers * nodes * days));

  std::vector<Duration> joins(1, Duration::zero());
  for (unsigned i = 1; i < nodes; ++i) joins.push_back(between(random, 0h, growth));
  for (unsigned i = 0; i < newcomers; ++i) joins.push_back(between(random, growth, duration * 9 / 10));
  std::ranges::sort(joins);

  LifePlan plan;
  plan.end = duration;
  std::uint32_t persons = 0;
  Duration zone{};
  for (const Duration joins_at : joins) {
    const bool second =
        !plan.machines.empty() && plan.machines.back().machine == 0 && random.unit() < rates.second_machines;
    if (!second) zone = kTimeZones[random.below(std::size(kTimeZones))];
    const Span life{joins_at, duration};
    MachineLife machine = plan_machine(random, rates, zone, life, !plan.machines.empty());
    machine.person = second ? persons - 1 : persons++;
    machine.machine = second ? 1 : 0;
    plan.machines.push_back(std::move(machine));
  }
  return plan;
}

}  // namespace peerstore::simulator
