#include <openssl/evp.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/membership/invitation.hpp>

#include <gtest/gtest.h>

#include <membership/test_ring.hpp>

namespace peerstore::membership {
namespace {

TEST(Invitation, LetsOneIn) {
  TestRing ring;
  const InvitationLink link = ring.invite("bob", 1'800'000'000);
  const InvitationStatement* open = ring.roster->invitation(link.person);
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(open->for_whom, "bob");
  EXPECT_EQ(open->expires_at, 1'800'000'000);
  Identity bob = ring.claim(link, "bob");
  EXPECT_TRUE(bob.member.is_zero());
  ring.state(bob.proof);
  ASSERT_TRUE(complete_identity(ring.signatures, bob, ring.roster->statements()));
  const Member* member = ring.roster->find(bob.member);
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->name, "bob-laptop");
  // The proof alone shows a stranger who knows the root that bob belongs.
  Roster stranger(ring.signatures, bob.root_key);
  for (const auto& statement : bob.proof) EXPECT_TRUE(stranger.add(statement).value());
  EXPECT_NE(stranger.find(bob.member), nullptr);
  EXPECT_EQ(stranger.ring_name(), "cellar");
}

TEST(Invitation, GivesAPlaceBeforeAnybodyHasChosenAKey) {
  TestRing ring;
  const InvitationLink link = ring.invite();
  const wire::MemberId place =
      member_id_of(ring.ring(), ring.roster->invitation(link.person)->position_seed, link.person, 0);
  Identity bob = ring.claim(link, "bob");
  ring.state(bob.proof);
  ASSERT_TRUE(complete_identity(ring.signatures, bob, ring.roster->statements()));
  EXPECT_EQ(bob.member, place);
}

TEST(Invitation, IsMadeByTheFounderOnly) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  const auto made =
      make_invitation(ring.signatures, ring.entropy, bob, *ring.roster, ring.roster->next_person(), "eve", 0);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::refused);
  const auto odd = make_invitation(ring.signatures, ring.entropy, ring.founder, *ring.roster,
                                   ring.roster->next_person(), "e\nve", 0);
  EXPECT_EQ(odd.error().code, Errc::invalid);
}

TEST(Invitation, DoesNotCompleteWhenTheRingGaveThePlaceToAnother) {
  TestRing ring;
  const InvitationLink link = ring.invite();
  Identity bob = ring.claim(link, "bob");
  ring.state(ring.claim(link, "eve").proof);
  const Identity before = bob;
  const auto done = complete_identity(ring.signatures, bob, ring.roster->statements());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::refused);
  EXPECT_NE(done.error().context.find("used before, by eve"), std::string::npos);
  EXPECT_EQ(bob.member, before.member);
  EXPECT_EQ(bob.proof.size(), before.proof.size());
}

TEST(Invitation, DoesNotCompleteWithTheWelcomeOfAnotherRing) {
  TestRing ring(1);
  TestRing other(2);
  Identity bob = ring.claim(ring.invite(), "bob");
  const auto foreign = complete_identity(ring.signatures, bob, other.roster->statements());
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, Errc::refused);
  EXPECT_FALSE(complete_identity(ring.signatures, bob, {}));
  // Nor when the ring has not taken the claim, or has thrown the person out since.
  EXPECT_FALSE(complete_identity(ring.signatures, bob, ring.roster->statements()));
  ring.state(bob.proof);
  ring.state({ring.by_root(RevocationStatement{bob.person, std::nullopt})});
  EXPECT_FALSE(complete_identity(ring.signatures, bob, ring.roster->statements()));
}

TEST(Invitation, KeysFollowFromTheTokenAlone) {
  TestRing ring;
  const auto token = ring.entropy.make<InvitationToken>();
  EXPECT_EQ(token_key_pair(ring.signatures, token).public_key,
            token_key_pair(ring.signatures, token).public_key);
  EXPECT_NE(token_key_pair(ring.signatures, token).public_key,
            token_key_pair(ring.signatures, ring.entropy.make<InvitationToken>()).public_key);
}

TEST(Invitation, GivesEveryPersonItsOwnBoxKey) {
  TestRing ring;
  ring.admit("bob");
  const auto& persons = ring.roster->persons();
  EXPECT_FALSE(persons.at(0).box_key.is_zero());
  EXPECT_NE(persons.at(0).box_key, persons.at(1).box_key);
}

// libsodium makes it; OpenSSL must make the same.
TEST(Invitation, HasTheX25519KeyOfADerivedSecretForABoxKey) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  const crypto::SecretKey secret = crypto::derive_key(bob.drive_secret, "box key");
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.bytes.data(), secret.bytes.size()),
      &EVP_PKEY_free);
  crypto::BoxPublicKey expected;
  std::size_t size = expected.bytes.size();
  ASSERT_EQ(EVP_PKEY_get_raw_public_key(key.get(), expected.bytes.data(), &size), 1);
  EXPECT_EQ(ring.roster->persons().at(bob.person).box_key, expected);
}

TEST(Invitation, WorksWithRealSignatures) {
  crypto::Ed25519Signatures signatures;
  SeededEntropy entropy(3);
  PolicyStatement policy;
  policy.ring_name = "cellar";
  const Identity founder = found_ring(signatures, entropy, policy, "ann", "nuc", 1 << 30);
  Roster roster(signatures, founder.root_key);
  for (const auto& statement : founder.proof) ASSERT_TRUE(roster.add(statement).value());
  const auto made = make_invitation(signatures, entropy, founder, roster, roster.next_person(), "bob", 0);
  ASSERT_TRUE(roster.add(made.value().statement).value());
  const InvitationLink link{founder.root_key, {{"h:1", {}}}, made->token, made->person};
  Identity bob = claim_invitation(signatures, entropy, link, "bob", "laptop", 5);
  for (const auto& statement : bob.proof) ASSERT_TRUE(roster.add(statement).value());
  EXPECT_TRUE(complete_identity(signatures, bob, roster.statements()));
  EXPECT_EQ(roster.members().size(), 2u);
}

}  // namespace
}  // namespace peerstore::membership
