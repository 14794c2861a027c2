// A machine as the stream network knows it, and what a process of it has there.
#pragma once

#include <peerstore/world/stream_network.hpp>

#include "world/network_machine.hpp"

namespace peerstore::world {

class StreamNetwork::Dialler final : public link::Dialler {
 public:
  Dialler(StreamNetwork& hub, Machine& machine, Clock& clock, const crypto::SigningPublicKey& key)
      : hub_(hub), machine_(machine), clock_(clock), key_(key) {}
  Task<Result<std::shared_ptr<link::ByteStream>>> dial(std::string address, TimePoint deadline) override;

 private:
  StreamNetwork& hub_;
  Machine& machine_;
  Clock& clock_;
  crypto::SigningPublicKey key_;
};

// A program that runs on a machine: the node, or a command of its owner. Its links end with it.
struct StreamNetwork::Process {
  Process(StreamNetwork& hub, Machine& machine, const Equipment& equipment, link::Role role)
      : dialler(hub, machine, equipment.clock, equipment.node_key),
        links(equipment.clock, equipment.directory, dialler, {.role = role}) {}
  Dialler dialler;
  link::LinkNetwork links;
};

// The service, with somebody who watches what comes and who may hold it up.
class StreamNetwork::Served final : public wire::Service {
 public:
  Served(StreamNetwork& hub, Machine& machine, wire::Service& service)
      : hub_(hub), machine_(machine), service_(service) {}
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override;

 private:
  StreamNetwork& hub_;
  Machine& machine_;
  wire::Service& service_;
};

struct StreamNetwork::Machine {
  explicit Machine(std::uint32_t index) : place(index) {}

  std::uint32_t place;
  unsigned island = 0;
  bool asleep = false;
  bool behind_nat = false;
  Duration slowness{};
  Line up;
  Line down;
  std::optional<Equipment> equipment;
  Counters sent;
  std::unique_ptr<wire::Network> endpoint;
  std::unique_ptr<Served> served;    // while a process serves
  std::unique_ptr<Process> process;  // after served: it goes first
};

}  // namespace peerstore::world
