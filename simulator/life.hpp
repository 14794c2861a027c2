// Life: what happens to the machines of a ring of friends, drawn from a seed before the run begins.
// Pure: it knows nothing of nodes. What is drawn is rounded to milliseconds, so that the last bit of a
// logarithm on some other processor does not change a run.
//
// Models: sessions of exponential, Pareto or Weibull length (p2psim and OverSim used these; real peers look
// like Weibull with a shape of 0.34 to 0.59: Stutzbach and Rejaie, IMC 2006), a trace from a file, and
// the laptop: its lid closed at night by local time, at weekends later and longer, and on holidays.
//
// A plan can be followed event by event: nothing happens to a machine while it is away, except
// that it may be lost or leave, which ends the absence at that moment.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::simulator {

enum class LifeKind : std::uint8_t {
  sleep,       // the lid is closed: everything stands still, and goes on when it opens
  crash,       // the process is killed
  power_loss,  // and what was not synced is lost with it
  stop,        // the process is told to end, and started again later
  move,        // it sleeps, and wakes with another address
  leave,       // for ever, announced
  drain,       // for ever, when others have everything that it held
  lose,        // for ever, with its disk; announced by its person some time after
};
// In the words of a story: "falls asleep".
std::string_view name_of(LifeKind kind);

struct LifeEvent {
  Duration at{};
  LifeKind kind = LifeKind::sleep;
  Duration away{};  // until it is back; of `lose`, until it is announced
  bool operator==(const LifeEvent&) const = default;
};

struct MachineLife {
  std::uint32_t person = 0;   // in the order in which they join, not their number in the ring
  std::uint32_t machine = 0;  // 0, or 1 for a person's second one
  Duration joins_at{};
  std::vector<LifeEvent> events;  // in order of time; `leave`, `drain` and `lose` only at the end
  bool operator==(const MachineLife&) const = default;
};

struct LifePlan {
  std::vector<MachineLife> machines;  // in order of joining; the founder's is the first, and stays
  Duration end{};
};

enum class LifeModel : std::uint8_t { always_up, exponential, pareto, weibull, laptop, trace };

struct LifeOptions {
  // Joining. The founder is there from the beginning.
  unsigned nodes = 12;
  Duration joining{};          // the others join one by one over this time; zero: all at once
  Duration calm{};             // until then nothing happens to any machine but joining
  double newcomers = 0;        // for each of `nodes` and day, when all have joined, until it shrinks
  double second_machines = 0;  // share of the persons that have two

  LifeModel model = LifeModel::laptop;
  // The first so many machines are always up, and stay for ever. Zero: the founder's fails, too, but
  // only when all have joined, and does not leave.
  unsigned stable = 1;

  // Sessions (exponential, pareto, weibull): how long machines are up and away, at least a second.
  // The mean; of Pareto, which may have none, the median.
  Duration session = 1h;
  Duration absence = 1h;
  double shape = 0.5;  // of Weibull and Pareto
  // How a session ends, by weights that need not sum to one; all zero: in sleep. Of laptops: how often
  // for each 24 hours that one is open (sleeps: naps, of those that sleep at night).
  double sleeps = 0;
  double crashes = 0;
  double power_losses = 0;  // of laptops the share of the crashes
  double stops = 0;
  double moves = 0;

  // Laptops. A run begins at midnight UTC; its first day is a Wednesday, as the wall clock says.
  unsigned time_zones = 3;  // evenly around the world
  double sleepers = 0.8;    // share of the machines that are closed at night; the others stay on
  Duration opens = 9h;      // local time, give or take half an hour; at weekends 90 minutes later
  Duration closes = 23h;    // the same, on Fridays and Saturdays
  double holidays = 2;      // for each person and year: 3 to 14 days with the lid closed

  // Of every model but the trace, for each machine and day, until the ring shrinks.
  double departures = 0;
  double losses = 0;  // share of the departures that nobody announces in time
  double drains = 0;  // share of the others that begin with emptying the machine

  // The text of a trace: lines "machine seconds what", '#' begins a comment. A machine is any word; it
  // is `up` first, then by turns away (down, sleep, crash, power_loss, move) and up, until it ends with
  // leave, drain or lose. It says everything: only upheavals come on top.
  std::string trace;

  struct Upheaval {
    enum Kind : std::uint8_t {
      mass_sleep,      // a share of the machines falls asleep at one moment, and wakes at one
      household_lost,  // all machines of `count` persons are lost at once, and announced after `lasts`
      shrink,          // machines leave one after another within `lasts`, until `count` remain
      flash_join,      // `count` new machines join at once
    };
    Kind kind = mass_sleep;
    Duration at{};
    double share_or_count = 0;
    Duration lasts{};  // zero: an hour; of `shrink`, half an hour for each that leaves; never past the end
  };
  std::vector<Upheaval> upheavals;
};

// Errc::invalid says which option cannot be, or which line of the trace.
Result<LifePlan> plan_life(const LifeOptions& options, Duration duration, std::uint64_t seed);

// Swarm testing (Groce et al., ISSTA 2012): leaves some kinds of events out altogether and changes the
// rates of the others by the seed, because a mixture of everything hides what a few kinds alone
// would show.
void vary(LifeOptions& options, std::uint64_t seed);

}  // namespace peerstore::simulator
