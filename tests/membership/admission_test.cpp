#include <peerstore/membership/admins.hpp>

#include <gtest/gtest.h>

#include <membership/test_world.hpp>

namespace peerstore::membership {
namespace {

constexpr WallTime kNow{1'700'000'000'000'000'000};

// The founder's node, asleep founder or not: any member admits.
class Admission : public testing::Test {
 protected:
  Result<wire::Welcome> admit(const std::vector<wire::Statement>& statements, WallTime now = kNow) {
    return world[0].membership.admit(wire::Join{statements}, now);
  }
  InvitationLink invite(std::int64_t expires_at = 0) {
    const InvitationLink link = world.ring.invite("", expires_at);
    world[0].membership.learn(world.ring.roster->statements(), {});
    return link;
  }
  // Refused with this code, a reason that says so, and nothing changed.
  void expect_refused(const std::vector<wire::Statement>& statements, Errc code, std::string_view reason,
                      WallTime now = kNow) {
    const crypto::Hash before = world[0].membership.digest();
    const auto welcome = admit(statements, now);
    ASSERT_FALSE(welcome);
    EXPECT_EQ(welcome.error().code, code) << welcome.error().message();
    EXPECT_NE(welcome.error().context.find(reason), std::string::npos) << welcome.error().context;
    EXPECT_EQ(world[0].membership.digest(), before);
  }

  TestWorld world{3};
};

TEST_F(Admission, LetsTheInvitedInAndTellsTheOthers) {
  Identity bob = world.ring.claim(invite(), "bob");
  const auto welcome = admit(bob.proof);
  ASSERT_TRUE(welcome) << welcome.error().message();
  ASSERT_TRUE(complete_identity(world.ring.signatures, bob, welcome->statements));
  EXPECT_NE(world[0].membership.roster().find(bob.member), nullptr);
  EXPECT_TRUE(world.wait(10s, [&] { return world[2].membership.roster().find(bob.member) != nullptr; }));
}

TEST_F(Admission, IsTheSameTwice) {
  const Identity bob = world.ring.claim(invite(1'700'000'100), "bob");
  ASSERT_TRUE(admit(bob.proof));
  const crypto::Hash before = world[0].membership.digest();
  const auto again = admit(bob.proof);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->statements.size(), world[0].membership.roster().size());
  // Even when it has expired since: the first answer may have been lost.
  EXPECT_TRUE(admit(bob.proof, WallTime{1'800'000'000'000'000'000}));
  EXPECT_EQ(world[0].membership.digest(), before);
}

TEST_F(Admission, RefusesTheUninvited) {
  TestRing other(9);
  expect_refused(other.claim(other.invite(), "eve").proof, Errc::refused, "no admin of this ring");
  InvitationLink link = invite();
  const Identity right = world.ring.claim(link, "bob");
  link.token.bytes[0] ^= 1;
  expect_refused(world.ring.claim(link, "eve").proof, Errc::refused, "no admin of this ring");
  link.person = 777;
  expect_refused(world.ring.claim(link, "eve").proof, Errc::refused, "no admin of this ring");
  EXPECT_TRUE(admit(right.proof));
}

TEST_F(Admission, RefusesASecondUse) {
  const InvitationLink link = invite();
  ASSERT_TRUE(admit(world.ring.claim(link, "bob").proof));
  expect_refused(world.ring.claim(link, "eve").proof, Errc::refused, "used before, by bob");
  // Whichever of the two has the lower id: who is in stays in, as far as this node decides.
  for (int i = 0; i < 8; ++i)
    expect_refused(world.ring.claim(link, "eve").proof, Errc::refused, "used before");
}

TEST_F(Admission, RefusesTheExpired) {
  const Identity bob = world.ring.claim(invite(1'700'000'000), "bob");
  expect_refused(bob.proof, Errc::refused, "expired");
  EXPECT_TRUE(admit(bob.proof, WallTime{1'699'999'999'000'000'000}));
}

TEST_F(Admission, RefusesTheWithdrawn) {
  const InvitationLink link = invite();
  world[0].membership.learn({world.ring.by_root(RevocationStatement{link.person, std::nullopt})}, {});
  expect_refused(world.ring.claim(link, "bob").proof, Errc::refused, "withdrawn");
}

TEST_F(Admission, RefusesWhatAFormerAdminInvitesAndLetsInWhomItInvitedBefore) {
  TestRing& ring = world.ring;
  const Identity& bob = world[1].identity;
  const crypto::SigningKeyPair bobs_keys = ring.keys_of(bob);
  const auto admins_are = [&](std::vector<crypto::SigningPublicKey> admins) {
    ring.state({propose_root(ring.signatures, *ring.roster, ring.root(), std::move(admins), 1).value()});
  };
  const auto invite_by_bob = [&](wire::PersonNumber number) {
    return make_invitation(ring.signatures, ring.entropy, bob, *ring.roster, number, "", 0).value();
  };
  const auto link_to = [&](const NewInvitation& made) {
    return InvitationLink{ring.founder.root_key, {{"h:1", {}}}, made.token, made.person};
  };
  admins_are({ring.founder.root_key, bobs_keys.public_key});
  const NewInvitation before = invite_by_bob(700);
  const NewInvitation hidden = invite_by_bob(701);
  ring.state({before.statement});
  admins_are({ring.founder.root_key});
  world[0].membership.learn(ring.roster->statements(), {});
  world[0].membership.learn({hidden.statement}, {});
  EXPECT_TRUE(admit(ring.claim(link_to(before), "zoe").proof));
  expect_refused(ring.claim(link_to(hidden), "eve").proof, Errc::refused, "no admin of this ring");
}

TEST_F(Admission, RefusesThoseWhoLeft) {
  const Identity bob = world.ring.claim(invite(), "bob");
  ASSERT_TRUE(admit(bob.proof));
  world[0].membership.learn({world.ring.by(bob, DepartureStatement{bob.person, 0})}, {});
  expect_refused(bob.proof, Errc::refused, "machine has left");
  world[0].membership.learn({world.ring.by(bob, DepartureStatement{bob.person, std::nullopt})}, {});
  expect_refused(bob.proof, Errc::refused, "left the ring");
}

TEST_F(Admission, RefusesWhatIsNoClaim) {
  const InvitationLink link = invite();
  const Identity bob = world.ring.claim(link, "bob");
  const Identity eve = world.ring.claim(link, "eve");
  expect_refused({}, Errc::invalid, "claim");
  expect_refused({bob.proof[0]}, Errc::invalid, "claim");
  expect_refused({bob.proof[1], bob.proof[0]}, Errc::invalid, "claim");
  expect_refused({bob.proof[0], bob.proof[1], bob.proof[1]}, Errc::invalid, "claim");
  expect_refused({bob.proof[0], eve.proof[1]}, Errc::invalid, "claim");
  expect_refused({bob.proof[0], world.ring.by_root(RevocationStatement{0, std::nullopt})}, Errc::invalid,
                 "claim");
  wire::Statement odd = bob.proof[0];
  odd.kind = 200;
  expect_refused({odd, bob.proof[1]}, Errc::unsupported, "kind 200");
}

TEST_F(Admission, RefusesWhatIsNotSigned) {
  const Identity bob = world.ring.claim(invite(), "bob");
  for (std::size_t which = 0; which < 2; ++which) {
    std::vector<wire::Statement> forged = bob.proof;
    forged[which].signature.bytes[5] ^= 1;
    expect_refused(forged, Errc::refused, "not signed");
  }
}

TEST_F(Admission, RefusesTheNodeKeyOfAnotherMachine) {
  const Identity bob = world.ring.claim(invite(), "bob");
  MachineStatement machine = world.ring.machine(bob, 0, 1, world[1].identity.node_secret);
  expect_refused({bob.proof[0], world.ring.by(bob, machine)}, Errc::refused, "belongs to another machine");
}

}  // namespace
}  // namespace peerstore::membership
