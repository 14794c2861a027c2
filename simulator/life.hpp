// Life: what happens to the machines of a ring of friends, day by day, drawn from a seed before the
// run begins. Pure: it knows nothing of nodes.
//
// Swarm testing (Groce et al., ISSTA 2012): each seed leaves some kinds of events out altogether
// and draws the rates of the others, because a mixture of everything hides what a few kinds alone
// would show.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <cstdint>
#include <vector>

namespace peerstore::simulator {

enum class LifeKind : std::uint8_t {
  sleep,       // the lid is closed: everything stands still, and goes on when it opens
  crash,       // the process is killed
  power_loss,  // and what was not synced is lost with it
  stop,        // the process is told to end, and started again later
  leave,       // for ever, announced
  lose,        // for ever, with its disk; announced by its person some time after
};

struct LifeEvent {
  Duration at{};
  LifeKind kind = LifeKind::sleep;
  Duration away{};  // until it is back; of `lose`, until it is announced
};

struct MachineLife {
  std::uint32_t person = 0;   // in the order in which they join, not their number in the ring
  std::uint32_t machine = 0;  // 0, or 1 for a person's second one
  Duration joins_at{};
  std::vector<LifeEvent> events;  // in order of time; `leave` and `lose` only at the end
};

// Rates are for each machine and day.
struct LifeRates {
  double sleepers = 0;      // share of the machines that sleep at night
  double crashes = 0;       // with power_losses of them losing power
  double power_losses = 0;  // share
  double stops = 0;
  double departures = 0;  // with losses of them unannounced
  double losses = 0;      // share
  double newcomers = 0;
  double second_machines = 0;  // share of the persons
};
LifeRates draw_rates(std::uint64_t seed);

struct LifePlan {
  std::vector<MachineLife> machines;  // in order of joining; the founder's is the first, and stays
  Duration end{};
};
// `nodes` machines join in the first tenth of the time, newcomers during the rest.
LifePlan plan_life(unsigned nodes, Duration duration, const LifeRates& rates, std::uint64_t seed);

}  // namespace peerstore::simulator
