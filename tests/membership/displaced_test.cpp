#include <peerstore/membership/displaced.hpp>
#include <peerstore/membership/machine_certificate.hpp>

#include <membership/test_ring.hpp>

namespace peerstore::membership {
namespace {

class DisplacedTest : public testing::Test {
 protected:
  // A further machine of the person, as `recovery use` makes it, and what it shows of itself.
  struct Machine {
    crypto::SigningPublicKey node_key;
    std::vector<wire::Statement> proof;
  };
  Machine machine(const Identity& person, std::uint32_t number) {
    const MachineSecrets secrets = make_machine_secrets(ring.signatures, ring.entropy);
    Machine made{node_key_of(secrets.node_secret), person.proof};
    std::erase_if(made.proof, [](const wire::Statement& statement) {
      return statement.kind == static_cast<std::uint8_t>(StatementKind::machine);
    });
    made.proof.push_back(certify_machine(ring.signatures, ring.ring(), person.person_secret,
                                         {person.person, number, "lx", 100}, secrets));
    return made;
  }
  crypto::SigningPublicKey node_key_of(const crypto::SigningSecretKey& secret) {
    return ring.signatures.key_pair_from(secret).public_key;
  }
  bool is_out(const Machine& one) {
    return is_displaced(ring.signatures, *ring.roster, one.node_key, one.proof);
  }
  bool is_out(const Identity& one) {
    return is_displaced(ring.signatures, *ring.roster, node_key_of(one.node_secret), one.proof);
  }
  void hear(const std::vector<wire::Statement>& statements) { (void)ring.roster->add_all(statements); }

  TestRing ring;
};

TEST_F(DisplacedTest, IsTheMachineWhoseNumberAnotherOneHasForGood) {
  const Identity bob = ring.admit("bob");
  Machine one = machine(bob, 1);
  Machine other = machine(bob, 1);
  if (other.node_key < one.node_key) std::swap(one, other);
  hear(other.proof);
  EXPECT_FALSE(is_out(other));
  EXPECT_FALSE(is_out(one)) << "the ring takes it as soon as it hears of it";
  hear(one.proof);
  EXPECT_TRUE(is_out(other));
  EXPECT_FALSE(is_out(one));
  EXPECT_FALSE(is_out(machine(bob, 2)));
  // The number stays the other's, whatever comes of that one.
  ring.state({ring.by(bob, DepartureStatement{bob.person, 1})});
  EXPECT_TRUE(is_out(other));
}

TEST_F(DisplacedTest, IsWhoUsedAnInvitationThatTheRingHoldsForUsedByAnother) {
  const InvitationLink link = ring.invite("bob");
  const Identity bob = ring.claim(link, "bob");
  const Identity eve = ring.claim(link, "eve");
  const auto whole = [&](const Identity& claim) {
    std::vector<wire::Statement> proof = ring.history;
    proof.insert(proof.end(), claim.proof.begin(), claim.proof.end());
    return proof;
  };
  const auto out = [&](const Identity& claim) {
    return is_displaced(ring.signatures, *ring.roster, node_key_of(claim.node_secret), whole(claim));
  };
  EXPECT_FALSE(out(bob)) << "it may have been let in just now";
  hear(bob.proof);
  hear(eve.proof);
  const bool is_bob_in = ring.roster->persons().at(link.person).name == "bob";
  EXPECT_EQ(out(bob), !is_bob_in);
  EXPECT_EQ(out(eve), is_bob_in);
}

TEST_F(DisplacedTest, IsNobodyWhoseProofIsNotGoodOrNotItsOwn) {
  const Identity bob = ring.admit("bob");
  Machine winner = machine(bob, 1);
  Machine loser = machine(bob, 1);
  if (loser.node_key < winner.node_key) std::swap(winner, loser);
  hear(winner.proof);
  ASSERT_TRUE(is_out(loser));
  Machine forged = loser;
  forged.proof.back().signature.bytes[0] ^= 1;
  EXPECT_FALSE(is_out(forged));
  Machine incomplete = loser;
  incomplete.proof.erase(incomplete.proof.begin(), incomplete.proof.end() - 1);
  EXPECT_FALSE(is_out(incomplete));
  const Identity mallory = ring.admit("mallory");
  EXPECT_FALSE(is_displaced(ring.signatures, *ring.roster, node_key_of(mallory.node_secret), loser.proof));
  EXPECT_FALSE(is_displaced(ring.signatures, *ring.roster, loser.node_key, {}));
  TestRing elsewhere(2);
  EXPECT_FALSE(is_out(elsewhere.admit("bob")));
}

}  // namespace
}  // namespace peerstore::membership
