// A ring with its founder, and means to invite and admit others by hand.
#pragma once

#include <gtest/gtest.h>
#include <peerstore/membership/invitation.hpp>

#include <string>
#include <vector>

namespace peerstore::membership {

class TestRing {
 public:
  explicit TestRing(std::uint64_t seed = 1) : entropy(seed) {
    PolicyStatement policy;
    policy.ring_name = "cellar";
    founder = found_ring(signatures, entropy, policy, "ann", "ann-laptop", 1 << 30);
    roster = std::make_unique<Roster>(signatures, founder.root_key);
    state(founder.proof);
  }

  crypto::SigningKeyPair root() { return signatures.key_pair_from(*founder.root_secret); }
  crypto::SigningKeyPair keys_of(const Identity& identity) {
    return signatures.key_pair_from(identity.person_secret);
  }
  wire::RingId ring() const { return roster->ring_id(); }
  wire::Statement by_root(const Fact& fact) { return sign_statement(signatures, ring(), fact, root()); }
  wire::Statement by(const Identity& identity, const Fact& fact) {
    return sign_statement(signatures, ring(), fact, keys_of(identity));
  }

  // Adds to the ring's own roster, and to the history.
  void state(const std::vector<wire::Statement>& statements) {
    for (const wire::Statement& statement : statements) {
      history.push_back(statement);
      const Result<bool> added = roster->add(statement);
      ASSERT_TRUE(added) << added.error().message();
    }
  }

  InvitationLink invite(const std::string& for_whom = "", std::int64_t expires_at = 0) {
    const auto made =
        make_invitation(signatures, entropy, founder, *roster, roster->next_person(), for_whom, expires_at);
    state({made.value().statement});
    InvitationLink link;
    link.root_key = founder.root_key;
    link.doors = {{"192.0.2.1:7000", signatures.key_pair_from(founder.node_secret).public_key}};
    link.token = made->token;
    link.person = made->person;
    return link;
  }
  Identity claim(const InvitationLink& link, const std::string& name) {
    return claim_invitation(signatures, entropy, link, name, name + "-laptop", 1 << 30);
  }
  // Invited and in.
  Identity admit(const std::string& name) {
    Identity identity = claim(invite(name), name);
    state(identity.proof);
    EXPECT_TRUE(complete_identity(signatures, identity, roster->statements()));
    return identity;
  }
  // A machine of `person`: its first one if the key is its own, at any version.
  MachineStatement machine(const Identity& person, std::uint32_t number, std::uint32_t version,
                           const crypto::SigningSecretKey& node_secret) {
    MachineStatement made;
    made.person = person.person;
    made.machine = number;
    made.version = version;
    made.name = person.person_name + "-" + std::to_string(number);
    made.node_key = signatures.key_pair_from(node_secret).public_key;
    made.bytes_given = 1000 + version;
    prove_node_key(signatures, ring(), made, node_secret);
    return made;
  }

  crypto::SimulatedSignatures signatures;
  SeededEntropy entropy;
  Identity founder;
  std::unique_ptr<Roster> roster;
  std::vector<wire::Statement> history;
};

// Two rosters that hold the same, looked at through everything they show.
inline void expect_equal(const Roster& a, const Roster& b) {
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_EQ(a.statement_ids(), b.statement_ids());
  EXPECT_EQ(a.policy(), b.policy());
  EXPECT_EQ(a.ring_name(), b.ring_name());
  EXPECT_EQ(a.next_person(), b.next_person());
  EXPECT_EQ(a.least_used_colour(0), b.least_used_colour(0));
  EXPECT_EQ(a.map()->machines(), b.map()->machines());
  ASSERT_EQ(a.persons().size(), b.persons().size());
  for (const auto& [number, person] : a.persons()) {
    const Person& other = b.persons().at(number);
    EXPECT_EQ(person.name, other.name);
    EXPECT_EQ(person.colour, other.colour);
    EXPECT_EQ(person.signing_key, other.signing_key);
    EXPECT_EQ(person.box_key, other.box_key);
    EXPECT_EQ(person.gone, other.gone);
    EXPECT_EQ(person.purge_key, other.purge_key);
    EXPECT_EQ(person.bytes_quota, other.bytes_quota);
  }
  ASSERT_EQ(a.members().size(), b.members().size());
  for (const auto& [id, member] : a.members()) {
    const Member* other = b.find(id);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(member.person, other->person);
    EXPECT_EQ(member.machine, other->machine);
    EXPECT_EQ(member.name, other->name);
    EXPECT_EQ(member.node_key, other->node_key);
    EXPECT_EQ(member.writer_key, other->writer_key);
    EXPECT_EQ(member.bytes_given, other->bytes_given);
    EXPECT_EQ(member.gone, other->gone);
  }
}

}  // namespace peerstore::membership
