#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <gtest/gtest.h>

#include <membership/test_ring.hpp>

namespace peerstore::membership {
namespace {

wire::Statement with_body(wire::Statement statement, Bytes body) {
  statement.body = SharedBytes(std::move(body));
  return statement;
}

std::vector<wire::Statement> one_of_each(TestRing& ring) {
  const Identity bob = ring.admit("bob");
  InvitationStatement invitation;
  invitation.person = 7;
  invitation.colour = 4;
  invitation.position_seed = ring.entropy.make<crypto::Hash>();
  invitation.token_key = ring.root().public_key;
  invitation.expires_at = -5;
  invitation.for_whom = "Zo\xc3\xab";
  RootStatement root;
  root.admins = {ring.root().public_key};
  root.kept = {wire::id_of(bob.proof[2])};
  const wire::Statement by_two =
      countersign(ring.signatures, ring.ring(), ring.by_root(root), ring.keys_of(bob));
  return {by_two,
          ring.founder.proof[0],
          ring.by_root(invitation),
          bob.proof[2],
          ring.by(bob, ring.machine(bob, 3, 4, bob.node_secret)),
          ring.by(bob, DepartureStatement{bob.person, 2}),
          ring.by_root(RevocationStatement{bob.person, std::nullopt})};
}

TEST(Statement, SaysAfterReadingWhatWasSigned) {
  TestRing ring;
  PolicyStatement policy;
  policy.version = 3;
  policy.ring_name = "attic";
  policy.policy.copies = 2;
  policy.policy.colours = 0;
  policy.policy.bytes_per_token = 123456789012;
  policy.policy.tokens_max = 1;
  policy.policy.grace = std::chrono::minutes(5);
  const wire::Statement signed_policy = ring.by_root(policy);
  const auto read = std::get<PolicyStatement>(read_statement(signed_policy).value());
  EXPECT_EQ(read.version, 3u);
  EXPECT_EQ(read.ring_name, "attic");
  EXPECT_EQ(read.policy, policy.policy);

  const MachineStatement machine = ring.machine(ring.founder, 5, 6, ring.founder.node_secret);
  const auto same = std::get<MachineStatement>(read_statement(ring.by(ring.founder, machine)).value());
  EXPECT_EQ(same.machine, 5u);
  EXPECT_EQ(same.version, 6u);
  EXPECT_EQ(same.name, machine.name);
  EXPECT_EQ(same.node_key, machine.node_key);
  EXPECT_EQ(same.bytes_given, machine.bytes_given);
  EXPECT_EQ(same.key_proof, machine.key_proof);

  const auto departure =
      std::get<DepartureStatement>(read_statement(ring.by_root(DepartureStatement{9, 3})).value());
  EXPECT_EQ(departure.person, 9u);
  EXPECT_EQ(departure.machine, 3u);
}

TEST(Statement, KindsAreSignedAsTheOneTheyAre) {
  TestRing ring;
  std::uint8_t kind = 1;
  for (const wire::Statement& statement : one_of_each(ring)) {
    EXPECT_EQ(statement.kind, kind);
    const Result<Fact> fact = read_statement(statement);
    ASSERT_TRUE(fact);
    EXPECT_EQ(fact->index(), kind - 1u);
    EXPECT_TRUE(is_signed(ring.signatures, ring.ring(), statement, *fact));
    wire::Statement other = statement;
    other.kind = static_cast<std::uint8_t>(kind % 7 + 1);
    EXPECT_FALSE(is_signed(ring.signatures, ring.ring(), other, *fact));
    ++kind;
  }
}

TEST(Statement, IsRefusedWhenCutShortOrTooLong) {
  TestRing ring;
  for (const wire::Statement& statement : one_of_each(ring)) {
    const Bytes body(statement.body.view().begin(), statement.body.view().end());
    for (std::size_t size = 0; size < body.size(); ++size) {
      const auto cut = read_statement(with_body(statement, Bytes(body.begin(), body.begin() + size)));
      ASSERT_FALSE(cut) << "kind " << int{statement.kind} << " at " << size;
      EXPECT_EQ(cut.error().code, Errc::invalid);
    }
    Bytes longer = body;
    longer.push_back(0);
    EXPECT_FALSE(read_statement(with_body(statement, longer)));
    longer.resize(9000);
    EXPECT_FALSE(read_statement(with_body(statement, longer)));
  }
}

TEST(Statement, SurvivesAnyBytes) {
  TestRing ring;
  SeededRandom dice(4);
  const std::vector<wire::Statement> good = one_of_each(ring);
  for (int i = 0; i < 20'000; ++i) {
    const wire::Statement& statement = good[dice.below(good.size())];
    Bytes body(statement.body.view().begin(), statement.body.view().end());
    const std::uint64_t changes = 1 + dice.below(4);
    for (std::uint64_t k = 0; k < changes; ++k) {
      const std::uint64_t at = dice.below(body.size());
      body[at] = static_cast<std::uint8_t>(dice.next());
    }
    const wire::Statement changed = with_body(statement, std::move(body));
    const Result<Fact> fact = read_statement(changed);
    if (!fact) continue;
    // What is still a statement has one encoding: signing it again gives the same bytes.
    const wire::Statement again = ring.by_root(*fact);
    EXPECT_EQ(again.body, changed.body);
  }
}

TEST(Statement, OfALaterVersionIsSaidToBeUnknown) {
  wire::Statement later;
  for (const int kind : {0, 8, 255}) {
    later.kind = static_cast<std::uint8_t>(kind);
    EXPECT_EQ(read_statement(later).error().code, Errc::unsupported);
  }
}

TEST(Statement, PlacesFollowFromRingSeedAndNumbersAlone) {
  TestRing ring(1);
  TestRing other(2);
  const auto seed = ring.entropy.make<crypto::Hash>();
  EXPECT_EQ(member_id_of(ring.ring(), seed, 5, 1), member_id_of(ring.ring(), seed, 5, 1));
  EXPECT_NE(member_id_of(ring.ring(), seed, 5, 1), member_id_of(ring.ring(), seed, 5, 2));
  EXPECT_NE(member_id_of(ring.ring(), seed, 5, 1), member_id_of(ring.ring(), seed, 6, 1));
  EXPECT_NE(member_id_of(ring.ring(), seed, 5, 1), member_id_of(other.ring(), seed, 5, 1));
}

TEST(Name, MayBeShownToPeople) {
  for (const char* good : {"", "bob", "Zo\xc3\xab", "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x8d\x95", "<b>"}) {
    EXPECT_TRUE(is_name(good)) << good;
  }
  const std::string bad[] = {"a\nb",
                             "\x1b[31m",
                             std::string(1, '\0'),
                             "\x7f",
                             "\xc2\x9b",  // controls
                             "\xe2\x80\xae"
                             "fdp",
                             "\xe2\x81\xa6x",  // turn the writing
                             "\xc3",
                             "\xff",
                             "\x80",
                             "\xc0\xaf",
                             "\xed\xa0\x80",
                             "\xf5\x80\x80\x80",
                             std::string(kNameBytesMax + 1, 'a')};
  for (const std::string& text : bad) EXPECT_FALSE(is_name(text)) << to_hex(as_bytes(text));
  EXPECT_TRUE(is_name(std::string(kNameBytesMax, 'a')));
}

}  // namespace
}  // namespace peerstore::membership
