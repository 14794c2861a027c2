#include "lookups.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>

namespace peerstore::simulator {

namespace {
constexpr std::size_t kAtTheEnd = 200;
constexpr Duration kTimeAtTheEnd = 10min;
}  // namespace

Lookups::Lookups(SimulatedRing& ring, const Scenario& scenario, Report& report)
    : ring_(ring), scenario_(scenario), report_(report) {}

void Lookups::begin(SimulatedMachine& machine) {
  if (scenario_.workload.lookup_every > 0s) machine.commands().spawn(look_up_now_and_then(machine));
}

Task<Lookups::Outcome> Lookups::look_up(SimulatedMachine& machine, ring::Id key) {
  const std::optional<wire::MemberId> before = ring_.true_successor(key);
  const Duration awake = machine.awake_time();
  const TimePoint asked = ring_.world().now();
  const auto found = co_await machine.node().chord().find_successor(key);
  Outcome outcome;
  outcome.slept = machine.awake_time() - awake != ring_.world().now() - asked;
  if (found) {
    outcome.answered = true;
    outcome.hops = found->hops;
    // Who was right when the question was asked need not be any more when its answer is there.
    const wire::MemberId answer = found->successor.id;
    outcome.right = answer == before || answer == ring_.true_successor(key);
  }
  const auto error = static_cast<std::uint8_t>(found ? Errc{} : found.error().code);
  ring_.chronicle().note(machine.index(), EventKind::lookup, 0, error, 0, FixedBytesHash()(key));
  co_return outcome;
}

Task<void> Lookups::look_up_now_and_then(SimulatedMachine& machine) {
  for (;;) {
    const Duration pause = machine.random().jitter(scenario_.workload.lookup_every);
    co_await machine.clock().sleep(pause);
    const auto key = machine.entropy().make<ring::Id>();
    const bool counts = ring_.world().now().since_start >= scenario_.grow;
    // One that has no place yet cannot be expected to know.
    if (machine.phase() != wire::Phase::member) continue;
    const Outcome first = co_await look_up(machine, key);
    if (!counts || first.slept) continue;
    ++report_.lookups;
    if (first.answered) {
      report_.hops_total += first.hops;
      report_.hops_max = std::max(report_.hops_max, first.hops);
    }
    if (first.right && first.hops <= 1) ++report_.lookups_first_call;
    if (first.answered && !first.right) ++report_.lookups_wrong;
    if (!first.answered) ++report_.lookups_failed;
    if (first.right) continue;
    const Outcome again = co_await look_up(machine, key);
    if (!again.right && !again.slept) ++report_.lookups_failed_twice;
  }
}

Task<void> Lookups::look_up_finally(SimulatedMachine& machine, ring::Id key) {
  const Outcome outcome = co_await look_up(machine, key);
  if (outcome.right) co_return;
  ring_.violations().judge(
      "lookups_are_right_at_rest",
      machine.name() +
          (outcome.answered ? " finds the wrong successor of " : " cannot find the successor of ") +
          ring::short_name(key),
      {machine.index()});
}

void Lookups::look_up_from_everywhere() {
  TaskScope scope(ring_.world());
  std::vector<SimulatedMachine*> askers;
  for (const auto& machine : ring_.machines()) {
    if (machine->is_live() && machine->is_honest()) askers.push_back(machine.get());
  }
  while (askers.size() > kAtTheEnd) {
    askers.erase(askers.begin() + static_cast<std::ptrdiff_t>(ring_.random().below(askers.size())));
  }
  for (SimulatedMachine* const machine : askers) {
    const auto key = machine->entropy().make<ring::Id>();
    scope.spawn(look_up_finally(*machine, key));
  }
  const TimePoint limit = ring_.world().now() + kTimeAtTheEnd;
  while (scope.running() > 0 && ring_.world().now() < limit) CHECK(ring_.world().step());
}

}  // namespace peerstore::simulator
