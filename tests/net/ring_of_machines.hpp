// A few machines on one real loop, with real TLS links over loopback, and a service that does what the
// question says.
#pragma once

#include <gtest/gtest.h>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/runtime/combine.hpp>

#include <map>
#include <memory>
#include <string>

namespace peerstore::net {

// Runs `task` on the loop; fails the test if it takes longer than any test may.
template <class T>
T run(Loop& loop, Task<T> task);

// What all machines of a test know of one another.
struct Known {
  struct Member {
    wire::MemberId id;
    wire::PersonNumber person = 0;
    crypto::SigningPublicKey key;
    std::vector<std::string> addresses;
  };
  wire::RingId ring;
  std::map<wire::MemberId, Member> members;
};

class TestDirectory final : public Directory {
 public:
  explicit TestDirectory(Known& known) : known_(known) {}
  wire::RingId ring_id() const override { return ring_override.value_or(known_.ring); }
  std::optional<Peer> find(const crypto::SigningPublicKey& key) const override {
    for (const auto& [id, member] : known_.members) {
      if (member.key == key && strangers.count(id) == 0) return Peer{id, member.person};
    }
    return std::nullopt;
  }
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& id) const override {
    const auto found = known_.members.find(id);
    if (found == known_.members.end()) return std::nullopt;
    return found->second.key;
  }
  std::vector<std::string> addresses(const wire::MemberId& id) const override {
    const auto found = known_.members.find(id);
    return found == known_.members.end() ? std::vector<std::string>{} : found->second.addresses;
  }
  std::vector<wire::Statement> own_proof() const override { return proof; }
  void learn(const std::vector<wire::Statement>& statements) override {
    for (const wire::Statement& statement : statements) {
      learned.push_back(statement);
      if (on_learn) on_learn(statement);
    }
  }

  std::optional<wire::RingId> ring_override;
  std::map<wire::MemberId, bool> strangers;  // who this one does not take for a member
  std::vector<wire::Statement> proof;
  std::vector<wire::Statement> learned;
  std::function<void(const wire::Statement&)> on_learn;

 private:
  Known& known_;
};

// GetNeighbours: who it is. Reserve{n}: the same number, after n microseconds. GetSegment{i}: a segment
// of bytes i. PutSegment: counted. GetHeads: never answered. PutHead: refused. HaveChunks: as if others
// had timed out. Join: what came, back.
class TestService final : public wire::Service {
 public:
  explicit TestService(Clock& clock) : clock_(clock) {}
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override;

  wire::NodeRef self;
  std::vector<wire::Caller> callers;
  std::uint64_t bytes_put = 0;
  int waiting_for_ever = 0;
  int most_at_once = 0;

 private:
  Clock& clock_;
  int at_once_ = 0;
};

struct Machine {
  Machine(Loop& loop, Known& known, std::uint8_t number, TlsNetwork::Role role);
  // Listens, and is reachable by all.
  void listen(Known& known);
  std::unique_ptr<TlsNetwork> network_as(TlsNetwork::Role role);

  Loop& loop;
  wire::MemberId id;
  crypto::SigningKeyPair keys;
  TestDirectory directory;
  TestService service;
  std::unique_ptr<TlsNetwork> network;
  std::string address;
};

class RingOfMachines : public ::testing::Test {
 protected:
  RingOfMachines() { known.ring.bytes.fill(0x77); }
  // A member that listens.
  Machine& add_node(std::uint8_t number) {
    Machine& machine = add(number, TlsNetwork::Role::node, true);
    machine.listen(known);
    return machine;
  }
  // Everything else: listens only if told to.
  Machine& add(std::uint8_t number, TlsNetwork::Role role, bool is_member);

  Loop loop{4};
  Known known;
  std::vector<std::unique_ptr<Machine>> machines;
};

// ---- how it is done ----

namespace detail {
struct TimeLimit final : Timer {
  explicit TimeLimit(Loop& limited) : loop(limited) {}
  void fire() override { loop.stop(); }
  Loop& loop;
};
template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>& slot) {
  slot.emplace(co_await std::move(task));
}
}  // namespace detail

template <class T>
T run(Loop& loop, Task<T> task) {
  detail::TimeLimit limit(loop);
  loop.arm(limit, loop.now() + 60s);
  if constexpr (std::is_void_v<T>) {
    EXPECT_TRUE(loop.run(std::move(task))) << "the test took too long";
  } else {
    std::optional<T> slot;
    const bool ended = loop.run(detail::keep_result(std::move(task), slot));
    CHECK(ended && slot.has_value());
    return std::move(*slot);
  }
}

// For a task whose result nobody looks at.
template <class T>
Task<void> discard(Task<T> task) {
  (void)co_await std::move(task);
}

// Waits for a condition that something else on the loop brings about.
template <class Condition>
Task<void> until(Clock& clock, Condition condition) {
  while (!condition()) co_await clock.sleep(1ms);
}

inline Task<Result<wire::Response>> TestService::serve(wire::Caller caller, wire::Request request) {
  callers.push_back(caller);
  most_at_once = std::max(most_at_once, ++at_once_);
  if (const auto* reserve = std::get_if<wire::Reserve>(&request)) {
    co_await clock_.sleep(std::chrono::microseconds(reserve->bytes));
  }
  if (std::holds_alternative<wire::GetHeads>(request)) {
    ++waiting_for_ever;
    co_await clock_.sleep(std::chrono::hours(1));
  }
  --at_once_;
  if (const auto* reserve = std::get_if<wire::Reserve>(&request)) {
    co_return wire::Response(wire::Reserved{reserve->bytes});
  }
  if (const auto* segment = std::get_if<wire::GetSegment>(&request)) {
    const Bytes bytes(wire::kSegmentBytes, static_cast<std::uint8_t>(segment->index));
    co_return wire::Response(wire::SegmentReply{SharedBytes(bytes)});
  }
  if (const auto* segment = std::get_if<wire::PutSegment>(&request)) {
    bytes_put += segment->data.size();
    co_return wire::Response(wire::SegmentTaken{});
  }
  if (std::holds_alternative<wire::PutHead>(request)) co_return fail(Errc::refused, "not your head");
  if (std::holds_alternative<wire::HaveChunks>(request)) co_return fail(Errc::timed_out, "another holder");
  if (const auto* join = std::get_if<wire::Join>(&request)) {
    co_return wire::Response(wire::Welcome{join->statements, {}});
  }
  wire::Neighbours neighbours;
  neighbours.self = self;
  co_return wire::Response(neighbours);
}

inline Machine::Machine(Loop& its_loop, Known& known, std::uint8_t number, TlsNetwork::Role role)
    : loop(its_loop), directory(known), service(its_loop) {
  crypto::SigningSecretKey secret;
  secret.bytes.fill(number);
  keys = crypto::Ed25519Signatures().key_pair_from(secret);
  id.bytes.fill(number);
  service.self = wire::NodeRef{id, 1};
  network = network_as(role);
}

inline std::unique_ptr<TlsNetwork> Machine::network_as(TlsNetwork::Role role) {
  TlsNetwork::Options options;
  options.role = role;
  options.node_secret = keys.secret_key;
  return std::make_unique<TlsNetwork>(loop, directory, options);
}

inline void Machine::listen(Known& known) {
  const Result<std::string> bound = network->listen("127.0.0.1:0", service);
  CHECK(bound.has_value());
  address = *bound;
  const auto member = known.members.find(id);
  if (member != known.members.end()) member->second.addresses = {address};
}

inline Machine& RingOfMachines::add(std::uint8_t number, TlsNetwork::Role role, bool is_member) {
  machines.push_back(std::make_unique<Machine>(loop, known, number, role));
  Machine& machine = *machines.back();
  if (is_member) {
    known.members[machine.id] = Known::Member{machine.id, number, machine.keys.public_key, {}};
  }
  return machine;
}

}  // namespace peerstore::net
