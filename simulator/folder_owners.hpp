// FolderOwners: people who keep folders in the ring with the whole production client: they back up, change,
// restore and compare, each on the first machine of a person.
#pragma once

#include <peerstore/simulator/report.hpp>

#include "people.hpp"
#include "simulated_ring.hpp"

#include <functional>
#include <map>
#include <memory>

namespace peerstore::simulator {

class FolderOwners {
 public:
  // Told of each machine that has a chunk when it is put.
  using OnCopy = std::function<void(SimulatedMachine&, ChunkLedger::Place)>;
  // All outlive this.
  FolderOwners(SimulatedRing& ring, const Scenario& scenario, Report& report, OnCopy on_copy);

  // Spawns what the person does on this machine, if it is one who keeps a folder.
  void begin(SimulatedMachine& machine);
  // Everything that was ever reported safe is restored once more, as from a new machine.
  void restore_everything();

 private:
  PersonTools tools_on(SimulatedMachine& machine);
  Task<void> keep_folder(SimulatedMachine& machine, Person& person);
  Task<void> restore_finally(SimulatedMachine& machine, Person& person, std::string snapshot);
  void judge(SimulatedMachine& machine, EventKind kind, const Verdict& verdict);

  SimulatedRing& ring_;
  const Scenario& scenario_;
  Report& report_;
  OnCopy on_copy_;
  std::map<std::uint32_t, std::unique_ptr<Person>> people_;  // by machine
};

}  // namespace peerstore::simulator
