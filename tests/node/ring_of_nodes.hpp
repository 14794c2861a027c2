// Whole nodes over the virtual network: founded, joined through invitations, killed, put to sleep
// and started again on their own disks.
#pragma once

#include <peerstore/crypto/merkle.hpp>
#include <peerstore/membership/invitation.hpp>
#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/node/node.hpp>
#include <peerstore/replica/chunk_client.hpp>
#include <peerstore/replica/chunk_service.hpp>
#include <peerstore/world/machine_clock.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <peerstore/world/virtual_key_value.hpp>
#include <peerstore/world/virtual_network.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace peerstore::node::test {

struct Laptop {
  explicit Laptop(world::VirtualClock& world) : clock(world), workers(clock) {}

  std::string name;
  world::MachineClock clock;
  world::InlineWorkers workers;
  world::VirtualDisk disk;
  world::VirtualKeyValue facts;
  membership::Identity identity;
  std::unique_ptr<Node> node;  // nothing: its process does not run
};

struct Chunk {
  wire::ChunkDescription description;
  std::vector<SharedBytes> segments;
  replica::ChunkRef ref;
};

class RingOfNodes {
 public:
  explicit RingOfNodes(std::size_t persons, std::uint64_t seed = 1, placement::Policy rules = {})
      : random(seed), entropy(seed + 1), hub(clock, seed + 2) {
    membership::PolicyStatement policy;
    policy.ring_name = "cellar";
    policy.policy = rules;
    Laptop& founder = buy_laptop();
    founder.identity = membership::found_ring(signatures, entropy, policy, "p0", founder.name, kGiven);
    start(founder);
    for (std::size_t i = 1; i < persons; ++i) CHECK(join("p" + std::to_string(i)).has_value());
    CHECK(until([this] { return is_one_ring(); }));
  }

  ~RingOfNodes() {
    clients.clear();
    for (const auto& laptop : laptops) {
      if (laptop->node) kill(*laptop);
    }
  }

  // ---- people ----

  membership::InvitationLink invite(const std::string& whom) {
    Laptop& founder = *laptops[0];
    auto& membership = founder.node->membership();
    const auto made = membership::make_invitation(signatures, entropy, founder.identity, membership.roster(),
                                                  membership.roster().next_person(), whom, 0, quota);
    CHECK(made.has_value());
    membership.learn({made->statement}, {});
    membership::InvitationLink link;
    link.root_key = founder.identity.root_key;
    link.token = made->token;
    link.person = made->person;
    return link;
  }

  // Invited by the founder and admitted by the node of `through`.
  Result<Laptop*> join(const std::string& person, std::size_t through = 0) {
    return join(claim(person), through);
  }
  // With what it takes to join, but not in yet.
  Laptop& claim(const std::string& person) {
    Laptop& laptop = buy_laptop();
    laptop.identity =
        membership::claim_invitation(signatures, entropy, invite(person), person, laptop.name, kGiven);
    return laptop;
  }
  Result<Laptop*> join(Laptop& laptop, std::size_t through = 0) {
    const auto link = hub.joiner();
    const wire::Join question{laptop.identity.proof};
    const auto welcome = clock.run(wire::ask(*link, laptops[through]->identity.member, question));
    if (!welcome) return welcome.error();
    const auto complete = membership::complete_identity(signatures, laptop.identity, welcome->statements);
    if (!complete) return complete.error();
    CHECK(membership::save_statements(laptop.disk, welcome->statements).has_value());
    start(laptop);
    return &laptop;
  }

  void leave_for_good(Laptop& laptop, Laptop& witness) {
    const wire::Statement departure = membership::sign_statement(
        signatures, membership::ring_id_of(laptop.identity.root_key),
        membership::DepartureStatement{laptop.identity.person, laptop.identity.machine},
        signatures.key_pair_from(laptop.identity.person_secret));
    kill(laptop);
    witness.node->membership().learn({departure}, {});
  }

  // It gives so much from now on; nothing: it is to be emptied.
  void state_space(Laptop& laptop, std::uint64_t bytes) {
    auto& membership = laptop.node->membership();
    const auto stated = membership::restate_bytes_given(
        signatures, membership.roster(), laptop.identity.person_secret, laptop.identity.member, bytes);
    CHECK(stated.has_value());
    membership.learn({*stated}, {});
  }

  // ---- machines ----

  void start(Laptop& laptop) { CHECK(try_to_start(laptop).has_value()); }
  Result<void> try_to_start(Laptop& laptop) {
    Node::Options options;
    options.addresses = {laptop.name + ".example:7000"};
    options.news_budget = news_budget;
    const Environment environment{
        laptop.clock, random,       entropy,       signatures, hub.endpoint(laptop.identity.member),
        laptop.disk,  laptop.facts, laptop.workers};
    auto node = clock.run(Node::open(environment, laptop.identity, options));
    if (!node) return node.error();
    laptop.node = std::move(*node);
    hub.attach(laptop.identity.member, laptop.node.get(), laptop.identity.person);
    laptop.node->start();
    return {};
  }
  // kill -9, and the power fails: nothing is left but what was synced.
  void kill(Laptop& laptop) {
    hub.detach(laptop.identity.member);
    laptop.node.reset();
    laptop.disk.crash();
    laptop.facts.crash();
  }
  void sleep(Laptop& laptop) {
    hub.set_asleep(laptop.identity.member, true);
    laptop.clock.sleep();
  }
  void wake(Laptop& laptop) {
    hub.set_asleep(laptop.identity.member, false);
    laptop.clock.wake();
  }

  // ---- what is seen from above ----

  std::vector<Laptop*> running() {
    std::vector<Laptop*> found;
    for (const auto& laptop : laptops) {
      if (laptop->node && !laptop->clock.asleep()) found.push_back(laptop.get());
    }
    return found;
  }
  // Everybody who runs has its true successor and predecessor, and the same roster.
  bool is_one_ring() {
    std::vector<Laptop*> ring = running();
    std::ranges::sort(ring, {}, [](const Laptop* laptop) { return laptop->identity.member; });
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const chord::RingState& state = ring[i]->node->chord().state();
      const wire::MemberId next = ring[(i + 1) % ring.size()]->identity.member;
      const wire::MemberId before = ring[(i + ring.size() - 1) % ring.size()]->identity.member;
      if (state.phase() != wire::Phase::member) return false;
      if (ring.size() > 1) {
        if (state.successors().empty() || state.successors().front().id != next) return false;
        if (!state.predecessor() || state.predecessor()->id != before) return false;
      }
      const auto& roster = ring[i]->node->membership().roster();
      if (roster.digest() != ring[0]->node->membership().roster().digest()) return false;
    }
    return true;
  }
  bool until(const auto& done, Duration limit = std::chrono::hours(1)) {
    const TimePoint end = clock.now() + limit;
    while (!done()) {
      if (clock.now() >= end) return false;
      clock.run_for(1s);
    }
    return true;
  }
  std::vector<Laptop*> holders_of(const Chunk& chunk) {
    std::vector<Laptop*> found;
    for (const auto& laptop : laptops) {
      if (laptop->node && laptop->node->chunks().find(chunk.ref.address)) found.push_back(laptop.get());
    }
    return found;
  }
  bool nobody_breaks_the_rule() {
    for (const auto& laptop : laptops) {
      if (!laptop->node) continue;
      const auto& persons = laptop->node->membership().roster().persons();
      const std::uint8_t colour = persons.at(laptop->identity.person).colour;
      bool broken = false;
      const Result<void> visited = laptop->node->chunks().for_each([&](const store::ChunkFacts& facts) {
        broken |= facts.header.chunk_class == colour || facts.header.owner == laptop->identity.person;
        return true;
      });
      if (!visited || broken) return false;
    }
    return true;
  }

  // ---- the owner ----

  Chunk make_chunk(const Laptop& owner, std::uint8_t chunk_class, std::uint32_t segments = 2) {
    Chunk chunk;
    chunk.ref.token = entropy.make<wire::ReadToken>();
    wire::ChunkHeader& header = chunk.description.header;
    header.chunk_class = chunk_class;
    header.segments = segments;
    header.owner = owner.identity.person;
    header.placement_key = entropy.make<ring::Id>();
    header.read_token_hash = replica::read_token_hash(chunk.ref.token);
    for (std::uint32_t i = 0; i < segments; ++i) {
      Bytes bytes(wire::kSegmentBytes);
      entropy.fill(bytes);
      chunk.description.leaves.push_back(crypto::merkle_leaf(bytes));
      chunk.segments.emplace_back(std::move(bytes));
    }
    chunk.ref.address = wire::address_of(chunk.description);
    chunk.ref.placement_key = header.placement_key;
    chunk.ref.chunk_class = chunk_class;
    chunk.ref.owner = owner.identity.person;
    return chunk;
  }
  // A command of the laptop's owner, with the view of its node.
  replica::ChunkClient& client(Laptop& laptop) {
    for (auto& [owner, links] : clients) {
      if (owner == &laptop) return *links.client;
    }
    Client made;
    made.network = hub.client(laptop.identity.member, laptop.identity.person);
    made.client = std::make_unique<replica::ChunkClient>(
        laptop.clock, random, *made.network, signatures, laptop.node->view(),
        replica::Writer{laptop.identity.person, laptop.identity.machine, laptop.identity.writer_secret},
        [](const wire::MemberId& member) { return ring::short_name(member); });
    clients.emplace_back(&laptop, std::move(made));
    return *clients.back().second.client;
  }
  std::vector<Chunk> put_chunks(Laptop& owner, std::size_t count) {
    std::vector<Chunk> chunks;
    for (std::size_t i = 0; i < count; ++i) {
      chunks.push_back(make_chunk(owner, static_cast<std::uint8_t>(i % wire::kClasses), 1));
      const auto outcome = clock.run(client(owner).put(chunks.back().description, chunks.back().segments));
      CHECK(outcome.has_value() && outcome->safe());
      for (const wire::Receipt& receipt : outcome->receipts) {
        chunks.back().ref.holders.push_back(receipt.holder.id);
      }
    }
    return chunks;
  }

  static constexpr std::uint64_t kGiven = std::uint64_t{1} << 30;

  world::VirtualClock clock;
  SeededRandom random;
  SeededEntropy entropy;
  crypto::SimulatedSignatures signatures;
  world::VirtualNetwork hub;
  std::uint64_t quota = 0;  // of those who are invited from now on; 0: what they give
  double news_budget = Node::Options().news_budget;  // of those that start from now on
  std::vector<std::unique_ptr<Laptop>> laptops;

 private:
  struct Client {
    std::unique_ptr<wire::Network> network;
    std::unique_ptr<replica::ChunkClient> client;
  };
  Laptop& buy_laptop() {
    laptops.push_back(std::make_unique<Laptop>(clock));
    laptops.back()->name = "laptop-" + std::to_string(laptops.size() - 1);
    return *laptops.back();
  }
  std::vector<std::pair<Laptop*, Client>> clients;
};

}  // namespace peerstore::node::test
