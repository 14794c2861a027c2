#include "fault_driver.hpp"

#include <algorithm>
#include <cmath>

namespace peerstore::simulator {

namespace {

constexpr double kTenYears = 10 * 365.25 * 24 * 3600;  // in seconds
constexpr double kDefaultDrift = 200;                  // parts in a million
constexpr double kDefaultErrors = 0.05;
constexpr double kBadWeather = 0.3;

Duration seconds(double count) {
  return Duration(static_cast<Duration::rep>(count * static_cast<double>(Duration(1s).count())));
}

}  // namespace

FaultDriver::FaultDriver(SimulatedRing& ring, LifeDriver& life, const Scenario& scenario, Report& report,
                         std::uint64_t seed)
    : ring_(ring),
      life_(life),
      scenario_(scenario),
      report_(report),
      random_(seed * 7919 + 17),
      fair_weather_(ring.network().weather()),
      scope_(ring.world()) {}

void FaultDriver::start() {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    const FaultOptions& fault = scenario_.fault(kind);
    const bool drawn = random_.unit() < fault.chance;
    if (fault.every > 0s && drawn) scope_.spawn(strike_again_and_again(kind));
  }
}

Task<void> FaultDriver::strike_again_and_again(FaultKind kind) {
  const FaultOptions& fault = scenario_.fault(kind);
  for (;;) {
    // A Poisson process of strikes.
    const double waits = -std::log(1 - random_.unit());
    co_await ring_.world().sleep(
        Duration(static_cast<Duration::rep>(waits * static_cast<double>(fault.every.count()))));
    const double part = random_.unit();
    const Duration spread = fault.most - fault.least;
    const Duration lasts =
        fault.least + Duration(static_cast<Duration::rep>(part * static_cast<double>(spread.count())));
    if (co_await strike(kind, lasts)) ++report_.faults[std::string(name_of(kind))];
  }
}

Task<bool> FaultDriver::strike(FaultKind kind, Duration lasts) {
  const double strength = scenario_.fault(kind).strength;
  switch (kind) {
    case FaultKind::partition: co_return co_await partition(lasts);
    case FaultKind::one_way_cut: co_return co_await one_way_cut(lasts);
    case FaultKind::flapping_link: co_return co_await flapping_link(lasts);
    case FaultKind::bad_weather: co_return co_await bad_weather(lasts, strength);
    case FaultKind::bit_rot:
    case FaultKind::vanished_file: co_return co_await silent_loss(kind);
    case FaultKind::misdirected_write: co_return co_await misdirected_write(lasts);
    case FaultKind::wiped_disk: co_return co_await wiped_disk(lasts);
    case FaultKind::swapped_disks: co_return co_await swapped_disks(lasts);
    default: break;
  }
  SimulatedMachine* const struck = ring_.any_live_machine_but(nullptr);
  if (struck == nullptr) co_return false;
  ring_.chronicle().note(struck->index(), EventKind::fault_begins, static_cast<std::uint8_t>(kind));
  set(kind, *struck, true, strength);
  co_await ring_.world().sleep(lasts);
  set(kind, *struck, false, strength);
  ring_.chronicle().note(struck->index(), EventKind::fault_ends, static_cast<std::uint8_t>(kind));
  co_return true;
}

// Faults of one machine, on or off.
void FaultDriver::set(FaultKind kind, SimulatedMachine& machine, bool on, double strength) {
  world::MachineNetwork& network = ring_.network();
  switch (kind) {
    case FaultKind::slow_node: network.set_slow(machine.member(), on ? seconds(strength) : 0s); break;
    case FaultKind::inbound_blocked: network.set_behind_nat(machine.member(), on); break;
    case FaultKind::disk_full:
      machine.disk().set_capacity(on ? machine.disk().bytes_used() : std::uint64_t{1} << 40);
      break;
    case FaultKind::disk_errors: {
      const double share = strength > 0 ? strength : kDefaultErrors;
      machine.disk().faults().fail_sometimes(on ? &random_ : nullptr, share, Errc::io);
      break;
    }
    case FaultKind::slow_disk: machine.workers().set_delay(on ? seconds(strength) : 0s); break;
    case FaultKind::clock_jump:
      // It stays off: nobody sets it right. The last jump counts.
      if (on) machine.machine_clock().jump_wall_clock(seconds((2 * random_.unit() - 1) * kTenYears));
      break;
    case FaultKind::clock_drift: {
      const double most = strength > 0 ? strength : kDefaultDrift;
      machine.machine_clock().set_drift(on ? (2 * random_.unit() - 1) * most : 0);
      break;
    }
    default: break;
  }
}

Task<bool> FaultDriver::partition(Duration lasts) {
  // Two or three islands of any size.
  const std::uint64_t islands = 2 + random_.below(2);
  for (const auto& [member, machine] : ring_.by_member()) {
    const auto island = static_cast<unsigned>(random_.below(islands));
    ring_.network().set_island(member, island);
    ring_.chronicle().note(machine->index(), EventKind::fault_begins,
                           static_cast<std::uint8_t>(FaultKind::partition), 0, island);
  }
  co_await ring_.world().sleep(lasts);
  for (const auto& [member, machine] : ring_.by_member()) ring_.network().set_island(member, 0);
  ring_.chronicle().note(0, EventKind::fault_ends, static_cast<std::uint8_t>(FaultKind::partition));
  co_return true;
}

Task<bool> FaultDriver::one_way_cut(Duration lasts) {
  SimulatedMachine* const from = ring_.any_live_machine_but(nullptr);
  SimulatedMachine* const to = ring_.any_live_machine_but(from);
  if (from == nullptr || to == nullptr) co_return false;
  constexpr auto kKind = static_cast<std::uint8_t>(FaultKind::one_way_cut);
  ring_.chronicle().note(from->index(), EventKind::fault_begins, kKind, 0, to->index());
  ring_.network().cut_one_way(from->member(), to->member());
  co_await ring_.world().sleep(lasts);
  ring_.network().mend_one_way(from->member(), to->member());
  ring_.chronicle().note(from->index(), EventKind::fault_ends, kKind, 0, to->index());
  co_return true;
}

Task<bool> FaultDriver::flapping_link(Duration lasts) {
  SimulatedMachine* const one = ring_.any_live_machine_but(nullptr);
  SimulatedMachine* const other = ring_.any_live_machine_but(one);
  if (one == nullptr || other == nullptr) co_return false;
  constexpr auto kKind = static_cast<std::uint8_t>(FaultKind::flapping_link);
  ring_.chronicle().note(one->index(), EventKind::fault_begins, kKind, 0, other->index());
  const TimePoint end = ring_.world().now() + lasts;
  while (ring_.world().now() < end) {
    ring_.network().cut(one->member(), other->member());
    co_await ring_.world().sleep(random_.jitter(2s));
    ring_.network().mend(one->member(), other->member());
    co_await ring_.world().sleep(random_.jitter(2s));
  }
  ring_.chronicle().note(one->index(), EventKind::fault_ends, kKind, 0, other->index());
  co_return true;
}

// Strength: how much of it, from 0 to 1.
Task<bool> FaultDriver::bad_weather(Duration lasts, double strength) {
  const double most = strength > 0 ? strength : kBadWeather;
  world::MachineNetwork::Weather weather = fair_weather_;
  weather.loss = most * random_.unit();
  weather.duplication = most * random_.unit();
  weather.reordering = most * random_.unit();
  weather.delay_most = seconds(2 * random_.unit());
  ring_.chronicle().note(0, EventKind::fault_begins, static_cast<std::uint8_t>(FaultKind::bad_weather));
  ring_.network().set_weather(weather);
  co_await ring_.world().sleep(lasts);
  ring_.network().set_weather(fair_weather_);
  ring_.chronicle().note(0, EventKind::fault_ends, static_cast<std::uint8_t>(FaultKind::bad_weather));
  co_return true;
}

// Nobody is told, and the machine goes on.
Task<bool> FaultDriver::silent_loss(FaultKind kind) {
  SimulatedMachine* const struck = ring_.any_live_machine_but(nullptr);
  if (struck == nullptr || !ring_.may_be_spared(*struck)) co_return false;
  const bool rots = kind == FaultKind::bit_rot;
  world::VirtualDisk& disk = struck->disk();
  if (!(rots ? disk.rot(random_, "chunks/") : disk.vanish(random_, "chunks/"))) co_return false;
  struck->set_damaged();
  ring_.chronicle().note(struck->index(), EventKind::fault_begins, static_cast<std::uint8_t>(kind));
  co_return true;
}

Task<bool> FaultDriver::misdirected_write(Duration lasts) {
  SimulatedMachine* const struck = ring_.any_live_machine_but(nullptr);
  if (struck == nullptr || !ring_.may_be_spared(*struck)) co_return false;
  constexpr auto kKind = static_cast<std::uint8_t>(FaultKind::misdirected_write);
  ring_.chronicle().note(struck->index(), EventKind::fault_begins, kKind);
  struck->set_disk_in_doubt(true);
  struck->set_damaged();
  struck->disk().misdirect_next_write(random_);
  co_await ring_.world().sleep(lasts);
  struck->disk().direct_next_write();
  struck->set_disk_in_doubt(false);
  ring_.chronicle().note(struck->index(), EventKind::fault_ends, kKind);
  co_return true;
}

Task<bool> FaultDriver::wiped_disk(Duration lasts) {
  SimulatedMachine* const struck = ring_.any_live_machine_but(nullptr);
  if (struck == nullptr || !ring_.may_be_spared(*struck)) co_return false;
  constexpr auto kKind = static_cast<std::uint8_t>(FaultKind::wiped_disk);
  ring_.chronicle().note(struck->index(), EventKind::fault_begins, kKind);
  struck->crash(true);
  struck->wipe();
  struck->set_damaged();
  co_await ring_.world().sleep(lasts);
  // Life may have taken it away for good meanwhile, or begun it again.
  if (!struck->is_gone() && !struck->is_up()) co_await life_.begin(*struck);
  ring_.chronicle().note(struck->index(), EventKind::fault_ends, kKind);
  co_return true;
}

Task<bool> FaultDriver::swapped_disks(Duration lasts) {
  SimulatedMachine* const one = ring_.any_live_machine_but(nullptr);
  SimulatedMachine* const other = ring_.any_live_machine_but(one);
  if (one == nullptr || other == nullptr) co_return false;
  constexpr auto kKind = static_cast<std::uint8_t>(FaultKind::swapped_disks);
  ring_.chronicle().note(one->index(), EventKind::fault_begins, kKind, 0, other->index());
  one->crash(true);
  other->crash(true);
  co_await ring_.world().sleep(lasts);
  for (const auto& [machine, disk] : {std::pair(one, other), std::pair(other, one)}) {
    // Life may have begun one of them again meanwhile, or taken it away for good.
    if (machine->is_gone() || disk->is_gone() || machine->is_up() || disk->is_up()) continue;
    const Result<void> started = co_await machine->try_disk_of(*disk);
    if (!started) continue;
    ring_.violations().judge("a_foreign_disk_is_refused",
                             machine->name() + " starts on the disk of " + disk->name(),
                             {machine->index(), disk->index()});
  }
  for (SimulatedMachine* const machine : {one, other}) {
    if (!machine->is_gone() && !machine->is_up()) co_await life_.begin(*machine);
  }
  ring_.chronicle().note(one->index(), EventKind::fault_ends, kKind, 0, other->index());
  co_return true;
}

void FaultDriver::mend(SimulatedMachine& machine) {
  for (std::size_t kind = 0; kind < kFaultKinds; ++kind) set(static_cast<FaultKind>(kind), machine, false, 0);
  machine.disk().direct_next_write();
  machine.set_disk_in_doubt(false);
}

void FaultDriver::end_all() {
  scope_.cancel();
  ring_.network().heal();
  world::MachineNetwork::Weather calm = fair_weather_;
  calm.loss = 0;
  ring_.network().set_weather(calm);
  for (const auto& [member, machine] : ring_.by_member()) mend(*machine);
}

}  // namespace peerstore::simulator
