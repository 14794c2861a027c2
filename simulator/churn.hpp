// ChurnRun: one run of the churn scenario. The life of each machine is a task of the world
// (churn_life.cpp), what owners do on their machines are tasks of these (churn_owners.cpp), and this
// drives time, calls the laws, and brings the ring back to rest at the end (churn.cpp).
#pragma once

#include <peerstore/membership/invitation.hpp>
#include <peerstore/simulator/simulator.hpp>

#include "machine.hpp"
#include "trace_hash.hpp"
#include "violations.hpp"

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace peerstore::simulator {

class ChurnRun final : private world::VirtualNetwork::Observer {
 public:
  explicit ChurnRun(const ChurnOptions& options);
  ~ChurnRun() override;

  Report run();

 private:
  using Machine = SimulatedMachine;

  // churn.cpp
  void delivered(const world::VirtualNetwork::Delivery& delivery) override;
  void disk_called(Machine& machine, world::Operation operation, std::string_view path);
  void stepped(Machine& machine);
  void trace(std::uint64_t kind, std::uint64_t what);
  void watch(Machine& machine);
  void check_chunks();
  void let_time_pass(Duration until);
  void bring_everybody_back();
  void wait_until_ideal();
  void wait_until_repaired();
  void read_everything_back();
  std::optional<std::string> flaw_of_ring() const;
  std::optional<std::string> flaw_of_copies();
  HasCopy has_copy();
  unsigned live_count() const;
  void finish_report();

  // churn_life.cpp
  void found_ring();
  Task<void> live(Machine& machine);
  Task<void> experience(Machine& machine, LifeEvent event);
  Task<void> join(Machine& machine);
  Task<void> join_as_first(Machine& machine);
  Task<void> join_as_second(Machine& machine);
  Task<void> begin(Machine& machine);
  Task<void> leave(Machine& machine, LifeEvent event);
  bool may_be_spared(Machine& machine);
  bool announce_departure(Machine& machine);
  Machine* any_live_machine();

  // churn_owners.cpp
  Task<void> keep_packs(Machine& machine);
  Task<void> store(Machine& machine, std::uint32_t pack);
  Task<void> store_chunk(Machine& machine, ChunkLedger::Place place);
  Task<void> read_one(Machine& machine);
  Task<bool> read(Machine& machine, ChunkLedger::Place place);
  Task<void> read_finally(Machine& machine, ChunkLedger::Place place);
  Task<void> look_things_up(Machine& machine);
  std::optional<wire::MemberId> true_successor(const ring::Id& key) const;

  ChurnOptions options_;
  LifePlan plan_;
  Report report_;
  world::VirtualClock world_;
  Violations violations_{world_};
  TraceHash trace_;
  SeededRandom random_;
  SeededEntropy entropy_;
  crypto::SimulatedSignatures signatures_;
  world::ContentPool contents_;
  world::VirtualNetwork network_;
  ChunkLedger ledger_;
  NoPersonHoldsAWholePack whole_packs_;
  std::uint64_t hops_ = 0;

  membership::Identity founder_;
  std::unique_ptr<membership::Roster> founders_notes_;  // for numbers and colours of invitations
  std::vector<std::unique_ptr<Machine>> machines_;
  std::map<wire::MemberId, Machine*> by_member_;
  std::vector<std::uint64_t> incarnations_;  // the last seen of each machine
  std::set<std::uint32_t> unannounced_;      // machines that were lost, of which nobody told the ring
  TaskScope life_{world_};                   // last: its tasks use everything above
};

}  // namespace peerstore::simulator
