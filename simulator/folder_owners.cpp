#include "folder_owners.hpp"

#include <peerstore/runtime/check.hpp>

namespace peerstore::simulator {

namespace {
constexpr Duration kRestoreAgain = 30s;
constexpr std::size_t kSnapshotsTried = 3;  // of each person at the end
}  // namespace

FolderOwners::FolderOwners(SimulatedRing& ring, const Scenario& scenario, Report& report, OnCopy on_copy)
    : ring_(ring), scenario_(scenario), report_(report), on_copy_(std::move(on_copy)) {}

void FolderOwners::begin(SimulatedMachine& machine) {
  const bool keeps_one = machine.life().machine == 0 && machine.life().person < scenario_.workload.people;
  if (!keeps_one) return;
  std::unique_ptr<Person>& person = people_[machine.index()];
  if (!person) person = std::make_unique<Person>(machine.random().next(), machine.name());
  machine.commands().spawn(keep_folder(machine, *person));
}

PersonTools FolderOwners::tools_on(SimulatedMachine& machine) {
  PersonTools tools{machine.clock(),    machine.random(),         machine.entropy(),
                    ring_.signatures(), machine.client_network(), machine.node().view(),
                    machine.disk(),     machine.workers(),        *machine.identity()};
  const wire::PersonNumber owner = machine.identity()->person;
  tools.on_put = [this, owner](const wire::ChunkDescription& chunk, const replica::PutOutcome& outcome) {
    std::vector<wire::MemberId> holders;
    for (const wire::Receipt& receipt : outcome.receipts) holders.push_back(receipt.holder.id);
    const ChunkLedger::Place place = ring_.ledger().note_put(owner, chunk, holders, outcome.safe());
    for (const auto& holder : ring_.machines()) {
      if (holder->identity() && holder->has_copy(ring_.ledger().chunk(place).address))
        on_copy_(*holder, place);
    }
  };
  return tools;
}

void FolderOwners::judge(SimulatedMachine& machine, EventKind kind, const Verdict& verdict) {
  ring_.chronicle().note(machine.index(), kind, 0, static_cast<std::uint8_t>(verdict.outcome));
  if (verdict.outcome != Outcome::wrong) return;
  ring_.violations().judge("what_is_safe_comes_back_as_it_was", verdict.words, {machine.index()});
}

Task<void> FolderOwners::keep_folder(SimulatedMachine& machine, Person& person) {
  Clock& clock = machine.clock();
  Duration pause = machine.random().jitter(scenario_.workload.backup_every) / 2;
  for (;;) {
    co_await clock.sleep(pause);
    pause = machine.random().jitter(scenario_.workload.backup_every);
    person.change();
    const Verdict stored = co_await person.back_up(tools_on(machine));
    judge(machine, EventKind::backup, stored);
    if (stored.outcome == Outcome::done) ++report_.backups;
    const Verdict restored = co_await person.restore_and_compare(tools_on(machine), Person::From::this_home);
    judge(machine, EventKind::restore, restored);
    if (restored.outcome == Outcome::done) ++report_.restores;
  }
}

Task<void> FolderOwners::restore_finally(SimulatedMachine& machine, Person& person, std::string snapshot) {
  const TimePoint limit = ring_.world().now() + scenario_.laws.readable_within;
  for (;;) {
    const Verdict verdict =
        co_await person.restore_and_compare(tools_on(machine), Person::From::nothing, snapshot);
    judge(machine, EventKind::restore, verdict);
    if (verdict.outcome == Outcome::done) ++report_.restores;
    if (verdict.outcome != Outcome::not_now) co_return;
    if (ring_.world().now() >= limit) {
      ring_.violations().judge("what_is_safe_comes_back_as_it_was",
                               machine.name() + " cannot restore " + snapshot + ": " + verdict.words,
                               {machine.index()});
      co_return;
    }
    co_await ring_.world().sleep(kRestoreAgain);
  }
}

void FolderOwners::restore_everything() {
  for (const auto& [index, person] : people_) {
    SimulatedMachine& machine = ring_.machine(index);
    if (!machine.is_live()) continue;
    // The oldest has been through most, and the newest matters most.
    const std::vector<std::string> safe = person->safe_snapshots();
    for (std::size_t i = 0; i < safe.size(); ++i) {
      const bool tried = i + 1 == safe.size() || i + 1 < kSnapshotsTried;
      if (!tried) continue;
      TaskScope scope(ring_.world());
      scope.spawn(restore_finally(machine, *person, safe[i]));
      const TimePoint limit = ring_.world().now() + 2 * scenario_.laws.readable_within;
      while (scope.running() > 0 && ring_.world().now() < limit) CHECK(ring_.world().step());
      if (scope.running() > 0) {
        ring_.violations().judge("what_is_safe_comes_back_as_it_was",
                                 machine.name() + "'s restore does not end", {index});
      }
    }
  }
}

}  // namespace peerstore::simulator
