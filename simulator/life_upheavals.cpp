#include "life_upheavals.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace peerstore::simulator {

namespace {

using Upheaval = LifeOptions::Upheaval;

constexpr Duration kBetweenDepartures = 30min;

bool is_gone(const MachineLife& machine, Duration at) {
  return !machine.events.empty() && is_for_ever(machine.events.back().kind) && machine.events.back().at <= at;
}

class Striker {
 public:
  Striker(Random& random, const LifeOptions& options, LifePlan& plan)
      : random_(random), options_(options), plan_(plan) {}

  void strike(const Upheaval& upheaval) {
    switch (upheaval.kind) {
      case Upheaval::mass_sleep: fall_asleep(upheaval); break;
      case Upheaval::household_lost: lose_households(upheaval); break;
      case Upheaval::shrink: shrink(upheaval); break;
      case Upheaval::flash_join: break;
    }
  }

 private:
  // By their place in the plan.
  std::vector<std::size_t> present(Duration at) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < plan_.machines.size(); ++i) {
      const MachineLife& machine = plan_.machines[i];
      if (machine.joins_at <= at && !is_gone(machine, at)) found.push_back(i);
    }
    return found;
  }

  template <class T>
  void shuffle(std::vector<T>& things) {
    for (std::size_t left = things.size(); left > 1; --left) {
      const std::uint64_t chosen = random_.below(left);
      std::swap(things[left - 1], things[chosen]);
    }
  }

  void add(std::size_t machine, const LifeEvent& event) {
    std::vector<LifeEvent>& events = plan_.machines[machine].events;
    if (is_for_ever(event.kind)) {
      std::erase_if(events, [&](const LifeEvent& other) { return other.at >= event.at; });
    }
    events.push_back(event);
    tell_in_order(events);
  }

  void fall_asleep(const Upheaval& upheaval) {
    std::vector<std::size_t> machines = present(upheaval.at);
    std::erase_if(machines, [this](std::size_t machine) { return machine < options_.stable; });
    const double share = upheaval.share_or_count * static_cast<double>(machines.size());
    shuffle(machines);
    machines.resize(static_cast<std::size_t>(std::lround(share)));
    const Duration away = upheaval.lasts > 0s ? upheaval.lasts : kUpheaval;
    for (const std::size_t machine : machines) add(machine, {upheaval.at, LifeKind::sleep, away});
  }

  // As many as there are, if there are fewer.
  void lose_households(const Upheaval& upheaval) {
    std::set<std::uint32_t> spared;
    for (std::size_t i = 0; i < std::max(options_.stable, 1U) && i < plan_.machines.size(); ++i) {
      spared.insert(plan_.machines[i].person);
    }
    std::set<std::uint32_t> at_home;
    for (const std::size_t machine : present(upheaval.at)) at_home.insert(plan_.machines[machine].person);
    std::vector<std::uint32_t> persons;
    std::ranges::set_difference(at_home, spared, std::back_inserter(persons));
    shuffle(persons);
    const auto count = static_cast<std::size_t>(upheaval.share_or_count);
    persons.resize(std::min(persons.size(), count));
    const std::set<std::uint32_t> struck(persons.begin(), persons.end());

    const Duration announced = upheaval.lasts > 0s ? upheaval.lasts : kUpheaval;
    for (const std::size_t machine : present(upheaval.at)) {
      if (!struck.contains(plan_.machines[machine].person)) continue;
      add(machine, {upheaval.at, LifeKind::lose, announced});
    }
    // Who has lost everything does not come with a second machine later.
    std::erase_if(plan_.machines, [&](const MachineLife& machine) {
      return struck.contains(machine.person) && machine.joins_at > upheaval.at;
    });
  }

  void shrink(const Upheaval& upheaval) {
    std::vector<std::size_t> machines = present(upheaval.at);
    const auto remain = static_cast<std::size_t>(upheaval.share_or_count);
    if (machines.size() <= remain) return;
    const std::size_t leaving = machines.size() - remain;
    std::erase_if(machines, [this](std::size_t machine) { return machine < std::max(options_.stable, 1U); });
    shuffle(machines);
    const auto count = static_cast<Duration::rep>(leaving);
    const Duration wished = upheaval.lasts > 0s ? upheaval.lasts : kBetweenDepartures * count;
    const Duration within = std::min(wished, (plan_.end - upheaval.at) * 9 / 10);
    for (std::size_t i = 0; i < leaving; ++i) {
      const Duration after = within / count * static_cast<Duration::rep>(i);
      add(machines[i], {upheaval.at + after, LifeKind::leave, 0s});
    }
  }

  Random& random_;
  const LifeOptions& options_;
  LifePlan& plan_;
};

// Those of one moment as they were given.
std::multimap<Duration, Upheaval> in_order(const std::vector<Upheaval>& upheavals) {
  std::multimap<Duration, Upheaval> ordered;
  for (const Upheaval& upheaval : upheavals) ordered.emplace(upheaval.at, upheaval);
  return ordered;
}

}  // namespace

std::optional<Error> flaw_of_upheavals(const LifeOptions& options, Duration end) {
  for (const Upheaval& upheaval : options.upheavals) {
    const double many = upheaval.share_or_count;
    const bool is_share = upheaval.kind == Upheaval::mass_sleep;
    const bool is_good = is_share ? many > 0 && many <= 1 : many >= 1 && many <= 1e6;
    if (!is_good) {
      return fail(Errc::invalid, is_share
                                     ? "upheaval: the share that sleeps must be more than 0 and at most 1"
                                     : "upheaval: the count must be at least 1");
    }
    if (upheaval.at < 0s || upheaval.at >= end || upheaval.lasts < 0s || upheaval.lasts > kDay * 1000) {
      return fail(Errc::invalid,
                  "upheaval: must begin before the end of the run, and last 1000 days at most");
    }
    if (upheaval.kind == Upheaval::shrink && many < options.stable) {
      return fail(Errc::invalid, "upheaval: the ring cannot shrink to fewer machines than are stable");
    }
  }
  return std::nullopt;
}

std::vector<Duration> flash_joins(const LifeOptions& options) {
  std::vector<Duration> joins;
  for (const Upheaval& upheaval : options.upheavals) {
    if (upheaval.kind != Upheaval::flash_join) continue;
    joins.insert(joins.end(), static_cast<std::size_t>(upheaval.share_or_count), upheaval.at);
  }
  return joins;
}

std::optional<Duration> shrinks_at(const LifeOptions& options) {
  for (const auto& [at, upheaval] : in_order(options.upheavals)) {
    if (upheaval.kind == Upheaval::shrink) return at;
  }
  return std::nullopt;
}

void add_upheavals(Random& random, const LifeOptions& options, LifePlan& plan) {
  Striker striker(random, options, plan);
  for (const auto& [at, upheaval] : in_order(options.upheavals)) striker.strike(upheaval);
}

}  // namespace peerstore::simulator
