// The models of what one machine goes through between joining and the end, and how their events are
// put together. Private to life.cpp and its parts.
#pragma once

#include <peerstore/runtime/random.hpp>

#include "life.hpp"

#include <vector>

namespace peerstore::simulator {

inline constexpr Duration kDay = 24h;

struct Span {
  Duration begin{};
  Duration end{};
};

// What the machines of one person have in common.
struct Household {
  Duration zone{};  // local time is so far ahead of UTC
  std::vector<Span> holidays;
};

// One draw each.
double between(Random& random, double least, double most);
Duration between(Random& random, Duration least, Duration most);
// The waiting time until the next event of a Poisson process; for ever if it never happens.
Duration next_after(Random& random, double per_day);
// The length of a session or an absence, in the model's distribution.
Duration draw_length(Random& random, const LifeOptions& options, Duration typical);

Household draw_household(Random& random, const LifeOptions& options, Duration end);
// What the model has happen to a machine within `life`.
std::vector<LifeEvent> ordinary_life(Random& random, const LifeOptions& options, const Household& household,
                                     Span life);

bool is_for_ever(LifeKind kind);
// Makes of events that were drawn apart one story in order: who is away cannot fail, sleep on top of an
// absence makes it longer, and nothing comes after the end.
void tell_in_order(std::vector<LifeEvent>& events);

}  // namespace peerstore::simulator
