// Who the admins are: roots that follow upon one another, proposals, and what becomes of what former
// admins stated.
#include <peerstore/membership/admins.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include <membership/test_ring.hpp>

namespace peerstore::membership {
namespace {

class Root : public testing::Test {
 protected:
  crypto::SigningPublicKey key(const Identity& who) {
    return who.person == 0 ? ring.founder.root_key : ring.keys_of(who).public_key;
  }
  crypto::SigningKeyPair keys(const Identity& who) {
    return who.person == 0 ? ring.root() : ring.keys_of(who);
  }
  wire::Statement propose(const Identity& by, const std::vector<Identity>& admins, unsigned threshold) {
    return propose(*ring.roster, by, admins, threshold);
  }
  wire::Statement propose(const Roster& roster, const Identity& by, const std::vector<Identity>& admins,
                          unsigned threshold) {
    std::vector<crypto::SigningPublicKey> named;
    for (const Identity& admin : admins) named.push_back(key(admin));
    return propose_root(ring.signatures, roster, keys(by), named, threshold).value();
  }
  wire::Statement countersigned(const wire::Statement& proposal, const Identity& by) {
    return countersign(ring.signatures, ring.ring(), proposal, keys(by));
  }
  wire::Statement invitation_by(const Identity& admin, wire::PersonNumber number, const std::string& whom) {
    return make_invitation(ring.signatures, ring.entropy, admin, *ring.roster, number, whom, 0)
        .value()
        .statement;
  }
  std::uint32_t version() const { return ring.roster->root_record().version; }
  void expect_ignored(const wire::Statement& statement) {
    const crypto::Hash before = ring.roster->digest();
    const std::uint32_t version_before = version();
    (void)ring.roster->add(statement);
    EXPECT_EQ(version(), version_before);
    EXPECT_EQ(ring.roster->digest(), before);
  }
  Roster anew() { return Roster(ring.signatures, ring.founder.root_key); }

  TestRing ring;
  Identity ann = ring.founder;
  Identity bob = ring.admit("bob");
  Identity eve = ring.admit("eve");
};

TEST_F(Root, BeginsWithTheFounderAlone) {
  EXPECT_EQ(version(), 1u);
  EXPECT_EQ(ring.roster->root_record().admins, std::vector{ann.root_key});
  EXPECT_TRUE(admin_keys(ring.signatures, *ring.roster, ann));
  EXPECT_FALSE(admin_keys(ring.signatures, *ring.roster, bob));
}

TEST_F(Root, LetsASecondAdminInviteAndExpel) {
  const wire::Statement early = ring.by(bob, RevocationStatement{eve.person, 0});
  EXPECT_FALSE(ring.roster->add(early).value());
  ring.state({propose(ann, {ann, bob}, 1)});
  EXPECT_EQ(version(), 2u);
  // What waited for it counts.
  EXPECT_TRUE(ring.roster->find(eve.member)->gone);
  ring.state({invitation_by(bob, 500, "zoe")});
  EXPECT_NE(ring.roster->invitation(500), nullptr);
  EXPECT_EQ(person_of_admin(*ring.roster, key(bob))->name, "bob");
  EXPECT_EQ(person_of_admin(*ring.roster, key(ann))->name, "ann");
}

TEST_F(Root, NeedsTheThresholdsOfBothVersions) {
  ring.state({propose(ann, {ann, bob, eve}, 2)});
  // One signature is too few: it was a proposal of version 2, which needed two of its own admins.
  EXPECT_EQ(version(), 1u);
  ASSERT_EQ(ring.roster->proposals().size(), 1u);
  EXPECT_EQ(lacking_signatures(*ring.roster, ring.roster->proposals()[0]).named, 1u);
  ring.state({countersigned(ring.roster->proposals()[0], bob)});
  EXPECT_EQ(version(), 2u);
  EXPECT_TRUE(ring.roster->proposals().empty());

  // Two of three must agree to make eve the only one, and eve is one of them or not: she has to sign as well.
  const wire::Statement alone = propose(ann, {eve}, 1);
  ring.state({alone});
  const wire::Statement by_two = countersigned(alone, bob);
  ring.state({by_two});
  EXPECT_EQ(version(), 2u);
  const Lacking lacking = lacking_signatures(*ring.roster, by_two);
  EXPECT_EQ(lacking.present, 0u);
  EXPECT_EQ(lacking.named, 1u);
  ring.state({countersigned(by_two, eve)});
  EXPECT_EQ(version(), 3u);
  EXPECT_EQ(ring.roster->root_record().admins, std::vector{key(eve)});
}

TEST_F(Root, CountsDistinctKeysAndAdminsOnly) {
  ring.state({countersigned(propose(ann, {ann, bob}, 2), bob)});
  ASSERT_EQ(version(), 2u);
  const wire::Statement one = propose(ann, {ann}, 1);
  // The same key twice, and a stranger's.
  RootStatement doubled = std::get<RootStatement>(read_statement(one).value());
  doubled.also = {{key(ann), one.signature}};
  wire::Statement forged = one;
  forged.body = sign_statement(ring.signatures, ring.ring(), doubled, keys(ann)).body;
  EXPECT_FALSE(ring.roster->add(forged));
  expect_ignored(countersigned(one, eve));
  // A countersignature that is none.
  doubled.also = {{key(bob), one.signature}};
  forged.body = sign_statement(ring.signatures, ring.ring(), doubled, keys(ann)).body;
  EXPECT_FALSE(ring.roster->add(forged));
  EXPECT_EQ(version(), 2u);
  ring.state({countersigned(one, bob)});
  EXPECT_EQ(version(), 3u);
}

TEST_F(Root, NeverGoesBack) {
  const wire::Statement second = propose(ann, {ann, bob}, 1);
  ring.state({second});
  const wire::Statement third = propose(bob, {bob, eve}, 1);
  ring.state({third});
  ASSERT_EQ(version(), 3u);
  // Replayed, and made anew by somebody who is no admin any more.
  for (const wire::Statement& old : ring.history) expect_ignored(old);
  Roster of_ann = anew();
  for (const wire::Statement& statement : ann.proof) (void)of_ann.add(statement);
  expect_ignored(propose(of_ann, ann, {ann, eve}, 1));
  ring.state({propose(bob, {bob}, 1)});
  EXPECT_EQ(version(), 4u);
}

TEST_F(Root, IsNotTakenBackByAnAdminThatWasRemoved) {
  ring.state({propose(ann, {ann, bob}, 1)});
  const Roster before = *ring.roster;
  ring.state({propose(bob, {bob}, 1)});
  // Ann's key was stolen: the thief removes bob in turn, at the same version and at later ones.
  expect_ignored(propose(before, ann, {ann}, 1));
  expect_ignored(propose(before, ann, {ann, eve}, 1));
  expect_ignored(propose(before, ann, {ann, bob, eve}, 1));
  Roster of_thief = before;
  for (int i = 0; i < 5; ++i) {
    const wire::Statement next = propose(of_thief, ann, {ann}, 1);
    (void)of_thief.add(next);
    expect_ignored(next);
  }
  EXPECT_EQ(of_thief.root_record().version, 7u);
  EXPECT_EQ(ring.roster->root_record().admins, std::vector{key(bob)});
}

TEST_F(Root, OfTwoAdminsWhoDidNotHearOfEachOtherEndsTheSameEverywhere) {
  ring.state({propose(ann, {ann, bob}, 1)});
  const Identity zoe = ring.admit("zoe");
  const wire::Statement by_ann = propose(ann, {ann, bob, eve}, 1);
  const wire::Statement by_bob = propose(bob, {ann, bob, zoe}, 1);
  Roster left = *ring.roster;
  Roster right = *ring.roster;
  for (const auto& one : {by_ann, by_bob}) (void)left.add(one);
  for (const auto& one : {by_bob, by_ann}) (void)right.add(one);
  EXPECT_EQ(left.root_record().version, 3u);
  expect_equal(left, right);
  // One that removes the other who signed stays, whatever the order.
  const wire::Statement without_ann = propose(bob, {bob}, 1);
  Roster first = *ring.roster;
  Roster second = *ring.roster;
  for (const auto& one : {by_ann, without_ann}) (void)first.add(one);
  for (const auto& one : {without_ann, by_ann}) (void)second.add(one);
  expect_equal(first, second);
  EXPECT_EQ(first.root_record().admins, std::vector{key(bob)});
}

TEST_F(Root, KeepsWhatARemovedAdminStatedAndNothingThatIsStatedLater) {
  ring.state({propose(ann, {ann, bob}, 1)});
  ring.state({invitation_by(bob, 500, "zoe"), ring.by(bob, RevocationStatement{eve.person, std::nullopt})});
  const wire::Statement unheard = ring.by(bob, RevocationStatement{0, std::nullopt});
  ring.state({propose(ann, {ann}, 1)});
  EXPECT_NE(ring.roster->invitation(500), nullptr);
  EXPECT_TRUE(ring.roster->persons().at(eve.person).gone);
  expect_ignored(unheard);
  expect_ignored(sign_statement(ring.signatures, ring.ring(),
                                InvitationStatement{501, 1, {}, key(bob), 0, 0, "mallory"}, keys(bob)));
  EXPECT_FALSE(ring.roster->persons().at(0).gone);
  // The founder may go as well: the policy and all invitations stay.
  ring.state({propose(ann, {ann, bob}, 1)});
  ring.state({propose(bob, {bob}, 1)});
  EXPECT_EQ(ring.roster->ring_name(), "cellar");
  EXPECT_EQ(ring.roster->persons().size(), 3u);
  EXPECT_EQ(ring.roster->members().size(), 3u);
}

TEST_F(Root, OfWhomOneAdminIsLeftDropsWhatNobodyKept) {
  ring.state({propose(ann, {ann, bob}, 1)});
  Roster told_later = *ring.roster;
  const wire::Statement remove = propose(ann, {ann}, 1);
  const wire::Statement meanwhile = ring.by(bob, RevocationStatement{eve.person, std::nullopt});
  ring.state({meanwhile});
  EXPECT_TRUE(ring.roster->persons().at(eve.person).gone);
  ring.state({remove});
  EXPECT_FALSE(ring.roster->persons().at(eve.person).gone);
  for (const auto& one : {remove, meanwhile}) (void)told_later.add(one);
  expect_equal(told_later, *ring.roster);
}

TEST_F(Root, ReachesOneWhoKnowsTheRingsKeyAlone) {
  ring.state({propose(ann, {ann, bob}, 1)});
  ring.state({propose(bob, {bob, eve}, 1)});
  ring.state({propose(eve, {bob, eve}, 2)});
  ring.state({countersigned(ring.roster->proposals().at(0), bob)});
  ASSERT_EQ(version(), 4u);
  Roster stranger = anew();
  for (const auto& statement : ring.roster->statements()) EXPECT_TRUE(stranger.add(statement).value());
  expect_equal(stranger, *ring.roster);
  EXPECT_EQ(stranger.root_record().version, 4u);
  // And one who was left behind learns the way, not only the end.
  Roster behind = anew();
  for (const auto& statement : ann.proof) (void)behind.add(statement);
  for (const auto& statement : ring.roster->missing_from(behind.statement_ids())) (void)behind.add(statement);
  expect_equal(behind, *ring.roster);
}

TEST_F(Root, ProposalsArePerAdminTheLatest) {
  ring.state({countersigned(propose(ann, {ann, bob}, 2), bob)});
  for (int i = 0; i < 20; ++i) ring.state({propose(ann, {ann, bob, eve}, 1 + i % 3)});
  EXPECT_EQ(ring.roster->proposals().size(), 1u);
  const auto latest = std::get<RootStatement>(read_statement(ring.roster->proposals()[0]).value());
  EXPECT_EQ(latest.attempt, 20u);
  expect_ignored(ring.history[ring.history.size() - 2]);
  // Nobody else may propose.
  expect_ignored(propose(eve, {eve}, 1));
}

TEST_F(Root, RefusesWhatNoRingCanHave) {
  const auto attempt = [&](std::vector<crypto::SigningPublicKey> admins, unsigned threshold) {
    return propose_root(ring.signatures, *ring.roster, keys(ann), std::move(admins), threshold).error().code;
  };
  EXPECT_EQ(attempt({}, 1), Errc::invalid);
  EXPECT_EQ(attempt({key(ann)}, 2), Errc::invalid);
  EXPECT_EQ(attempt({key(ann)}, 0), Errc::invalid);
  EXPECT_EQ(attempt(std::vector<crypto::SigningPublicKey>(2, key(ann)), 2), Errc::invalid);
  RootStatement root;
  root.admins = {key(ann), key(ann)};
  EXPECT_FALSE(ring.roster->add(ring.by_root(root)));
  root.admins = {key(ann)};
  root.version = 1;
  EXPECT_FALSE(ring.roster->add(ring.by_root(root)));
  // Of the far future: waits, and does not block the next.
  root.version = 4'000'000'000;
  expect_ignored(ring.by_root(root));
  ring.state({propose(ann, {ann, bob}, 1)});
  EXPECT_EQ(version(), 2u);
}

TEST_F(Root, PoliciesNeedTheThreshold) {
  ring.state({countersigned(propose(ann, {ann, bob}, 2), bob)});
  PolicyStatement policy;
  policy.version = 2;
  policy.ring_name = "attic";
  const wire::Statement by_one = sign_statement(ring.signatures, ring.ring(), policy, keys(bob));
  expect_ignored(by_one);
  expect_ignored(countersigned(by_one, eve));
  EXPECT_EQ(ring.roster->ring_name(), "cellar");
  ring.state({countersigned(by_one, ann)});
  EXPECT_EQ(ring.roster->ring_name(), "attic");
}

}  // namespace
}  // namespace peerstore::membership
