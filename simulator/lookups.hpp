// Lookups: every machine now and then asks who answers for a random key, and the truth is held against it.
#pragma once

#include <peerstore/simulator/report.hpp>

#include "simulated_ring.hpp"

namespace peerstore::simulator {

class Lookups {
 public:
  // All outlive this.
  Lookups(SimulatedRing& ring, const Scenario& scenario, Report& report);

  // Spawns the lookups of this machine. Those of the growing phase are not counted.
  void begin(SimulatedMachine& machine);
  // T2: at rest every machine (of a large ring: some) finds the true successor of any key.
  void look_up_from_everywhere();

 private:
  struct Outcome {
    bool answered = false;
    bool right = false;
    bool slept = false;  // whoever closes the lid while it waits, does not wait
    unsigned hops = 0;
  };
  Task<void> look_up_now_and_then(SimulatedMachine& machine);
  Task<Outcome> look_up(SimulatedMachine& machine, ring::Id key);
  Task<void> look_up_finally(SimulatedMachine& machine, ring::Id key);

  SimulatedRing& ring_;
  const Scenario& scenario_;
  Report& report_;
};

}  // namespace peerstore::simulator
