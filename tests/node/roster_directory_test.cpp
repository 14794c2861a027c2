#include <peerstore/node/roster_directory.hpp>

#include <gtest/gtest.h>
#include <membership/test_ring.hpp>
#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/world/virtual_clock.hpp>

namespace peerstore::node {
namespace {

class NoNetwork final : public wire::Network {
 public:
  Task<Result<wire::Response>> call(wire::MemberId, wire::Request, Duration) override {
    co_return fail(Errc::unreachable, "nobody there");
  }
};

class RosterDirectoryTest : public testing::Test {
 protected:
  // A directory over what the ring knows now.
  void open() {
    membership =
        std::make_unique<membership::Membership>(clock, random, ring.signatures, network, *ring.roster,
                                                 ring.founder.member, membership::Membership::Options{});
    directory = std::make_unique<RosterDirectory>(clock, ring.ring(), ring.founder.proof);
    directory->use(*membership, ring.signatures);
  }
  bool knows(const membership::Identity& identity) {
    return directory->find(ring.signatures.key_pair_from(identity.node_secret).public_key).has_value();
  }

  bool is_gone(const membership::Identity& identity) {
    return directory->is_gone(ring.signatures.key_pair_from(identity.node_secret).public_key, identity.proof);
  }

  world::VirtualClock clock;
  SeededRandom random{1};
  NoNetwork network;
  membership::TestRing ring;
  std::unique_ptr<membership::Membership> membership;
  std::unique_ptr<RosterDirectory> directory;
};

TEST_F(RosterDirectoryTest, LearnsAMemberThatOthersAdmittedFromItsProof) {
  const membership::InvitationLink link = ring.invite("bob");
  open();
  const membership::Identity bob = ring.claim(link, "bob");
  directory->learn(bob.proof);
  EXPECT_TRUE(knows(bob));
}

TEST_F(RosterDirectoryTest, AUsedInvitationInAStrangersProofDisplacesNobody) {
  const membership::InvitationLink link = ring.invite("bob");
  const membership::Identity bob = ring.claim(link, "bob");
  ring.state(bob.proof);
  open();
  // Among many claims some have a lower id than bob's, which settles clashes between members.
  for (int i = 0; i < 20; ++i) {
    const membership::Identity mallory = ring.claim(link, "mallory");
    directory->learn(mallory.proof);
    EXPECT_FALSE(knows(mallory));
    EXPECT_TRUE(knows(bob));
  }
}

TEST_F(RosterDirectoryTest, AnExpiredInvitationInAStrangersProofAdmitsNobody) {
  const std::int64_t now = clock.wall_time().nanoseconds / 1'000'000'000;
  const membership::InvitationLink link = ring.invite("bob", now - 1);
  open();
  const membership::Identity mallory = ring.claim(link, "mallory");
  directory->learn(mallory.proof);
  EXPECT_FALSE(knows(mallory));
  EXPECT_FALSE(is_gone(mallory)) << "it may have come in while this machine slept";
}

TEST_F(RosterDirectoryTest, TellsWhoIsGoneFromWhomItDoesNotKnow) {
  const membership::Identity bob = ring.admit("bob");
  const membership::Identity carol = ring.claim(ring.invite("carol"), "carol");
  ring.state({ring.by(bob, membership::DepartureStatement{bob.person, bob.machine})});
  {
    const RosterDirectory starting(clock, ring.ring(), ring.founder.proof);
    EXPECT_FALSE(starting.is_gone(ring.signatures.key_pair_from(bob.node_secret).public_key, bob.proof));
  }
  open();
  EXPECT_TRUE(is_gone(bob));
  EXPECT_FALSE(knows(bob));
  EXPECT_FALSE(is_gone(carol));
  EXPECT_FALSE(is_gone(ring.founder));
}

TEST_F(RosterDirectoryTest, TakesForGoneWhomTheRingForgotForAnother) {
  const membership::Identity bob = ring.admit("bob");
  // Two machines of bob's that took the same number, apart from each other.
  std::vector<membership::Identity> twins;
  for (int i = 0; i < 2; ++i) {
    const auto secrets = membership::make_machine_secrets(ring.signatures, ring.entropy);
    membership::Identity twin = bob;
    twin.node_secret = secrets.node_secret;
    twin.machine = 1;
    twin.proof.back() = membership::certify_machine(ring.signatures, ring.ring(), bob.person_secret,
                                                    {bob.person, 1, "twin", 100}, secrets);
    (void)ring.roster->add(twin.proof.back());
    twins.push_back(std::move(twin));
  }
  open();
  if (knows(twins[1])) std::swap(twins[0], twins[1]);
  EXPECT_TRUE(knows(twins[0]));
  EXPECT_FALSE(is_gone(twins[0]));
  EXPECT_FALSE(knows(twins[1]));
  EXPECT_TRUE(is_gone(twins[1]));
}

}  // namespace
}  // namespace peerstore::node
