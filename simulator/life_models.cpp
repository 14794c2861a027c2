#include "life_models.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace peerstore::simulator {

namespace {

constexpr Duration kForEver = kDay * 10'000;
constexpr Duration kShortest = 1s;  // session, absence, or time between two events of a kind
constexpr Duration kWeekend = 90min;
constexpr Duration kGiveOrTake = 30min;
constexpr double kDaysOfYear = 365;

double in_milliseconds(Duration duration) { return static_cast<double>(duration.count()) * 1e-6; }

// Whole milliseconds.
Duration from_milliseconds(double milliseconds) {
  const double most = in_milliseconds(kForEver);
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(milliseconds, most)));
}

// Day zero is 2025-01-01, a Wednesday.
bool is_weekend(std::int64_t day) {
  const std::int64_t since_monday = ((day + 2) % 7 + 7) % 7;
  return since_monday >= 5;
}

// From closing the lid in the evening to opening it on the day after, by local time.
void add_nights(Random& random, const LifeOptions& options, Duration zone, Span life,
                std::vector<LifeEvent>& events) {
  for (std::int64_t day = life.begin / kDay - 1; kDay * day - zone < life.end; ++day) {
    const Duration midnight = kDay * day - zone;
    Duration closes = options.closes + between(random, -kGiveOrTake, kGiveOrTake);
    Duration opens = kDay + options.opens + between(random, -kGiveOrTake, kGiveOrTake);
    if (is_weekend(day + 1)) {  // so it is on Friday and Saturday that it closes late
      closes += kWeekend;
      opens += kWeekend;
    }
    const Duration at = midnight + closes;
    if (at >= life.begin && at < life.end) events.push_back({at, LifeKind::sleep, opens - closes});
  }
}

struct Happening {
  LifeKind kind;
  double per_day;
  Duration away_least;
  Duration away_most;
};

void add_happenings(Random& random, const Happening& what, Span life, std::vector<LifeEvent>& events) {
  for (Duration at = life.begin + next_after(random, what.per_day); at < life.end;
       at += next_after(random, what.per_day)) {
    const Duration away = between(random, what.away_least, what.away_most);
    events.push_back({at, what.kind, away});
  }
}

std::vector<LifeEvent> life_of_laptop(Random& random, const LifeOptions& options, const Household& household,
                                      Span life) {
  std::vector<LifeEvent> events;
  const bool sleeps = random.unit() < options.sleepers;
  if (sleeps) {
    add_nights(random, options, household.zone, life, events);
    for (const Span& holiday : household.holidays) {
      if (holiday.begin < life.begin || holiday.begin >= life.end) continue;
      events.push_back({holiday.begin, LifeKind::sleep, holiday.end - holiday.begin});
    }
    add_happenings(random, {LifeKind::sleep, options.sleeps, 5min, 2h}, life, events);
  }
  const double power_losses = options.crashes * options.power_losses;
  const double crashes = options.crashes - power_losses;
  add_happenings(random, {LifeKind::crash, crashes, 20s, 1h}, life, events);
  add_happenings(random, {LifeKind::power_loss, power_losses, 20s, 1h}, life, events);
  add_happenings(random, {LifeKind::stop, options.stops, 5min, 6h}, life, events);
  add_happenings(random, {LifeKind::move, options.moves, 10min, 2h}, life, events);
  return events;
}

LifeKind draw_ending(Random& random, const LifeOptions& options) {
  const std::pair<LifeKind, double> weights[] = {
      {LifeKind::sleep, options.sleeps},
      {LifeKind::crash, options.crashes},
      {LifeKind::power_loss, options.power_losses},
      {LifeKind::stop, options.stops},
      {LifeKind::move, options.moves},
  };
  double sum = 0;
  for (const auto& [kind, weight] : weights) sum += weight;
  double left = random.unit() * sum;
  for (const auto& [kind, weight] : weights) {
    if (left < weight) return kind;
    left -= weight;
  }
  return LifeKind::sleep;  // all are zero
}

std::vector<LifeEvent> life_in_sessions(Random& random, const LifeOptions& options, Span life) {
  std::vector<LifeEvent> events;
  for (Duration at = life.begin + draw_length(random, options, options.session); at < life.end;
       at += draw_length(random, options, options.session)) {
    const LifeKind kind = draw_ending(random, options);
    const Duration away = draw_length(random, options, options.absence);
    events.push_back({at, kind, away});
    at += away;
  }
  return events;
}

}  // namespace

double between(Random& random, double least, double most) { return least + random.unit() * (most - least); }

Duration between(Random& random, Duration least, Duration most) {
  return least + from_milliseconds(random.unit() * in_milliseconds(most - least));
}

Duration next_after(Random& random, double per_day) {
  if (per_day <= 0) return kForEver;
  const double days = -std::log(1 - random.unit()) / per_day;
  return std::max<Duration>(kShortest, from_milliseconds(days * in_milliseconds(kDay)));
}

Duration draw_length(Random& random, const LifeOptions& options, Duration typical) {
  const double rest = 1 - random.unit();  // in (0, 1]
  double length = in_milliseconds(typical);
  switch (options.model) {
    case LifeModel::exponential: length *= -std::log(rest); break;
    case LifeModel::weibull:
      length *= std::pow(-std::log(rest), 1 / options.shape) / std::tgamma(1 + 1 / options.shape);
      break;
    case LifeModel::pareto: length *= std::pow(2 * rest, -1 / options.shape); break;
    case LifeModel::always_up:
    case LifeModel::laptop:
    case LifeModel::trace: CHECK(false);
  }
  return std::max<Duration>(kShortest, from_milliseconds(length));
}

Household draw_household(Random& random, const LifeOptions& options, Duration end) {
  Household household;
  household.zone = kDay / options.time_zones * random.below(options.time_zones);
  const double per_day = options.holidays / kDaysOfYear;
  for (Duration at = next_after(random, per_day); at < end; at += next_after(random, per_day)) {
    const Duration back = at + between(random, kDay * 3, kDay * 14);
    household.holidays.push_back({at, back});
    at = back;
  }
  return household;
}

std::vector<LifeEvent> ordinary_life(Random& random, const LifeOptions& options, const Household& household,
                                     Span life) {
  switch (options.model) {
    case LifeModel::exponential:
    case LifeModel::pareto:
    case LifeModel::weibull: return life_in_sessions(random, options, life);
    case LifeModel::laptop: return life_of_laptop(random, options, household, life);
    case LifeModel::always_up:
    case LifeModel::trace: break;
  }
  return {};
}

bool is_for_ever(LifeKind kind) {
  return kind == LifeKind::leave || kind == LifeKind::drain || kind == LifeKind::lose;
}

void tell_in_order(std::vector<LifeEvent>& events) {
  std::ranges::sort(events, {},
                    [](const LifeEvent& event) { return std::tuple(event.at, event.kind, event.away); });
  std::vector<LifeEvent> told;
  Duration back{};
  for (const LifeEvent& event : events) {
    const bool is_away = !told.empty() && event.at < back;
    if (is_for_ever(event.kind)) {
      if (is_away) told.back().away = event.at - told.back().at;
      if (is_away && told.back().away <= 0s) told.pop_back();
      told.push_back(event);
      break;
    }
    if (is_away && event.kind == LifeKind::sleep) {
      back = std::max(back, event.at + event.away);
      told.back().away = back - told.back().at;
    }
    if (is_away) continue;
    told.push_back(event);
    back = event.at + event.away;
  }
  events = std::move(told);
}

}  // namespace peerstore::simulator
