// Memberships of one ring over a virtual network, each answering as a node does.
#pragma once

#include <peerstore/membership/membership.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_network.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <membership/test_ring.hpp>

namespace peerstore::membership {

class Peer final : public wire::Service {
 public:
  Peer(Clock& clock, std::uint64_t seed, crypto::Signatures& signatures, world::VirtualNetwork& hub,
       Roster roster, Identity given_identity, Membership::Options options)
      : random(seed),
        identity(std::move(given_identity)),
        membership(clock, random, signatures, hub.endpoint(identity.member), std::move(roster),
                   identity.member, options) {
    hub.attach(identity.member, this, identity.person);
  }

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override {
    membership.heard_from(caller.member);
    if (const auto* compare = std::get_if<wire::ComparePresences>(&request)) {
      ++exchanges;
      co_return wire::Response(membership.answer(*compare, caller.is_client));
    }
    if (const auto* exchange = std::get_if<wire::ExchangeRoster>(&request)) {
      co_return wire::Response(membership.answer(*exchange));
    }
    if (auto* push = std::get_if<wire::PushStatements>(&request)) {
      ++pushes;
      membership.hear(std::move(*push));
      co_return wire::Response(wire::Done{});
    }
    if (std::holds_alternative<wire::GetNeighbours>(request)) {
      wire::Neighbours neighbours;
      neighbours.self.id = identity.member;
      neighbours.roster = membership.marks();
      co_return wire::Response(neighbours);
    }
    co_return fail(Errc::unsupported, "not in this test");
  }

  SeededRandom random;
  Identity identity;
  Membership membership;
  int exchanges = 0;
  int pushes = 0;
};

class TestWorld {
 public:
  explicit TestWorld(std::size_t size, Membership::Options given_options = {}, std::uint64_t seed = 1)
      : ring(seed), hub(clock, seed), options(given_options) {
    std::vector<Identity> identities = {ring.founder};
    while (identities.size() < size)
      identities.push_back(ring.admit("p" + std::to_string(identities.size())));
    for (const Identity& identity : identities) add(identity);
  }
  Peer& add(const Identity& identity) {
    peers.push_back(std::make_unique<Peer>(clock, 100 + peers.size(), ring.signatures, hub, *ring.roster,
                                           identity, options));
    peers.back()->membership.start();
    return *peers.back();
  }
  Peer& operator[](std::size_t i) { return *peers[i]; }
  const wire::MemberId& id(std::size_t i) { return peers[i]->identity.member; }

  wire::Presence presence(std::size_t of, std::uint64_t incarnation, std::uint64_t sequence,
                          const std::string& address = "192.0.2.7:7000") {
    return presence(peers[of]->identity, incarnation, sequence, address);
  }
  wire::Presence presence(const Identity& identity, std::uint64_t incarnation, std::uint64_t sequence,
                          const std::string& address = "192.0.2.7:7000") {
    wire::Presence made;
    made.node = {identity.member, incarnation};
    made.sequence = sequence;
    made.addresses = {address};
    made.signature =
        ring.signatures.sign(identity.node_secret, "presence", ring.ring(), wire::presence_bytes(made));
    return made;
  }

  // Somebody whom nobody here has heard of yet: the statements that let it in, and its first word.
  std::pair<std::vector<wire::Statement>, wire::Presence> newcomer() {
    const Identity identity = ring.admit("newcomer");
    return {ring.roster->proof_of(identity.member), presence(identity, 1, 1)};
  }

  // As at a stabilisation: `asker` learns the marks of `asked`.
  void compare(std::size_t asker, std::size_t asked) {
    peers[asker]->membership.compare(id(asked), peers[asked]->membership.marks());
  }
  bool all_agree() const {
    for (const auto& peer : peers) {
      if (peer->membership.digest() != peers[0]->membership.digest()) return false;
    }
    return true;
  }
  // Lets time pass until `condition` holds; false if it does not within `limit`.
  bool wait(Duration limit, const std::function<bool()>& condition) {
    const TimePoint end = clock.now() + limit;
    while (!condition()) {
      if (clock.now() >= end) return false;
      clock.run_for(50ms);
    }
    return true;
  }

  TestRing ring;
  world::VirtualClock clock;
  world::VirtualNetwork hub;
  Membership::Options options;
  std::vector<std::unique_ptr<Peer>> peers;
};

}  // namespace peerstore::membership
