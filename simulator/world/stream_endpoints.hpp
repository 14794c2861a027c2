// The stream network as those see it who ask: the node of a machine, a command of its owner, a stranger.
#pragma once

#include "world/stream_machine.hpp"

namespace peerstore::world {

// Shows the observer what is asked and answered.
class StreamNetwork::Endpoint : public wire::Network {
 public:
  Endpoint(StreamNetwork& hub, Machine& machine) : hub_(hub), machine_(machine) {}
  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override;

 protected:
  StreamNetwork& hub() { return hub_; }
  Machine& machine() { return machine_; }

 private:
  virtual Task<Result<wire::Response>> ask(wire::MemberId peer, wire::Request request, Duration patience) = 0;

  StreamNetwork& hub_;
  Machine& machine_;
};

// Of whichever process of the node runs now.
class StreamNetwork::NodeEndpoint final : public Endpoint {
 public:
  using Endpoint::Endpoint;

 private:
  Task<Result<wire::Response>> ask(wire::MemberId peer, wire::Request request, Duration patience) override;
};

class StreamNetwork::ClientEndpoint final : public Endpoint {
 public:
  ClientEndpoint(StreamNetwork& hub, Machine& machine)
      : Endpoint(hub, machine), process_(hub, machine, *machine.equipment, link::Role::client) {}

 private:
  Task<Result<wire::Response>> ask(wire::MemberId peer, wire::Request request, Duration patience) override;
  Process process_;
};

class StreamNetwork::JoinerEndpoint final : public Endpoint {
 public:
  using Endpoint::Endpoint;

 private:
  Task<Result<wire::Response>> ask(wire::MemberId peer, wire::Request request, Duration patience) override;
};

}  // namespace peerstore::world
