// Production nodes over byte streams: framing, greetings, codecs and links are what the daemon uses.
#include <peerstore/membership/invitation.hpp>
#include <peerstore/node/node.hpp>
#include <peerstore/replica/chunk_client.hpp>
#include <peerstore/world/machine_clock.hpp>
#include <peerstore/world/stream_network.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <peerstore/world/virtual_key_value.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace peerstore::node::test {
namespace {

constexpr std::uint64_t kGiven = std::uint64_t{1} << 30;

// What the network asks about the ring, from the node's membership once there is one.
class NodeDirectory final : public link::Directory {
 public:
  explicit NodeDirectory(const membership::Identity& identity) : identity_(identity) {}
  void use(membership::Membership* membership) { membership_ = membership; }

  wire::RingId ring_id() const override { return membership::ring_id_of(identity_.root_key); }
  std::optional<Peer> find(const crypto::SigningPublicKey& node_key) const override {
    if (membership_ == nullptr) return std::nullopt;
    const membership::Member* found = membership_->roster().find_by_node_key(node_key);
    if (found == nullptr || found->gone) return std::nullopt;
    return Peer{found->id, found->person};
  }
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& member) const override {
    if (membership_ == nullptr) return std::nullopt;
    const membership::Member* found = membership_->roster().find(member);
    if (found == nullptr || found->gone) return std::nullopt;
    return found->node_key;
  }
  std::vector<std::string> addresses(const wire::MemberId& member) const override {
    if (membership_ == nullptr) return {};
    const wire::Presence* presence = membership_->presence(member);
    return presence == nullptr ? std::vector<std::string>() : presence->addresses;
  }
  std::vector<wire::Statement> own_proof() const override { return identity_.proof; }
  void learn(const std::vector<wire::Statement>& proof) override {
    if (membership_ != nullptr) membership_->learn(proof, {});
  }

 private:
  const membership::Identity& identity_;
  membership::Membership* membership_ = nullptr;
};

struct Laptop {
  Laptop(world::VirtualClock& world, std::size_t number)
      : name("laptop-" + std::to_string(number)), clock(world), workers(clock) {}

  std::string name;
  world::MachineClock clock;
  world::InlineWorkers workers;
  world::VirtualDisk disk;
  world::VirtualKeyValue facts;
  membership::Identity identity;
  NodeDirectory directory{identity};
  std::unique_ptr<Node> node;
};

class StreamRingOfNodes {
 public:
  explicit StreamRingOfNodes(std::size_t persons, std::uint64_t seed = 1)
      : random_(seed), entropy_(seed + 1), hub(clock, seed + 2) {
    membership::PolicyStatement policy;
    policy.ring_name = "cellar";
    Laptop& founder = buy_laptop();
    founder.identity = membership::found_ring(signatures_, entropy_, policy, "p0", founder.name, kGiven);
    start(founder);
    while (laptops.size() < persons) join("p" + std::to_string(laptops.size()));
  }
  ~StreamRingOfNodes() {
    for (const auto& laptop : laptops) {
      if (laptop->node) kill(*laptop);
    }
  }

  void join(const std::string& person) {
    Laptop& founder = *laptops[0];
    auto& membership = founder.node->membership();
    const auto invited =
        membership::make_invitation(signatures_, entropy_, founder.identity, membership.roster(),
                                    membership.roster().next_person(), person, 0);
    CHECK(invited.has_value());
    membership.learn({invited->statement}, {});
    membership::InvitationLink invitation;
    invitation.root_key = founder.identity.root_key;
    invitation.token = invited->token;
    invitation.person = invited->person;
    Laptop& laptop = buy_laptop();
    laptop.identity =
        membership::claim_invitation(signatures_, entropy_, invitation, person, laptop.name, kGiven);
    const auto stranger = hub.joiner();
    const auto welcome =
        clock.run(wire::ask(*stranger, founder.identity.member, wire::Join{laptop.identity.proof}));
    CHECK(welcome.has_value());
    CHECK(membership::complete_identity(signatures_, laptop.identity, welcome->statements).has_value());
    CHECK(membership::save_statements(laptop.disk, welcome->statements).has_value());
    start(laptop);
  }

  void start(Laptop& laptop) {
    const wire::MemberId member = laptop.identity.member;
    const std::string address = laptop.name + ":7000";
    hub.equip(member, {laptop.clock, laptop.directory,
                       signatures_.key_pair_from(laptop.identity.node_secret).public_key, address});
    Node::Options options;
    options.addresses = {address};
    const Environment environment{laptop.clock,         random_,     entropy_,     signatures_,
                                  hub.endpoint(member), laptop.disk, laptop.facts, laptop.workers};
    auto opened = clock.run(Node::open(environment, laptop.identity, options));
    CHECK(opened.has_value());
    laptop.node = std::move(*opened);
    laptop.directory.use(&laptop.node->membership());
    hub.attach(member, laptop.node.get(), laptop.identity.person);
    clock.run(find_friends(laptop));
    laptop.node->start();
  }
  // As the daemon does with the addresses that it kept.
  Task<void> find_friends(Laptop& laptop) {
    for (const auto& other : laptops) {
      if (other.get() == &laptop || !other->node) continue;
      const auto found =
          co_await hub.links(laptop.identity.member).connect(other->name + ":7000", std::nullopt);
      if (!found) continue;
      const auto learned = co_await laptop.node->membership().exchange(*found);
      if (learned) co_return;
    }
  }
  void kill(Laptop& laptop) {
    hub.detach(laptop.identity.member);
    laptop.directory.use(nullptr);
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

  // Everybody who runs has its true successor and predecessor, and the same roster.
  bool is_one_ring() const {
    std::vector<const Laptop*> ring;
    for (const auto& laptop : laptops) {
      if (laptop->node && !laptop->clock.asleep()) ring.push_back(laptop.get());
    }
    std::ranges::sort(ring, {}, [](const Laptop* laptop) { return laptop->identity.member; });
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const chord::RingState& state = ring[i]->node->chord().state();
      const wire::MemberId next = ring[(i + 1) % ring.size()]->identity.member;
      const wire::MemberId before = ring[(i + ring.size() - 1) % ring.size()]->identity.member;
      if (state.phase() != wire::Phase::member) return false;
      if (state.successors().empty() || state.successors().front().id != next) return false;
      if (!state.predecessor() || state.predecessor()->id != before) return false;
      const auto& roster = ring[i]->node->membership().roster();
      if (roster.digest() != ring[0]->node->membership().roster().digest()) return false;
    }
    return true;
  }
  bool becomes_one_ring() {
    const TimePoint end = clock.now() + 1h;
    while (!is_one_ring()) {
      if (clock.now() >= end) return false;
      clock.run_for(1s);
    }
    return true;
  }

 private:
  Laptop& buy_laptop() {
    laptops.push_back(std::make_unique<Laptop>(clock, laptops.size()));
    return *laptops.back();
  }

  SeededRandom random_;
  SeededEntropy entropy_;
  crypto::SimulatedSignatures signatures_;

 public:
  world::VirtualClock clock;
  world::StreamNetwork hub;
  std::vector<std::unique_ptr<Laptop>> laptops;
};

TEST(StreamRing, OfFiveNodesBecomesIdeal) {
  StreamRingOfNodes ring(5);
  EXPECT_TRUE(ring.becomes_one_ring());
  for (const auto& laptop : ring.laptops) {
    EXPECT_EQ(laptop->node->membership().roster().members().size(), 5U);
  }
}

TEST(StreamRing, ClosesAroundANodeThatDiesAndTakesItBack) {
  StreamRingOfNodes ring(5);
  ASSERT_TRUE(ring.becomes_one_ring());
  ring.kill(*ring.laptops[2]);
  EXPECT_TRUE(ring.becomes_one_ring());
  ring.start(*ring.laptops[2]);
  EXPECT_TRUE(ring.becomes_one_ring());
}

TEST(StreamRing, HealsAfterANightsSleep) {
  StreamRingOfNodes ring(5);
  ASSERT_TRUE(ring.becomes_one_ring());
  for (const std::size_t sleeper : {1U, 3U}) ring.sleep(*ring.laptops[sleeper]);
  EXPECT_TRUE(ring.becomes_one_ring());
  ring.clock.run_for(8h);
  for (const std::size_t sleeper : {1U, 3U}) ring.wake(*ring.laptops[sleeper]);
  EXPECT_TRUE(ring.becomes_one_ring());
}

TEST(StreamRing, BecomesIdealAgainAfterAPartitionAndFlippedBits) {
  StreamRingOfNodes ring(5);
  ASSERT_TRUE(ring.becomes_one_ring());
  // As under TLS. Without it a bit that is flipped in an incarnation is as good as a member's own word.
  ring.hub.set_corruption(0.02, world::StreamNetwork::Corruption::breaks_the_link);
  for (const std::size_t islander : {0U, 3U}) ring.hub.set_island(ring.laptops[islander]->identity.member, 1);
  ring.clock.run_for(10min);
  EXPECT_FALSE(ring.is_one_ring());
  ring.hub.set_corruption(0);
  ring.hub.heal();
  EXPECT_TRUE(ring.becomes_one_ring());
}

std::uint64_t events_of(std::uint64_t seed) {
  StreamRingOfNodes ring(4, seed);
  ring.clock.run_for(10min);
  return ring.clock.events() * 1'000'003 + ring.hub.counters().bytes;
}

TEST(StreamRing, RepeatsWithTheSeed) {
  EXPECT_EQ(events_of(1), events_of(1));
  EXPECT_NE(events_of(1), events_of(2));
}

}  // namespace
}  // namespace peerstore::node::test
