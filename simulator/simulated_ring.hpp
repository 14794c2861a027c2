// SimulatedRing: the ring of a run, as nobody in it could see it: the world's time and network, all
// machines, who has a place in the ring and who vouches for it. It lets machines join, start and go; what
// makes them do so is elsewhere (life_driver.hpp, fault_driver.hpp).
#pragma once

#include <peerstore/membership/invitation.hpp>

#include "chronicle.hpp"
#include "chunk_ledger.hpp"
#include "machine.hpp"
#include "scenario.hpp"
#include "violations.hpp"

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace peerstore::simulator {

class SimulatedRing {
 public:
  SimulatedRing(const Scenario& scenario, const LifePlan& plan, std::uint64_t seed);
  ~SimulatedRing();
  SimulatedRing(const SimulatedRing&) = delete;
  SimulatedRing& operator=(const SimulatedRing&) = delete;

  world::VirtualClock& world() { return world_; }
  world::MachineNetwork& network() { return *network_; }
  crypto::Signatures& signatures() { return signatures_; }
  Chronicle& chronicle() { return chronicle_; }
  Violations& violations() { return violations_; }
  const Violations& violations() const { return violations_; }
  ChunkLedger& ledger() { return ledger_; }
  Random& random() { return random_; }

  const std::vector<std::unique_ptr<SimulatedMachine>>& machines() const { return machines_; }
  SimulatedMachine& machine(std::uint32_t index) { return *machines_[index]; }
  // Those that have a place in the ring, by identifier.
  const std::map<wire::MemberId, SimulatedMachine*>& by_member() const { return by_member_; }
  // Whoever has no place yet is "a stranger".
  std::string name_of(std::uint32_t machine) const {
    return machine < machines_.size() ? machines_[machine]->name() : "a stranger";
  }

  unsigned live_count() const;
  SimulatedMachine* any_live_member();
  // Any live machine that is not the one given; null if there is none.
  SimulatedMachine* any_live_machine_but(const SimulatedMachine* other);
  // The first live member at or after the key.
  std::optional<wire::MemberId> true_successor(const ring::Id& key) const;
  std::vector<MemberSnapshot> live_members() const;

  // Waits until friends let the machine in: as its person's first by an invitation, as a second one
  // by the person's own word.
  Task<void> join(SimulatedMachine& machine);
  // Tells the ring that the machine is gone for good. False if nobody is awake to hear it.
  bool announce_departure(SimulatedMachine& machine);
  // Does anybody else who is awake know of it?
  bool is_departure_known(const SimulatedMachine& machine) const;
  // Tells the ring that the machine gives no space any more. False if nobody is awake to hear it.
  bool announce_drain(SimulatedMachine& machine);
  // Machines that were lost, or left, of which nobody in the ring has heard yet.
  std::set<std::uint32_t>& unannounced() { return unannounced_; }

  // A copy that is there, whole or not, and be it on a machine that is about to go.
  HasCopy there_copy() const;
  // A copy that is there, whole or not.
  HasCopy any_copy() const;
  // A copy that is there, whole, and may be counted on.
  HasCopy good_copy() const;
  // The design promises that nothing is lost while fewer machines go at a time than there are copies.
  // Life and faults keep to that: whoever has the last good copy of something is spared.
  bool may_be_spared(const SimulatedMachine& machine) const;

 private:
  struct Joiner {
    wire::Statement invitation;
    membership::Identity identity;
  };
  void found();
  void acquaint_all();
  Joiner invite(SimulatedMachine& machine);
  Task<void> join_as_first(SimulatedMachine& machine);
  Task<void> join_as_second(SimulatedMachine& machine);

  const Scenario& scenario_;
  world::VirtualClock world_;
  SeededRandom random_;
  SeededEntropy entropy_;
  crypto::SimulatedSignatures signatures_;
  world::ContentPool contents_;
  Chronicle chronicle_{world_};
  Violations violations_{world_};
  ChunkLedger ledger_;
  std::unique_ptr<world::MachineNetwork> network_;
  membership::Identity founder_;
  std::unique_ptr<membership::Roster> founders_notes_;  // for numbers and colours of invitations
  std::vector<std::unique_ptr<SimulatedMachine>> machines_;
  std::map<wire::MemberId, SimulatedMachine*> by_member_;
  std::set<std::uint32_t> unannounced_;
};

}  // namespace peerstore::simulator
