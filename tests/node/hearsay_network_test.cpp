// Whom an answer named can be reached, and how much of the ring is followed is no single member's choice.
#include "node/hearsay_network.hpp"

#include <gtest/gtest.h>

#include "node/ring_of_nodes.hpp"
#include "node/roster_acquaintances.hpp"

namespace peerstore::node::test {
namespace {

// Answers for everybody, and writes down who was asked what.
class Everybody final : public wire::Network {
 public:
  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration) override {
    asked.push_back(ring::short_name(peer) + " " + std::string(wire::name_of(request)));
    if (std::holds_alternative<wire::GetNeighbours>(request)) co_return wire::Response(neighbours);
    if (std::holds_alternative<wire::GetWhereabouts>(request)) co_return wire::Response(whereabouts);
    co_return wire::Response(wire::Pong{});
  }
  wire::Neighbours neighbours;
  wire::RosterDifference whereabouts;
  std::vector<std::string> asked;
};

struct HearsayNetworkTest : testing::Test {
  // One that knows who belongs to the ring, and of nobody where it is.
  HearsayNetworkTest()
      : ring(3),
        self(ring.laptops[0]->identity.member),
        namer(ring.laptops[1]->identity.member),
        named(ring.laptops[2]->identity.member),
        membership(ring.clock, ring.random, ring.signatures, everybody,
                   membership::Roster(ring.signatures, ring.laptops[0]->identity.root_key), self, {}),
        network(ring.clock, everybody, membership, self) {
    membership.learn(ring.laptops[0]->node->membership().roster().statements(), {});
    word = *ring.laptops[2]->node->membership().presence(named);
    everybody.neighbours.self = {namer, 1};
    everybody.neighbours.successors = {word.node};
    everybody.whereabouts.presences = {word};
  }
  void ask(const wire::MemberId& peer, wire::Request request) {
    EXPECT_TRUE(ring.clock.run(network.call(peer, std::move(request), wire::kPatience)));
  }
  std::string to(const wire::MemberId& peer, const char* question) {
    return ring::short_name(peer) + " " + question;
  }

  RingOfNodes ring;
  wire::MemberId self;
  wire::MemberId namer;
  wire::MemberId named;
  wire::Presence word;
  Everybody everybody;
  membership::Membership membership;
  HearsayNetwork network;
};

TEST_F(HearsayNetworkTest, AsksWhoeverNamedAMemberWhereThatIs) {
  ask(namer, wire::GetNeighbours{});
  ask(named, wire::Ping{});
  ask(named, wire::Ping{});
  const std::vector<std::string> expected{to(namer, "GetNeighbours"), to(namer, "GetWhereabouts"),
                                          to(named, "Ping"), to(named, "Ping")};
  EXPECT_EQ(everybody.asked, expected);
  ASSERT_NE(membership.presence(named), nullptr);
  EXPECT_EQ(*membership.presence(named), word);
}

TEST_F(HearsayNetworkTest, ANewLifeMayBeElsewhere) {
  membership.learn({}, {word});
  ask(namer, wire::GetNeighbours{});
  ask(named, wire::Ping{});
  EXPECT_EQ(everybody.asked.size(), 2U) << "the way is known";
  ++everybody.neighbours.successors.front().incarnation;
  ask(namer, wire::GetNeighbours{});
  ask(named, wire::Ping{});
  EXPECT_EQ(everybody.asked[3], to(namer, "GetWhereabouts"));
}

TEST_F(HearsayNetworkTest, OneWhoNamesInVainIsNotAskedEachTime) {
  everybody.whereabouts.presences.front().signature.bytes[0] ^= 1;
  ask(namer, wire::GetNeighbours{});
  ask(named, wire::Ping{});
  ask(named, wire::Ping{});
  EXPECT_EQ(everybody.asked.size(), 4U);
  EXPECT_EQ(membership.presence(named), nullptr) << "a forged word";
}

TEST_F(HearsayNetworkTest, PastTheBudgetLearnsWhereItsNextSuccessorsAreBeforeItNeedsThem) {
  network.look_ahead(true);
  membership.learn({}, {*ring.laptops[1]->node->membership().presence(namer), word});
  ++everybody.neighbours.successors.front().incarnation;
  ask(namer, wire::GetNeighbours{});
  ring.clock.run_for(1s);
  EXPECT_EQ(everybody.asked.size(), 1U) << "it is not the first successor";
  everybody.neighbours.predecessor = wire::NodeRef{self, 1};
  ask(namer, wire::GetNeighbours{});
  ring.clock.run_for(1s);
  EXPECT_EQ(everybody.asked.back(), to(namer, "GetWhereabouts"));
}

TEST_F(HearsayNetworkTest, PastTheBudgetAsksAtOnceWhereStrangersAre) {
  network.look_ahead(true);
  ask(namer, wire::GetNeighbours{});
  ring.clock.run_for(1s);
  EXPECT_NE(membership.presence(named), nullptr);
}

TEST_F(HearsayNetworkTest, NoSingleMemberDecidesHowMuchOfTheRingIsFollowed) {
  using Custom = RosterAcquaintances::Custom;
  RosterAcquaintances acquaintances(ring.clock, membership, self);
  const auto voice = [&](std::uint8_t member, bool neighbours_only) {
    wire::MemberId id;
    id.bytes[0] = member;
    acquaintances.compare_roster(id, {1, neighbours_only ? 0U : 1U});
  };
  for (int i = 0; i < 100; ++i) voice(1, true);
  EXPECT_EQ(acquaintances.custom(), Custom::unknown);
  voice(2, false);
  voice(3, false);
  EXPECT_EQ(acquaintances.custom(), Custom::whole_ring);
  voice(4, true);
  EXPECT_EQ(acquaintances.custom(), Custom::unknown);
  voice(5, true);
  EXPECT_EQ(acquaintances.custom(), Custom::neighbours_only);
}

}  // namespace
}  // namespace peerstore::node::test
