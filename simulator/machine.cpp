#include "machine.hpp"

#include <peerstore/runtime/check.hpp>

namespace peerstore::simulator {

SimulatedMachine::SimulatedMachine(Surroundings surroundings, MachineLife life, std::uint32_t index,
                                   std::uint64_t seed)
    : surroundings_(surroundings),
      life_(std::move(life)),
      index_(index),
      clock_(surroundings.world),
      random_(seed),
      entropy_(seed + 1),
      disk_({.pool = &surroundings.contents}),
      workers_(clock_),
      commands_(clock_) {}

SimulatedMachine::~SimulatedMachine() {
  if (is_up()) end_process();
}

std::string SimulatedMachine::name() const {
  return "p" + std::to_string(life_.person) + "-laptop" + std::to_string(life_.machine);
}

Task<Result<void>> SimulatedMachine::start() {
  CHECK(identity_ && !is_up() && !gone_);
  wire::Network& network = surroundings_.network.endpoint(member());
  const node::Environment environment{clock_,  random_, entropy_, surroundings_.signatures,
                                      network, disk_,   facts_,   workers_};
  node::Node::Options options;
  options.addresses = {name() + ":7000"};
  Result<std::unique_ptr<node::Node>> opened = co_await node::Node::open(environment, *identity_, options);
  if (!opened) co_return opened.error();
  node_ = std::move(*opened);
  if (on_step_) {
    node_->chord().on_step([this] { on_step_(*this); });
  }
  client_network_ = surroundings_.network.client(member(), identity_->person);
  client_ = std::make_unique<replica::ChunkClient>(
      clock_, random_, *client_network_, surroundings_.signatures, node_->view(), identity_->person,
      [](const wire::MemberId& id) { return ring::short_name(id); });
  surroundings_.network.attach(member(), node_.get(), identity_->person);
  node_->start();
  co_return Result<void>();
}

Task<void> SimulatedMachine::stop() {
  commands_.cancel();
  co_await node_->stop();
  end_process();
}

void SimulatedMachine::crash(bool power_failed) {
  end_process();
  if (!power_failed) return;
  disk_.crash();
  facts_.crash();
}

void SimulatedMachine::end_process() {
  commands_.cancel();
  surroundings_.network.detach(member());
  client_.reset();
  client_network_.reset();
  node_.reset();
}

void SimulatedMachine::sleep() {
  clock_.sleep();
  surroundings_.network.set_asleep(member(), true);
}

void SimulatedMachine::wake() {
  surroundings_.network.set_asleep(member(), false);
  clock_.wake();
}

void SimulatedMachine::go(bool lost) {
  if (is_up()) end_process();
  gone_ = true;
  if (!lost) return;
  disk_.wipe();
  facts_.wipe();
}

bool SimulatedMachine::has_copy(const wire::ChunkAddress& address) {
  if (going_ || gone_) return false;
  const std::string name = to_hex(address.view());
  return disk_.survives_crash("chunks/" + name.substr(0, 2) + "/" + name);
}

MemberSnapshot SimulatedMachine::ring_snapshot() const {
  const chord::RingState& state = node_->chord().state();
  MemberSnapshot snapshot;
  snapshot.self = state.self();
  snapshot.phase = state.phase();
  snapshot.predecessor = state.predecessor();
  snapshot.successors = state.successors();
  return snapshot;
}

MemberSnapshot SimulatedMachine::snapshot() const {
  MemberSnapshot snapshot = ring_snapshot();
  snapshot.roster_digest = node_->membership().roster().digest();
  snapshot.members_believed_live = node_->membership().live_members().size();
  return snapshot;
}

void SimulatedMachine::on_disk_call(DiskObserver observer) {
  disk_.faults().set_rule([this, observer = std::move(observer)](
                              world::Operation operation, std::string_view path) -> std::optional<Error> {
    observer(*this, operation, path);
    return std::nullopt;
  });
}

}  // namespace peerstore::simulator
