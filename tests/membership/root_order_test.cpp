// Random histories of a ring whose admins change, told in random orders and in two parts of a partition:
// all end equal, who was expelled stays out, and an older root never comes back.
#include <peerstore/membership/admins.hpp>
#include <peerstore/membership/machine_certificate.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include <membership/test_ring.hpp>

namespace peerstore::membership {
namespace {

class RandomRing {
 public:
  explicit RandomRing(std::uint64_t seed) : ring(seed), dice(seed) {
    people = {ring.founder};
    history = ring.founder.proof;
    for (int i = 0; i < 4; ++i) invite_somebody();
    for (int i = 0; i < 40; ++i) something_happens();
  }

  std::vector<wire::Statement> shuffled() {
    std::vector<wire::Statement> told = history;
    for (int i = 0; i < 20; ++i) told.push_back(history[dice.below(history.size())]);
    for (std::size_t i = told.size(); i > 1; --i) std::swap(told[i - 1], told[dice.below(i)]);
    return told;
  }
  Roster anew() { return Roster(ring.signatures, ring.founder.root_key); }

  TestRing ring;
  SeededRandom dice;
  std::vector<Identity> people;
  std::vector<wire::Statement> history;

 private:
  const Identity& anybody() { return people[dice.below(people.size())]; }
  crypto::SigningKeyPair keys(const Identity& who) {
    return who.person == 0 ? ring.root() : ring.keys_of(who);
  }
  bool is_admin(const Identity& who) {
    return std::ranges::count(ring.roster->root_record().admins, keys(who).public_key) > 0;
  }
  const Identity& an_admin() {
    for (;;) {
      const Identity& one = anybody();
      if (is_admin(one)) return one;
    }
  }
  // Into the history, and into the roster of somebody who hears everything in time.
  void tell(const wire::Statement& statement) {
    history.push_back(statement);
    (void)ring.roster->add(statement);
  }
  void tell_by(const Identity& who, const Fact& fact) {
    tell(sign_statement(ring.signatures, ring.ring(), fact, keys(who)));
  }

  void invite_somebody() {
    const wire::PersonNumber number = 1 + static_cast<wire::PersonNumber>(people.size());
    const auto made = make_invitation(ring.signatures, ring.entropy, an_admin(), *ring.roster, number, "", 0);
    tell(made.value().statement);
    if (dice.below(4) == 0) {  // another admin gives the number away as well
      tell(make_invitation(ring.signatures, ring.entropy, an_admin(), *ring.roster, number, "", 0)
               .value()
               .statement);
    }
    const InvitationLink link{ring.founder.root_key, {}, made->token, number};
    const std::uint64_t claims = 1 + dice.below(2);
    for (std::uint64_t i = 0; i < claims; ++i) {
      people.push_back(ring.claim(link, "p" + std::to_string(people.size())));
      for (const wire::Statement& statement : people.back().proof) tell(statement);
    }
  }
  void change_admins() {
    std::vector<crypto::SigningPublicKey> admins = {ring.founder.root_key};
    std::vector<const Identity*> signers = {&people[0]};
    for (const Identity& one : people) {
      if (one.person == 0 || dice.below(3) != 0) continue;
      admins.push_back(keys(one).public_key);
    }
    const unsigned threshold = 1 + static_cast<unsigned>(dice.below(std::min<std::size_t>(admins.size(), 3)));
    wire::Statement root =
        propose_root(ring.signatures, *ring.roster, ring.root(), admins, threshold).value();
    if (dice.below(3) == 0) tell(root);  // maybe a proposal
    for (const Identity& one : people) {
      if (has_signed(root, keys(one).public_key)) continue;
      const bool may_sign = is_admin(one) || std::ranges::count(admins, keys(one).public_key) > 0;
      if (may_sign) root = countersign(ring.signatures, ring.ring(), root, keys(one));
    }
    tell(root);
  }
  void something_happens() {
    const Identity& who = anybody();
    const Identity& whom = anybody();
    const auto machine = static_cast<std::uint32_t>(dice.below(3));
    const std::optional<std::uint32_t> end = dice.below(2) ? std::optional(machine) : std::nullopt;
    switch (dice.below(8)) {
      case 0: return change_admins();
      case 1: return invite_somebody();
      case 2: return tell_by(who, RevocationStatement{whom.person, end});  // of an admin or not
      case 3: return tell_by(an_admin(), RevocationStatement{whom.person, end});
      case 4: return tell_by(who, DepartureStatement{whom.person, end});
      case 5: {
        PolicyStatement policy;
        policy.version = static_cast<std::uint32_t>(dice.below(5));
        policy.ring_name = "ring " + std::to_string(history.size());
        return tell_by(who, policy);
      }
      case 6: {  // a forgery
        wire::Statement forged = history[dice.below(history.size())];
        forged.signature.bytes[dice.below(64)] ^= 1;
        history.push_back(forged);
        return;
      }
      default: return tell_by(who, ring.machine(who, machine, 1 + machine, whom.node_secret));
    }
  }
};

// What counts as ended is out: there, and in every roster that is given the same.
void expect_the_expelled_to_be_out(const Roster& roster) {
  for (const wire::Statement& statement : roster.statements()) {
    const Fact fact = read_statement(statement).value();
    const auto* revocation = std::get_if<RevocationStatement>(&fact);
    if (revocation == nullptr) continue;
    for (const auto& [id, member] : roster.members()) {
      const bool is_it = member.person == revocation->person &&
                         (!revocation->machine || revocation->machine == member.machine);
      EXPECT_TRUE(!is_it || member.gone);
    }
  }
}

class RootOrder : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RootOrder, DoesNotMatter) {
  RandomRing random(GetParam());
  Roster first = random.anew();
  for (const auto& statement : random.history) (void)first.add(statement);
  EXPECT_EQ(first.root_record().version, random.ring.roster->root_record().version);
  expect_the_expelled_to_be_out(first);
  for (int round = 0; round < 10; ++round) {
    const std::vector<wire::Statement> told = random.shuffled();
    Roster roster = random.anew();
    std::uint32_t highest = 1;
    for (const auto& statement : told) {
      (void)roster.add(statement);
      EXPECT_GE(roster.root_record().version, highest);
      highest = roster.root_record().version;
    }
    expect_equal(first, roster);
    Roster at_once = random.anew();
    at_once.add_all(told);
    expect_equal(first, at_once);
    Roster by_telling = random.anew();
    for (const auto& statement : roster.statements()) EXPECT_TRUE(by_telling.add(statement).value());
    expect_equal(first, by_telling);
    if (HasFailure()) FAIL() << "seed " << GetParam() << " round " << round;
  }
}

TEST_P(RootOrder, DoesNotMatterWhenTwoHalvesMeet) {
  RandomRing random(GetParam() + 1000);
  Roster left = random.anew();
  Roster right = random.anew();
  Roster both = random.anew();
  for (const auto& statement : random.shuffled()) {
    (void)both.add(statement);
    (void)(random.dice.below(2) ? left : right).add(statement);
  }
  // Each root that one learns may make more count of what waits.
  for (int exchange = 0; exchange < 12 && left.digest() != right.digest(); ++exchange) {
    for (const auto& statement : left.missing_from(right.statement_ids())) (void)right.add(statement);
    for (const auto& statement : right.missing_from(left.statement_ids())) (void)left.add(statement);
  }
  expect_equal(left, right);
  expect_the_expelled_to_be_out(left);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RootOrder, testing::Range<std::uint64_t>(0, 40));

}  // namespace
}  // namespace peerstore::membership
