// SimulatedMachine: one laptop of a run. It owns what outlives its process (disk, database, identity),
// runs the production node while it is up, and can be put through everything that a laptop goes
// through.
#pragma once

#include <peerstore/node/node.hpp>
#include <peerstore/replica/chunk_client.hpp>
#include <peerstore/world/machine_clock.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <peerstore/world/virtual_key_value.hpp>
#include <peerstore/world/virtual_network.hpp>

#include "laws.hpp"
#include "life.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace peerstore::simulator {

// What the machines of a run share; outlives them.
struct Surroundings {
  Clock& world;
  world::VirtualNetwork& network;
  crypto::Signatures& signatures;
  world::ContentPool& contents;
};

class SimulatedMachine {
 public:
  SimulatedMachine(Surroundings surroundings, MachineLife life, std::uint32_t index, std::uint64_t seed);
  ~SimulatedMachine();
  SimulatedMachine(const SimulatedMachine&) = delete;
  SimulatedMachine& operator=(const SimulatedMachine&) = delete;

  const MachineLife& life() const { return life_; }
  std::uint32_t index() const { return index_; }
  std::string name() const;

  // It has a place in the ring from now on.
  void set_identity(membership::Identity identity) { identity_ = std::move(identity); }
  const std::optional<membership::Identity>& identity() const { return identity_; }
  const wire::MemberId& member() const { return identity_->member; }

  // Requires an identity, and that it is neither up nor gone.
  Task<Result<void>> start();
  // The process ends in order.
  Task<void> stop();
  // The process ends at once; what was not synced is lost if the power failed, too.
  void crash(bool power_failed);
  void sleep();
  void wake();
  // From now on nobody may count on its disk.
  void begin_to_go() { going_ = true; }
  // For ever; with its disk if `lost`.
  void go(bool lost);

  bool is_up() const { return node_ != nullptr; }
  bool is_asleep() const { return clock_.asleep(); }
  bool is_going() const { return going_; }
  bool is_gone() const { return gone_; }
  bool is_live() const { return is_up() && !is_asleep(); }
  // Its disk has it, even if the power fails now, and may be counted on.
  bool has_copy(const wire::ChunkAddress& address);

  // While it is up:
  node::Node& node() { return *node_; }
  replica::ChunkClient& client() { return *client_; }
  wire::Phase phase() const { return node_->chord().state().phase(); }
  MemberSnapshot ring_snapshot() const;  // without what it knows of the roster
  MemberSnapshot snapshot() const;

  // What its owner does on it: ends with the process, stands still while it sleeps.
  TaskScope& commands() { return commands_; }

  Clock& clock() { return clock_; }
  Random& random() { return random_; }
  Entropy& entropy() { return entropy_; }
  world::VirtualDisk& disk() { return disk_; }

  // Called before each call to its disk.
  using DiskObserver = std::function<void(SimulatedMachine&, world::Operation, std::string_view path)>;
  void on_disk_call(DiskObserver observer);
  // Called after each step of its ring protocol.
  void on_step(std::function<void(SimulatedMachine&)> observer) { on_step_ = std::move(observer); }

 private:
  void end_process();

  Surroundings surroundings_;
  MachineLife life_;
  std::uint32_t index_;
  world::MachineClock clock_;
  SeededRandom random_;
  SeededEntropy entropy_;
  world::VirtualDisk disk_;
  world::VirtualKeyValue facts_;
  world::InlineWorkers workers_;
  std::optional<membership::Identity> identity_;
  std::function<void(SimulatedMachine&)> on_step_;
  bool going_ = false;
  bool gone_ = false;
  std::unique_ptr<wire::Network> client_network_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<replica::ChunkClient> client_;
  TaskScope commands_;  // last: its tasks use everything above
};

}  // namespace peerstore::simulator
