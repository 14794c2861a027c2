// ChunkOwners: owners who store packs of made-up bytes and read them back, chunk by chunk, through the
// client's part of replica/: cheap enough for thousands of them.
#pragma once

#include <peerstore/simulator/report.hpp>

#include "simulated_ring.hpp"

namespace peerstore::simulator {

class ChunkOwners {
 public:
  // All outlive this.
  ChunkOwners(SimulatedRing& ring, const Scenario& scenario, Report& report);

  // Spawns what the owner of this machine does there.
  void begin(SimulatedMachine& machine);
  // Every chunk that was ever safe is read once more, now that everybody is there.
  void read_everything_back();

 private:
  ChunkLedger& ledger() { return ring_.ledger(); }
  Task<void> keep_packs(SimulatedMachine& machine);
  Task<void> store(SimulatedMachine& machine, std::uint32_t pack);
  Task<void> store_chunk(SimulatedMachine& machine, ChunkLedger::Place place);
  Task<void> read_one(SimulatedMachine& machine);
  Task<bool> read(SimulatedMachine& machine, ChunkLedger::Place place);
  Task<void> read_finally(SimulatedMachine& machine, ChunkLedger::Place place);

  SimulatedRing& ring_;
  const Scenario& scenario_;
  Report& report_;
};

}  // namespace peerstore::simulator
