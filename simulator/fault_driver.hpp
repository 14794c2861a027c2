// FaultDriver: what goes wrong with the networks, disks and clocks of a ring, as the scenario has it. One
// task a kind of fault: it waits, strikes somebody at random, and mends it after a while. Which
// kinds a run has at all is drawn from its seed.
#pragma once

#include <peerstore/simulator/report.hpp>

#include "life_driver.hpp"

namespace peerstore::simulator {

class FaultDriver {
 public:
  // The ring, the life and the report outlive this.
  FaultDriver(SimulatedRing& ring, LifeDriver& life, const Scenario& scenario, Report& report,
              std::uint64_t seed);

  void start();
  // Everything is mended, at once. Damage done to disks stays done.
  void end_all();

 private:
  Task<void> strike_again_and_again(FaultKind kind);
  // False: nobody may be struck just now.
  Task<bool> strike(FaultKind kind, Duration lasts);

  Task<bool> partition(Duration lasts);
  Task<bool> one_way_cut(Duration lasts);
  Task<bool> flapping_link(Duration lasts);
  Task<bool> bad_weather(Duration lasts, double strength);
  Task<bool> silent_loss(FaultKind kind);
  Task<bool> misdirected_write(Duration lasts);
  Task<bool> wiped_disk(Duration lasts);
  Task<bool> swapped_disks(Duration lasts);
  void set(FaultKind kind, SimulatedMachine& machine, bool on, double strength);
  void mend(SimulatedMachine& machine);

  SimulatedRing& ring_;
  LifeDriver& life_;
  const Scenario& scenario_;
  Report& report_;
  SeededRandom random_;
  world::MachineNetwork::Weather fair_weather_;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::simulator
