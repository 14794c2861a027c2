// ScenarioRun: one run of a scenario: its three phases, the laws that watch it, and its report.
#pragma once

#include <peerstore/simulator/simulator.hpp>

#include "chunk_owners.hpp"
#include "fault_driver.hpp"
#include "folder_owners.hpp"
#include "lookups.hpp"

#include <array>
#include <set>
#include <utility>

namespace peerstore::simulator {

// The line for a shell that runs the same again.
std::string replay_command(const Scenario& scenario, const RunOptions& options);

class ScenarioRun final : private world::MachineNetwork::Observer {
 public:
  // `scenario` as it is to be: what the options change of it is changed already.
  ScenarioRun(const Scenario& scenario, const LifePlan& plan, const RunOptions& options);
  ~ScenarioRun() override;

  Report run();

 private:
  using Machine = SimulatedMachine;

  // scenario_run.cpp: the phases
  void grow_and_live();
  void heal();
  bool pass_time(Duration until);
  void begin(Machine& machine);
  void choose_liars();
  void start_counting();
  void sample_ring();
  void tell_progress();
  bool is_over() const { return ring_.violations().first().has_value(); }
  void rest();
  using Flaw = std::optional<std::string> (ScenarioRun::*)();
  Duration wait_for(std::string_view law, Duration within, Duration look, Flaw flaw_now);
  std::vector<MemberSnapshot> all_live() const;
  std::optional<std::string> flaw_of_joins();
  std::optional<std::string> flaw_of_ring();
  std::optional<std::string> flaw_of_beliefs();
  std::optional<std::string> flaw_of_copies();
  void finish_report();
  void tell_story(const Violation& violation);

  // witnesses.cpp: what the laws see
  void sent(std::uint32_t from, const wire::MemberId& to, const wire::Request& request) override;
  void delivered(const world::MachineNetwork::Delivery& delivery) override;
  void see_answer(Machine& asker, const world::MachineNetwork::Delivery& delivery);
  void disk_called(Machine& machine, world::Operation operation, std::string_view path);
  void judge_colour(Machine& machine, ChunkLedger::Place place);
  void judge_drop(Machine& machine, ChunkLedger::Place place);
  void has_chunk(Machine& machine, ChunkLedger::Place place);
  void stepped(Machine& machine);
  void check_chunks();
  void watch(Machine& machine);
  Machine* machine_at(std::uint32_t place);

  Scenario scenario_;
  RunOptions options_;
  LifePlan plan_;
  Report report_;
  SimulatedRing ring_;
  ChunkOwners owners_;
  FolderOwners folders_;
  Lookups lookups_;
  LifeDriver life_;
  FaultDriver faults_;

  NeighboursAreAskedFirst asked_first_;
  NoPersonHoldsAWholePack whole_packs_;
  std::vector<MemberSnapshot> last_steps_;  // of each machine
  std::vector<Machine*> by_place_;          // in the network
  bool proof_holds_ = false;                // from when on T1 is asked for
  std::uint64_t samples_ = 0;
  std::array<std::uint64_t, std::variant_size_v<wire::Request>> bytes_{};  // sent by whom lives, by question
  Duration awake_before_{};
};

}  // namespace peerstore::simulator
