#include <peerstore/membership/roster.hpp>
#include <peerstore/wire/messages.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include <membership/test_ring.hpp>

namespace peerstore::membership {
namespace {

Errc refusal(Roster& roster, const wire::Statement& statement) {
  const crypto::Hash before = roster.digest();
  const Result<bool> added = roster.add(statement);
  EXPECT_FALSE(added);
  EXPECT_EQ(roster.digest(), before);
  return added ? Errc::cancelled : added.error().code;
}

TEST(Roster, KnowsTheFounderFromTheFoundersOwnStatements) {
  TestRing ring;
  EXPECT_EQ(ring.roster->ring_name(), "cellar");
  EXPECT_EQ(ring.roster->ring_id(), ring_id_of(ring.founder.root_key));
  ASSERT_EQ(ring.roster->persons().size(), 1u);
  EXPECT_EQ(ring.roster->persons().at(0).name, "ann");
  const Member* founder = ring.roster->find(ring.founder.member);
  ASSERT_NE(founder, nullptr);
  EXPECT_EQ(founder->person, 0u);
  EXPECT_EQ(founder->name, "ann-laptop");
  EXPECT_EQ(ring.roster->find_by_node_key(founder->node_key), founder);
  EXPECT_EQ(ring.roster->next_person(), 1u);
}

TEST(Roster, GivesEachInvitationTheLeastUsedColour) {
  TestRing ring;
  for (int i = 0; i < 9; ++i) ring.invite();
  std::array<int, wire::kClasses> used{};
  ++used[ring.roster->persons().at(0).colour];
  for (const InvitationStatement& open : ring.roster->open_invitations()) ++used[open.colour];
  for (const int persons : used) EXPECT_EQ(persons, 2);
}

TEST(Roster, GivesColoursAgainOfThoseWhoAreGoneOrNeverCame) {
  const std::int64_t now = 1000;
  TestRing ring;  // its founder has colour 0
  const Identity expelled = ring.admit("expelled");
  const Identity left = ring.admit("left");
  ring.invite("late", now - 1);
  const InvitationLink withdrawn = ring.invite("withdrawn");
  const auto least_used = [&](std::int64_t at) { return ring.roster->least_used_colour(at); };
  ASSERT_EQ(least_used(0), 0u) << "one has each colour";
  ring.state({ring.by(left, DepartureStatement{left.person, left.machine})});
  EXPECT_EQ(least_used(0), 2u);
  ring.state({ring.by_root(RevocationStatement{expelled.person, std::nullopt})});
  EXPECT_EQ(least_used(0), 1u);
  EXPECT_EQ(ring.roster->invitation(ring.admit("first").person)->colour, 1u);
  EXPECT_EQ(ring.roster->invitation(ring.admit("second").person)->colour, 2u);
  EXPECT_EQ(least_used(now - 2), 0u);
  EXPECT_EQ(least_used(now), 3u) << "that invitation has expired";
  ring.state({ring.by_root(RevocationStatement{withdrawn.person, std::nullopt})});
  EXPECT_EQ(least_used(now - 2), 4u);
}

TEST(Roster, CountsAnInvitationAsOpenUntilItIsUsedOrWithdrawn) {
  TestRing ring;
  const InvitationLink first = ring.invite("bob");
  const InvitationLink second = ring.invite("eve");
  ASSERT_EQ(ring.roster->open_invitations().size(), 2u);
  ring.state(ring.claim(first, "bob").proof);
  ASSERT_EQ(ring.roster->open_invitations().size(), 1u);
  EXPECT_EQ(ring.roster->open_invitations()[0].for_whom, "eve");
  ring.state({ring.by_root(RevocationStatement{second.person, std::nullopt})});
  EXPECT_TRUE(ring.roster->open_invitations().empty());
  EXPECT_EQ(ring.roster->next_person(), 3u);
}

TEST(Roster, TellsOnlyOnceThatAStatementIsNew) {
  TestRing ring;
  Roster roster(ring.signatures, ring.founder.root_key);
  for (const wire::Statement& statement : ring.history) {
    EXPECT_TRUE(roster.add(statement).value());
    EXPECT_FALSE(roster.add(statement).value());
  }
  expect_equal(roster, *ring.roster);
}

TEST(Roster, LetsStatementsWaitForWhatTheyRestOn) {
  TestRing ring;
  ring.admit("bob");
  Roster roster(ring.signatures, ring.founder.root_key);
  for (auto at = ring.history.rbegin(); at != ring.history.rend(); ++at) {
    const bool by_root = at->signer == ring.founder.root_key;
    EXPECT_EQ(roster.add(*at).value(), by_root && at->kind <= 3);
  }
  expect_equal(roster, *ring.roster);
}

TEST(Roster, LetsRevocationsAndDeparturesWinForEver) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  const Identity eve = ring.admit("eve");
  ring.state({ring.by(bob, DepartureStatement{bob.person, 0})});
  EXPECT_TRUE(ring.roster->find(bob.member)->gone);
  EXPECT_FALSE(ring.roster->persons().at(bob.person).gone);
  ring.state({ring.by_root(RevocationStatement{eve.person, std::nullopt})});
  EXPECT_TRUE(ring.roster->find(eve.member)->gone);
  EXPECT_TRUE(ring.roster->persons().at(eve.person).gone);
  ring.state({ring.by(eve, ring.machine(eve, 1, 1, ring.entropy.make<crypto::SigningSecretKey>())),
              ring.by(bob, ring.machine(bob, 0, 9, bob.node_secret))});
  EXPECT_TRUE(ring.roster->find(bob.member)->gone);
  for (const auto& [id, member] : ring.roster->members()) EXPECT_EQ(member.gone, member.person != 0);
  EXPECT_EQ(ring.roster->map()->machines().size(), 1u);
}

TEST(Roster, TakesTheHighestVersionOfAMachine) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  ring.state({ring.by(bob, ring.machine(bob, 0, 5, bob.node_secret))});
  EXPECT_EQ(ring.roster->find(bob.member)->bytes_given, 1005u);
  const std::size_t before = ring.roster->statement_ids().size();
  EXPECT_FALSE(ring.roster->add(ring.by(bob, ring.machine(bob, 0, 3, bob.node_secret))).value());
  EXPECT_EQ(ring.roster->find(bob.member)->bytes_given, 1005u);
  EXPECT_EQ(ring.roster->statement_ids().size(), before);
}

TEST(Roster, KeepsTheMapUntilSomethingChanges) {
  TestRing ring;
  const auto map = ring.roster->map();
  EXPECT_EQ(ring.roster->map(), map);
  const Roster copy = *ring.roster;
  ring.admit("bob");
  EXPECT_NE(ring.roster->map(), map);
  EXPECT_EQ(copy.map(), map);
  EXPECT_EQ(copy.persons().size(), 1u);
}

TEST(Roster, ProvesAMemberToAStranger) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  ring.admit("eve");
  Roster stranger(ring.signatures, ring.founder.root_key);
  for (const wire::Statement& statement : ring.roster->proof_of(bob.member))
    EXPECT_TRUE(stranger.add(statement));
  ASSERT_NE(stranger.find(bob.member), nullptr);
  EXPECT_EQ(stranger.members().size(), 1u);
}

TEST(Roster, TellsWhatAnotherLacks) {
  TestRing ring;
  Roster other = *ring.roster;
  const Identity bob = ring.admit("bob");
  const auto missing = ring.roster->missing_from(other.statement_ids());
  EXPECT_EQ(missing.size(), 3u);
  for (const wire::Statement& statement : missing) EXPECT_TRUE(other.add(statement).value());
  expect_equal(other, *ring.roster);
  EXPECT_TRUE(ring.roster->missing_from(other.statement_ids()).empty());
}

// ---- batches ----

TEST(RosterBatch, IsTheSameAsOneAfterAnother) {
  TestRing ring;
  ring.admit("bob");
  std::vector<wire::Statement> batch = ring.history;
  batch.push_back(ring.history[0]);
  batch.push_back(ring.by_root(RevocationStatement{0, std::nullopt}));
  batch.back().signature.bytes[0] ^= 1;
  batch.emplace_back().body = SharedBytes(Bytes(wire::kStatementBytesMax + 1));
  for (int i = 0; i < 2; ++i) {
    Roster roster(ring.signatures, ring.founder.root_key);
    const Roster::Added added = roster.add_all(batch);
    EXPECT_EQ(added.counted.size(), ring.history.size());
    EXPECT_EQ(added.refused, 2u);
    expect_equal(roster, *ring.roster);
    EXPECT_TRUE(roster.add_all(ring.history).counted.empty());
  }
}

TEST(RosterBatch, IsKeptOnceForAllWhoWereGivenIt) {
  TestRing ring;
  ring.admit("bob");
  Roster first(ring.signatures, ring.founder.root_key);
  Roster second(ring.signatures, ring.founder.root_key);
  first.add_all(ring.history);
  second.add_all(ring.history);
  EXPECT_EQ(&first.members(), &second.members());
  // However they came there.
  Roster third(ring.signatures, ring.founder.root_key);
  EXPECT_TRUE(third.add(ring.history[0]).value());
  third.add_all(ring.history);
  EXPECT_EQ(&first.members(), &third.members());
  // Until they part.
  ring.admit("eve");
  EXPECT_FALSE(second.add_all(ring.history).counted.empty());
  EXPECT_EQ(first.members().size(), 2u);
  EXPECT_EQ(second.members().size(), 3u);
  EXPECT_TRUE(first.add(ring.by_root(RevocationStatement{1, std::nullopt})).value());
  EXPECT_FALSE(second.persons().at(1).gone);
  EXPECT_TRUE(first.persons().at(1).gone);
}

TEST(RosterBatch, DoesNotLendOneRostersTrustToAForgery) {
  TestRing ring;
  const wire::Statement good = ring.by_root(RevocationStatement{0, std::nullopt});
  wire::Statement forged = good;
  forged.signature.bytes[3] ^= 1;
  Roster first = *ring.roster;
  Roster second = *ring.roster;
  EXPECT_EQ(first.add_all({good}).counted.size(), 1u);
  const Roster::Added added = second.add_all({forged});
  EXPECT_TRUE(added.counted.empty());
  EXPECT_EQ(added.refused, 1u);
  EXPECT_FALSE(second.persons().at(0).gone);
}

TEST(RosterBatch, LetsThoseWhoWaitHaveTheirSay) {
  TestRing ring;
  Roster first = *ring.roster;
  Roster second = *ring.roster;
  const InvitationLink link = ring.invite();
  const Identity bob = ring.claim(link, "bob");
  EXPECT_FALSE(second.add(bob.proof[0]).value());  // waits for the invitation
  first.add_all({ring.history.back()});
  second.add_all({ring.history.back()});
  EXPECT_EQ(first.persons().size(), 1u);
  EXPECT_EQ(second.persons().size(), 2u);
}

// ---- hostile statements ----

TEST(Roster, DoesNotCountWhatOnlyAdminsMayStateFromAnybodyElse) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  PolicyStatement policy;
  policy.version = 99;
  policy.ring_name = "bob's";
  policy.policy.copies = 1;
  InvitationStatement invitation;
  invitation.person = 9;
  InvitationStatement another_colour = *ring.roster->invitation(bob.person);
  another_colour.colour ^= 1;
  const crypto::Hash before = ring.roster->digest();
  for (const Fact& fact :
       {Fact(policy), Fact(invitation), Fact(another_colour), Fact(RevocationStatement{0, std::nullopt})}) {
    EXPECT_FALSE(ring.roster->add(ring.by(bob, fact)).value());
  }
  EXPECT_EQ(ring.roster->digest(), before);
  EXPECT_EQ(ring.roster->ring_name(), "cellar");
}

TEST(Roster, RefusesAStatementThatNamesTheRootButIsNotSignedByIt) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  wire::Statement forged = ring.by(bob, RevocationStatement{0, std::nullopt});
  forged.signer = ring.founder.root_key;
  EXPECT_EQ(refusal(*ring.roster, forged), Errc::refused);
}

TEST(Roster, RefusesAChangedBody) {
  TestRing ring;
  wire::Statement changed = ring.by_root(RevocationStatement{7, std::nullopt});
  Bytes body(changed.body.view().begin(), changed.body.view().end());
  body[0] = 0;
  changed.body = SharedBytes(std::move(body));
  EXPECT_EQ(refusal(*ring.roster, changed), Errc::refused);
}

TEST(Roster, RefusesOneKindSignedAsAnother) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  wire::Statement departure = ring.by_root(DepartureStatement{bob.person, std::nullopt});
  departure.kind = static_cast<std::uint8_t>(StatementKind::revocation);
  EXPECT_EQ(refusal(*ring.roster, departure), Errc::refused);
}

TEST(Roster, RefusesStatementsOfAnotherRing) {
  TestRing ring(1);
  TestRing other(2);
  EXPECT_EQ(refusal(*ring.roster, other.founder.proof[0]), Errc::refused);
  // Even of the same keys, when it was signed for another ring.
  const wire::Statement elsewhere =
      sign_statement(ring.signatures, other.ring(), RevocationStatement{0, std::nullopt}, ring.root());
  EXPECT_EQ(refusal(*ring.roster, elsewhere), Errc::refused);
}

TEST(Roster, DoesNotLetAPersonSpeakForAnother) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  const Identity eve = ring.admit("eve");
  EXPECT_FALSE(ring.roster->add(ring.by(eve, DepartureStatement{bob.person, std::nullopt})).value());
  EXPECT_FALSE(ring.roster->add(ring.by(eve, ring.machine(bob, 1, 1, eve.node_secret))).value());
  EXPECT_FALSE(ring.roster->persons().at(bob.person).gone);
  EXPECT_EQ(ring.roster->members().size(), 3u);
}

TEST(Roster, RefusesTheNodeKeyOfAnotherMachine) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  const Identity eve = ring.admit("eve");
  MachineStatement stolen = ring.machine(eve, 1, 1, eve.node_secret);
  stolen.node_key = ring.signatures.key_pair_from(bob.node_secret).public_key;
  EXPECT_EQ(refusal(*ring.roster, ring.by(eve, stolen)), Errc::refused);
  // Bob's own proof, copied.
  stolen.key_proof = ring.machine(bob, 1, 1, bob.node_secret).key_proof;
  EXPECT_EQ(refusal(*ring.roster, ring.by(eve, stolen)), Errc::refused);
}

TEST(Roster, LetsTwoPersonsOnOneInvitationEndTheSameEverywhere) {
  TestRing ring;
  const InvitationLink link = ring.invite();
  const Identity bob = ring.claim(link, "bob");
  const Identity eve = ring.claim(link, "eve");
  const bool bob_wins = wire::id_of(bob.proof[0]) < wire::id_of(eve.proof[0]);
  Roster bobs = *ring.roster;
  Roster eves = *ring.roster;
  for (const auto& statement : bob.proof) EXPECT_TRUE(bobs.add(statement).value());
  for (const auto& statement : eve.proof) EXPECT_TRUE(eves.add(statement).value());
  for (const auto& statement : eve.proof) (void)bobs.add(statement);
  for (const auto& statement : bob.proof) (void)eves.add(statement);
  expect_equal(bobs, eves);
  EXPECT_EQ(bobs.persons().at(link.person).name, bob_wins ? "bob" : "eve");
  EXPECT_EQ(bobs.members().size(), 2u);
  const Identity& loser = bob_wins ? eve : bob;
  EXPECT_EQ(bobs.find_by_node_key(ring.signatures.key_pair_from(loser.node_secret).public_key), nullptr);
}

TEST(Roster, LetsTwoKeysOfOneMachineEndTheSameEverywhere) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  const auto other = ring.entropy.make<crypto::SigningSecretKey>();
  const wire::Statement changed = ring.by(bob, ring.machine(bob, 0, 9, other));
  Roster before = *ring.roster;
  Roster after(ring.signatures, ring.founder.root_key);
  (void)before.add(changed);
  (void)after.add(changed);
  for (const auto& statement : ring.history) (void)after.add(statement);
  (void)after.add(changed);
  expect_equal(before, after);
}

TEST(Roster, RefusesWhatIsOutOfRange) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  const std::string long_name(kNameBytesMax + 1, 'x');
  InvitationStatement invitation;
  invitation.person = 5;
  invitation.colour = wire::kClasses;
  EXPECT_EQ(refusal(*ring.roster, ring.by_root(invitation)), Errc::invalid);
  invitation.colour = 0;
  invitation.for_whom = long_name;
  EXPECT_EQ(refusal(*ring.roster, ring.by_root(invitation)), Errc::invalid);
  invitation.for_whom = "";
  invitation.person = kPersonNumberMax + 1;
  EXPECT_EQ(refusal(*ring.roster, ring.by_root(invitation)), Errc::invalid);
  MachineStatement machine = ring.machine(bob, kMachineNumbers, 1, bob.node_secret);
  EXPECT_EQ(refusal(*ring.roster, ring.by(bob, machine)), Errc::invalid);
  machine = ring.machine(bob, 1, 1, bob.node_secret);
  machine.name = long_name;
  EXPECT_EQ(refusal(*ring.roster, ring.by(bob, machine)), Errc::invalid);
  EXPECT_EQ(refusal(*ring.roster, ring.by(bob, DepartureStatement{bob.person, kMachineNumbers})),
            Errc::invalid);
  PolicyStatement policy;
  policy.ring_name = "cellar";
  policy.version = 2;
  policy.policy.colours = 3;
  EXPECT_EQ(refusal(*ring.roster, ring.by_root(policy)), Errc::invalid);
}

TEST(Roster, KeepsNoMoreOfAMemberThanItsOwnFewPlaces) {
  TestRing ring;
  const InvitationLink link = ring.invite();
  const Identity eve = ring.claim(link, "eve");
  ring.state(eve.proof);
  for (std::uint32_t version = 2; version < 200; ++version) {
    (void)ring.roster->add(ring.by(eve, ring.machine(eve, version % 8, version, eve.node_secret)));
    for (const auto& statement : ring.claim(link, "eve" + std::to_string(version)).proof) {
      (void)ring.roster->add(statement);
    }
  }
  EXPECT_LE(ring.roster->statement_ids().size(), 4u + 2u + kMachinesPerPersonMax);
}

TEST(Roster, BoundsTheLineOfThoseThatWait) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  // Nobody knows person 77: what its machines say can only wait.
  Identity nobody = bob;
  nobody.person = 77;
  for (std::uint32_t version = 0; version < 5000; ++version) {
    EXPECT_FALSE(ring.roster->add(ring.by(bob, ring.machine(nobody, 0, version, bob.node_secret))).value());
  }
  const Identity eve = ring.admit("eve");
  EXPECT_NE(ring.roster->find(eve.member), nullptr);
}

// ---- the property: no order, no repetition and no lie makes a difference ----

// A history with everything in it that can contend for a place.
std::vector<wire::Statement> random_history(TestRing& ring, Random& dice) {
  std::vector<Identity> people = {ring.founder};
  std::vector<wire::Statement> history = ring.founder.proof;
  for (std::uint32_t number = 1; number <= 4; ++number) {
    InvitationLink link;
    link.root_key = ring.founder.root_key;
    link.person = number;
    const InvitationToken tokens[] = {ring.entropy.make<InvitationToken>(),
                                      ring.entropy.make<InvitationToken>()};
    const std::uint64_t invitations = 1 + dice.below(4);
    for (std::uint64_t copy = 0; copy < invitations; ++copy) {
      link.token = tokens[dice.below(2)];
      InvitationStatement invitation;
      invitation.person = number;
      invitation.colour = static_cast<std::uint8_t>(dice.below(wire::kClasses));
      invitation.position_seed = ring.entropy.make<crypto::Hash>();
      invitation.token_key = token_key_pair(ring.signatures, link.token).public_key;
      history.push_back(ring.by_root(invitation));
      const std::uint64_t claims = dice.below(3);
      for (std::uint64_t claim = 0; claim < claims; ++claim) {
        const std::string name = "p" + std::to_string(people.size());
        Identity identity = ring.claim(link, name);
        history.insert(history.end(), identity.proof.begin(), identity.proof.end());
        people.push_back(identity);
        if (dice.below(3) == 0) {  // the same keys under another name
          PersonStatement again;
          again.person = number;
          again.name = name + "-again";
          again.signing_key = ring.keys_of(identity).public_key;
          history.push_back(sign_statement(ring.signatures, ring.ring(), again,
                                           token_key_pair(ring.signatures, link.token)));
        }
      }
    }
  }
  for (int i = 0; i < 25; ++i) {
    const Identity& who = people[dice.below(people.size())];
    const Identity& whom = people[dice.below(people.size())];
    const auto machine = static_cast<std::uint32_t>(dice.below(3));
    const auto version = static_cast<std::uint32_t>(dice.below(4));
    const std::optional<std::uint32_t> end = dice.below(2) ? std::optional(machine) : std::nullopt;
    switch (dice.below(6)) {
      case 0: history.push_back(ring.by(who, DepartureStatement{whom.person, end})); break;
      case 1: history.push_back(ring.by_root(RevocationStatement{whom.person, end})); break;
      case 2: {
        PolicyStatement policy;
        policy.version = version;
        policy.ring_name = "ring " + std::to_string(i);
        history.push_back(ring.by_root(policy));
        break;
      }
      default: history.push_back(ring.by(who, ring.machine(who, machine, version, whom.node_secret)));
    }
  }
  return history;
}

class RosterOrder : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RosterOrder, DoesNotMatter) {
  TestRing ring(GetParam());
  SeededRandom dice(GetParam());
  std::vector<wire::Statement> history = random_history(ring, dice);
  Roster first(ring.signatures, ring.founder.root_key);
  for (const auto& statement : history) (void)first.add(statement);
  for (int round = 0; round < 20; ++round) {
    std::vector<wire::Statement> shuffled = history;
    for (int i = 0; i < 20; ++i) shuffled.push_back(history[dice.below(history.size())]);
    for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[dice.below(i)]);
    Roster roster(ring.signatures, ring.founder.root_key);
    for (const auto& statement : shuffled) (void)roster.add(statement);
    expect_equal(first, roster);
    if (HasFailure()) FAIL() << "seed " << GetParam() << " round " << round;

    Roster at_once(ring.signatures, ring.founder.root_key);
    at_once.add_all(shuffled);
    expect_equal(first, at_once);

    // What one tells makes the other equal, without another round.
    Roster told(ring.signatures, ring.founder.root_key);
    for (const auto& statement : roster.statements()) EXPECT_TRUE(told.add(statement).value());
    expect_equal(first, told);
  }
}

TEST_P(RosterOrder, DoesNotMatterWhenTwoHalvesMeet) {
  TestRing ring(GetParam());
  SeededRandom dice(GetParam() + 1000);
  Roster left(ring.signatures, ring.founder.root_key);
  Roster right(ring.signatures, ring.founder.root_key);
  Roster both(ring.signatures, ring.founder.root_key);
  for (const auto& statement : random_history(ring, dice)) {
    (void)both.add(statement);
    (void)(dice.below(2) ? left : right).add(statement);
  }
  // Each waits for what only the other has: two exchanges bring all that can count.
  for (int exchange = 0; exchange < 2; ++exchange) {
    for (const auto& statement : left.statements()) (void)right.add(statement);
    for (const auto& statement : right.statements()) (void)left.add(statement);
  }
  expect_equal(left, right);
  expect_equal(left, both);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RosterOrder, testing::Range<std::uint64_t>(0, 30));

}  // namespace
}  // namespace peerstore::membership
