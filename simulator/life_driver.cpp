#include "life_driver.hpp"

#include <algorithm>

namespace peerstore::simulator {

namespace {
constexpr Duration kNews = 1min;     // for a statement to spread before its bearer goes
constexpr Duration kAskAgain = 30s;  // whoever is spoken to may be asleep
constexpr Duration kLookAtDrain = 1min;
constexpr Duration kWaitToLeave = 30min;  // a machine that may not be spared yet
constexpr Duration kWaitToFail = 1s;      // one whose failure the proof does not allow yet
constexpr Duration kStartAgain = 30s;     // on a disk that fails now and then
}  // namespace

LifeDriver::LifeDriver(SimulatedRing& ring, const Scenario& scenario, Report& report, Callback on_joined,
                       Callback on_begin)
    : ring_(ring),
      scenario_(scenario),
      report_(report),
      on_joined_(std::move(on_joined)),
      on_begin_(std::move(on_begin)),
      joining_(ring.world()),
      scope_(ring.world()) {}

void LifeDriver::start() {
  for (const auto& machine : ring_.machines()) joining_.spawn(join(*machine));
}

Task<void> LifeDriver::join(SimulatedMachine& machine) {
  co_await ring_.world().sleep_until(TimePoint{machine.life().joins_at});
  if (is_over_) co_return;
  co_await ring_.join(machine);
  ++report_.joins;
  on_joined_(machine);
  if (is_over_) {
    co_await begin(machine);
  } else {
    scope_.spawn(live(machine));
  }
}

Task<void> LifeDriver::live(SimulatedMachine& machine) {
  co_await begin(machine);
  for (const LifeEvent& event : machine.life().events) {
    const bool for_ever =
        event.kind == LifeKind::leave || event.kind == LifeKind::drain || event.kind == LifeKind::lose;
    // What was to happen while it was away did not.
    if (TimePoint{event.at} < ring_.world().now() && !for_ever) continue;
    co_await ring_.world().sleep_until(TimePoint{event.at});
    while (!machine.is_up()) co_await ring_.world().sleep(kStartAgain);  // a fault has it
    ring_.chronicle().note(machine.index(), EventKind::life, static_cast<std::uint8_t>(event.kind));
    co_await experience(machine, event);
  }
}

Task<void> LifeDriver::experience(SimulatedMachine& machine, LifeEvent event) {
  switch (event.kind) {
    case LifeKind::sleep:
    case LifeKind::move:
      ++report_.sleeps;
      machine.sleep();
      co_await ring_.world().sleep(event.away);
      machine.wake();
      ring_.chronicle().note(machine.index(), EventKind::back);
      if (event.kind == LifeKind::move) machine.move();
      break;
    case LifeKind::crash:
    case LifeKind::power_loss:
      while (!may_fail(machine)) co_await ring_.world().sleep(kWaitToFail);
      ++report_.crashes;
      machine.crash(event.kind == LifeKind::power_loss);
      co_await ring_.world().sleep(event.away);
      co_await begin(machine);
      break;
    case LifeKind::stop:
      while (!may_fail(machine)) co_await ring_.world().sleep(kWaitToFail);
      ++report_.stops;
      co_await machine.stop();
      co_await ring_.world().sleep(event.away);
      co_await begin(machine);
      break;
    case LifeKind::drain:
      co_await drain(machine);
      co_await leave(machine, {event.at, LifeKind::leave, {}});
      break;
    case LifeKind::leave:
    case LifeKind::lose: co_await leave(machine, event); break;
  }
}

Task<void> LifeDriver::begin(SimulatedMachine& machine) {
  for (;;) {
    // Life or a fault may have begun it meanwhile.
    if (machine.is_up() || machine.is_starting() || machine.is_gone()) co_return;
    const Result<void> started = co_await machine.start();
    if (started) break;
    co_await ring_.world().sleep(kStartAgain);
  }
  ring_.chronicle().note(machine.index(), EventKind::back);
  on_begin_(machine);
}

// As the `drain` command does it. Until the machine is empty it stays, and what interrupts it is gone on
// with.
Task<void> LifeDriver::drain(SimulatedMachine& machine) {
  while (!ring_.announce_drain(machine)) co_await ring_.world().sleep(kAskAgain);
  for (;;) {
    co_await ring_.world().sleep(kLookAtDrain);
    if (machine.is_up() && machine.node().drain_status().chunks == 0) break;
  }
  ++report_.drains;
}

Task<void> LifeDriver::leave(SimulatedMachine& machine, LifeEvent event) {
  while (!ring_.may_be_spared(machine)) co_await ring_.world().sleep(kWaitToLeave);
  ++report_.departures;
  machine.begin_to_go();
  if (event.kind == LifeKind::leave) {
    // As the `leave` command does it: it is not done before a friend has heard.
    ring_.unannounced().insert(machine.index());
    do {
      ring_.announce_departure(machine);
      co_await ring_.world().sleep(kNews);
    } while (!ring_.is_departure_known(machine));
    ring_.unannounced().erase(machine.index());
    if (machine.is_up()) co_await machine.stop();  // a fault may have come first
    machine.go(false);
    co_return;
  }
  machine.go(true);
  ring_.unannounced().insert(machine.index());
  co_await ring_.world().sleep(event.away);
  while (!ring_.announce_departure(machine)) co_await ring_.world().sleep(kAskAgain);
  ring_.unannounced().erase(machine.index());
}

// What the proof of the protocol assumes of failures (Zave 2017, section 4): none leaves a member
// without a live successor, and none leaves too few principals.
bool LifeDriver::may_fail(const SimulatedMachine& machine) const {
  if (!scenario_.laws.zave) return true;
  std::vector<MemberSnapshot> others = ring_.live_members();
  std::erase_if(others, [&](const MemberSnapshot& member) { return member.self.id == machine.member(); });
  return !ring_invariant_holds(health_of_ring(std::move(others)), scenario_.ring.successor_list);
}

void LifeDriver::bring_everybody_back() {
  is_over_ = true;
  over_at_ = ring_.world().now();
  scope_.cancel();
  world::VirtualClock& world = ring_.world();
  for (const auto& machine : ring_.machines()) {
    machine->commands().cancel();
    if (!machine->identity() || machine->is_gone()) continue;
    if (machine->is_stopping()) machine->crash(false);
    if (machine->is_going()) machine->go(false);
    if (!machine->is_gone() && machine->is_asleep()) {
      machine->wake();
      ring_.chronicle().note(machine->index(), EventKind::back);
    }
  }
  for (const auto& machine : ring_.machines()) {
    const bool down =
        machine->identity() && !machine->is_gone() && !machine->is_up() && !machine->is_starting();
    if (!down) continue;
    const Result<void> started = world.run(machine->start());
    if (!started) {
      ring_.violations().judge("a_machine_starts_again",
                               machine->name() + " does not: " + started.error().message(),
                               {machine->index()});
      continue;
    }
    ring_.chronicle().note(machine->index(), EventKind::back);
  }
  for (const std::uint32_t lost : ring_.unannounced()) ring_.announce_departure(ring_.machine(lost));
}

std::optional<std::string> LifeDriver::flaw_of_joins() const {
  if (joining_.running() == 0) return std::nullopt;
  for (const auto& machine : ring_.machines()) {
    const bool set_out = TimePoint{machine->life().joins_at} <= over_at_;
    if (set_out && !machine->is_gone() && !machine->is_up())
      return machine->name() + " is not in the ring yet";
  }
  return std::nullopt;
}

}  // namespace peerstore::simulator
