// SimulatedMachine: one laptop of a run. It owns what outlives its process (disk, database, identity),
// runs the production node while it is up, and can be put through everything that a laptop goes
// through.
#pragma once

#include <peerstore/node/node.hpp>
#include <peerstore/node/roster_directory.hpp>
#include <peerstore/replica/chunk_client.hpp>
#include <peerstore/world/disk_database.hpp>
#include <peerstore/world/machine_clock.hpp>
#include <peerstore/world/machine_network.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <peerstore/world/virtual_key_value.hpp>

#include "laws.hpp"
#include "scenario.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace peerstore::simulator {

// What the machines of a run share; outlives them.
struct Surroundings {
  Clock& world;
  world::MachineNetwork& network;
  crypto::Signatures& signatures;
  world::ContentPool& contents;
  const Scenario& scenario;
};

class SimulatedMachine final {
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

  // Where it may ask for the ring when it starts next; later it remembers whom it knew.
  void remember_address(std::string address) { remembered_addresses_ = {std::move(address)}; }
  std::string address() const;

  // Requires an identity, and that it is neither up, nor starting, nor gone.
  // Errc of the disk, if it is too bad.
  Task<Result<void>> start();
  // Its owner put the disk of another machine, which is down, into it: does a node start? It ends at once.
  Task<Result<void>> try_disk_of(SimulatedMachine& other);
  // The process ends in order.
  Task<void> stop();
  // The process ends at once; what was not synced may be lost, torn or reordered if the power failed, too.
  void crash(bool power_failed);
  void sleep();
  void wake();
  // It has another address from now on, which others do not know until it tells them.
  void move();
  // It is up, and its disk is replaced by an empty one. Its identity is kept elsewhere (a printed kit).
  void wipe();
  // While it is up it lies in this way; before start(), from its next start on. Nothing: it is honest.
  void set_lies(std::optional<Lies> lies);
  // From now on nobody may count on its disk.
  void begin_to_go() { going_ = true; }
  // For ever; with its disk if `lost`.
  void go(bool lost);

  bool is_up() const { return node_ != nullptr; }
  bool is_asleep() const { return clock_.asleep(); }
  bool is_going() const { return going_; }
  bool is_gone() const { return gone_; }
  bool is_starting() const { return starting_; }
  bool is_stopping() const { return stopping_; }
  bool is_live() const { return is_up() && !is_asleep() && !stopping_; }
  bool has_file(const wire::ChunkAddress& address) const;
  // Its disk has it, even if the power fails now, and the machine may be counted on.
  bool has_copy(const wire::ChunkAddress& address) const;
  // It says that it has what it threw away, to owners and to whoever repairs.
  bool claims_falsely(const wire::ChunkAddress& address) const { return liar_ && liar_->claims(address); }
  // And no fault has touched the bytes, or may do so now.
  bool has_good_copy(const wire::ChunkAddress& address) const;
  // A fault is about to strike its disk: no copy on it is good until that is over.
  void set_disk_in_doubt(bool in_doubt) { disk_in_doubt_ = in_doubt; }
  bool is_disk_in_doubt() const { return disk_in_doubt_; }
  // A fault took or changed bytes that it had on disk: what it said of them may have been true.
  void set_damaged() { damaged_ = true; }
  bool is_damaged() const { return damaged_; }
  // True once after its disk was wiped.
  bool forgot_its_lives() { return std::exchange(forgot_, false); }
  bool is_honest() const { return !lies_; }

  // While it is up:
  node::Node& node() { return *node_; }
  replica::ChunkClient& client() { return *client_; }
  wire::Phase phase() const { return node_->chord().state().phase(); }
  MemberSnapshot ring_snapshot() const;  // without what it knows of the roster
  MemberSnapshot snapshot() const;

  // What its owner does on it: ends with the process, stands still while it sleeps.
  TaskScope& commands() { return commands_; }
  // For how long it has been up and awake, all lives together: the time of its own protocol.
  Duration awake_time() const;

  Clock& clock() { return clock_; }
  Random& random() { return random_; }
  Entropy& entropy() { return entropy_; }
  world::VirtualDisk& disk() { return disk_; }
  world::MachineClock& machine_clock() { return clock_; }
  world::InlineWorkers& workers() { return workers_; }
  wire::Network& client_network() { return *client_network_; }

  // Called before each call to its disk.
  using DiskObserver = std::function<void(SimulatedMachine&, world::Operation, std::string_view path)>;
  void on_disk_call(DiskObserver observer);
  // Called after each step of its ring protocol.
  void on_step(std::function<void(SimulatedMachine&)> observer) { on_step_ = std::move(observer); }

 private:
  void end_process();
  void count_awake_time(bool awake);
  void equip();
  using FactsOpening = Result<std::unique_ptr<world::DiskDatabase>>(Disk&, const std::string&);
  Result<void> open_facts(FactsOpening& opening);
  KeyValue& facts();
  Task<Result<std::unique_ptr<node::Node>>> open_node(Disk& disk, KeyValue& facts);
  Task<void> find_friends();
  void remember_friends();

  Surroundings surroundings_;
  MachineLife life_;
  std::uint32_t index_;
  world::MachineClock clock_;
  SeededRandom random_;
  SeededEntropy entropy_;
  world::VirtualDisk disk_;
  world::VirtualKeyValue facts_;                   // unless the scenario wants LevelDB
  std::unique_ptr<world::DiskDatabase> database_;  // LevelDB, of the present process
  world::InlineWorkers workers_;
  std::optional<membership::Identity> identity_;
  std::function<void(SimulatedMachine&)> on_step_;
  std::optional<Lies> lies_;
  std::uint32_t moves_ = 0;
  std::vector<std::string> remembered_addresses_;
  bool starting_ = false;
  bool stopping_ = false;
  bool going_ = false;
  bool gone_ = false;
  bool disk_in_doubt_ = false;
  bool damaged_ = false;
  bool forgot_ = false;
  Duration awake_before_{};  // until the last pause
  TimePoint awake_since_;
  std::unique_ptr<node::RosterDirectory> directory_;
  std::unique_ptr<wire::Network> client_network_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<Liar> liar_;  // stands before the node, if the machine lies
  std::unique_ptr<replica::ChunkClient> client_;
  TaskScope commands_;  // last: its tasks use everything above
};

}  // namespace peerstore::simulator
