#include <peerstore/membership/machine_certificate.hpp>

#include <gtest/gtest.h>

#include <membership/test_ring.hpp>

#include <algorithm>

namespace peerstore::membership {
namespace {

class MachineCertificate : public testing::Test {
 protected:
  wire::Statement certify(std::uint32_t number) {
    const MachineSecrets secrets = make_machine_secrets(ring.signatures, ring.entropy);
    const NewMachine machine{bob.person, number, "bob-" + std::to_string(number), 100};
    return certify_machine(ring.signatures, ring.ring(), bob.person_secret, machine, secrets);
  }
  std::size_t live_machines_of_bob() const {
    std::size_t live = 0;
    for (const auto& [id, member] : ring.roster->members()) {
      live += member.person == bob.person && !member.gone ? 1 : 0;
    }
    return live;
  }

  TestRing ring;
  Identity bob = ring.admit("bob");
};

TEST_F(MachineCertificate, AddsALaptopWithoutAnAdmin) {
  EXPECT_EQ(free_machine_number(*ring.roster, bob.person).value(), 1u);
  const MachineSecrets secrets = make_machine_secrets(ring.signatures, ring.entropy);
  const NewMachine laptop{bob.person, 1, "bob-tower", 77};
  ring.state({certify_machine(ring.signatures, ring.ring(), bob.person_secret, laptop, secrets)});
  const auto node_key = ring.signatures.key_pair_from(secrets.node_secret).public_key;
  const Member* member = ring.roster->find_by_node_key(node_key);
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->name, "bob-tower");
  EXPECT_EQ(member->bytes_given, 77u);
  EXPECT_EQ(member->writer_key, ring.signatures.key_pair_from(secrets.writer_secret).public_key);
  EXPECT_EQ(free_machine_number(*ring.roster, bob.person).value(), 2u);
  EXPECT_EQ(free_machine_number(*ring.roster, 99).error().code, Errc::not_found);
}

TEST_F(MachineCertificate, RenewsAWriterKeyAndRemembersTheOneBefore) {
  const auto writer = [&] { return ring.signatures.make_key_pair(ring.entropy).public_key; };
  const wire::MemberId id = bob.member;
  const Member before = *ring.roster->find(id);
  const auto keys = std::vector{writer(), writer()};
  for (const crypto::SigningPublicKey& key : keys) {
    ring.state({renew_writer(ring.signatures, *ring.roster, id, bob.person_secret, key).value()});
    EXPECT_EQ(ring.roster->find(id)->writer_key, key);
  }
  const Member* member = ring.roster->find(id);
  EXPECT_EQ(member->former_writers, (std::vector{before.writer_key, keys[0]}));
  EXPECT_EQ(member->node_key, before.node_key);
  EXPECT_EQ(member->bytes_given, before.bytes_given);
  // None for a while; and one that has ended never comes back.
  ring.state({renew_writer(ring.signatures, *ring.roster, id, bob.person_secret, {}).value()});
  EXPECT_TRUE(ring.roster->find(id)->writer_key.is_zero());
  EXPECT_EQ(ring.roster->find(id)->former_writers.back(), keys[1]);
  const auto again = renew_writer(ring.signatures, *ring.roster, id, bob.person_secret, keys[0]).value();
  EXPECT_EQ(read_statement(again).error().code, Errc::invalid);
  ring.state({renew_writer(ring.signatures, *ring.roster, id, bob.person_secret, writer()).value()});
}

TEST_F(MachineCertificate, EndsWriterKeysOfAllMachinesEvenIfOneHasHadAsManyAsItMay) {
  const auto writer = [&] { return ring.signatures.make_key_pair(ring.entropy).public_key; };
  const auto renew = [&](const crypto::SigningPublicKey& key) {
    return renew_writer(ring.signatures, *ring.roster, bob.member, bob.person_secret, key);
  };
  ring.state({certify(1), certify(2)});
  const auto id_of = [&](std::uint32_t machine) {
    return member_id_of(ring.ring(), ring.roster->invitation(bob.person)->position_seed, bob.person, machine);
  };
  const auto ended = [&](std::vector<crypto::SigningPublicKey> keys) {
    return end_writers(ring.signatures, *ring.roster, bob.person, bob.person_secret, id_of(2), keys);
  };
  std::vector<crypto::SigningPublicKey> keys;
  for (std::uint32_t machine = 0; machine < 3; ++machine) {
    keys.push_back(ring.roster->find(id_of(machine))->writer_key);
  }
  // None is given that could not be taken away again.
  for (std::size_t i = 1; i < kFormerWritersMax; ++i) ring.state({renew(writer()).value()});
  EXPECT_EQ(renew(writer()).error().code, Errc::full);
  keys[0] = ring.roster->find(bob.member)->writer_key;
  const auto all = ended(keys);
  EXPECT_TRUE(all.impossible.empty());
  EXPECT_EQ(std::ranges::count(all.machines, id_of(2)), 0) << "the one where it is run";
  EXPECT_EQ(all.machines.size(), 2u);

  // A thief who had the person's key may have filled the list: then that machine alone goes on.
  MachineStatement filled = ring.roster->machine_statement(bob.member).value();
  filled.former_writers.push_back(filled.writer_key);
  filled.writer_key = keys[0] = writer();
  filled.version += 1;
  ring.state({sign_statement(ring.signatures, ring.ring(), filled,
                             ring.signatures.key_pair_from(bob.person_secret))});
  const auto others = ended(keys);
  EXPECT_EQ(others.impossible, std::vector{bob.member});
  EXPECT_EQ(others.machines, std::vector{id_of(1)});
  ring.state(others.statements);
  EXPECT_TRUE(ring.roster->find(id_of(1))->writer_key.is_zero());
  // A machine that has made another since is left alone.
  ring.state({renew_writer(ring.signatures, *ring.roster, id_of(1), bob.person_secret, writer()).value()});
  EXPECT_TRUE(ended({keys[1], keys[2]}).statements.empty());
}

TEST_F(MachineCertificate, IsStatedAnewWhenAMachineGivesMoreOrNothing) {
  const auto given = [&] { return ring.roster->find(bob.member)->bytes_given; };
  const auto states = [&](std::uint64_t bytes) {
    return restate_bytes_given(ring.signatures, *ring.roster, bob.person_secret, bob.member, bytes).value();
  };
  const std::uint64_t before = given();
  const auto node_key = ring.roster->find(bob.member)->node_key;
  const wire::Statement drained = states(0);
  ring.state({drained});
  EXPECT_EQ(given(), 0u);
  const auto map = ring.roster->map();
  ASSERT_NE(map->find(bob.member), nullptr) << "its person, and the heads that it keeps, still count";
  for (std::uint8_t chunk_class = 0; chunk_class < wire::kClasses; ++chunk_class) {
    const auto holders = map->preference_list({ring::Id{}, chunk_class, bob.person + 100});
    EXPECT_EQ(std::ranges::count(holders, bob.member), 0) << "nobody's holder any more";
  }
  EXPECT_FALSE(ring.roster->find(bob.member)->gone);
  EXPECT_EQ(ring.roster->find(bob.member)->node_key, node_key);
  ring.state({states(before)});
  EXPECT_EQ(ring.roster->map()->find(bob.member)->bytes_given, before);
  ring.state({drained});
  EXPECT_EQ(given(), before) << "the newer word stands";
  EXPECT_EQ(restate_bytes_given(ring.signatures, *ring.roster, bob.person_secret, {}, 1).error().code,
            Errc::not_found);
}

TEST_F(MachineCertificate, CountsTheEightLowestThatAreNotGone) {
  for (std::uint32_t number = 1; number < 10; ++number) ring.state({certify(number)});
  EXPECT_EQ(live_machines_of_bob(), kMachinesPerPersonMax);
  EXPECT_EQ(free_machine_number(*ring.roster, bob.person).error().code, Errc::full);
  // One goes, the next in line comes in; and numbers are not used again.
  ring.state({ring.by_root(RevocationStatement{bob.person, 3})});
  EXPECT_EQ(live_machines_of_bob(), kMachinesPerPersonMax);
  for (const std::uint32_t gone : {0u, 1u}) ring.state({ring.by_root(RevocationStatement{bob.person, gone})});
  EXPECT_EQ(live_machines_of_bob(), 7u);
  EXPECT_EQ(free_machine_number(*ring.roster, bob.person).value(), 10u);
}

TEST_F(MachineCertificate, GivesAPersonTheQuotaOfTheInvitationOrWhatItGives) {
  EXPECT_EQ(ring.roster->persons().at(bob.person).bytes_quota, std::uint64_t{1} << 30);
  ring.state({certify(1)});
  EXPECT_EQ(ring.roster->persons().at(bob.person).bytes_quota, (std::uint64_t{1} << 30) + 100);
  ring.state({ring.by_root(RevocationStatement{bob.person, 0})});
  EXPECT_EQ(ring.roster->persons().at(bob.person).bytes_quota, 100u);
}

TEST_F(MachineCertificate, GivesNobodyMoreThanTheFormatAllowsByItsOwnWord) {
  const auto states = [&](const Identity& who, std::uint64_t bytes) {
    return restate_bytes_given(ring.signatures, *ring.roster, who.person_secret, who.member, bytes).value();
  };
  for (const Identity* who : {&bob, &ring.founder}) {
    const auto quota = [&] { return ring.roster->persons().at(who->person).bytes_quota; };
    ring.state({states(*who, kUnfixedQuotaMax - 50)});
    EXPECT_EQ(quota(), kUnfixedQuotaMax - 50);
    ring.state({states(*who, UINT64_MAX)});
    EXPECT_EQ(quota(), kUnfixedQuotaMax);
  }
  ring.state({certify(1)});
  EXPECT_EQ(ring.roster->persons().at(bob.person).bytes_quota, kUnfixedQuotaMax) << "nor with many machines";
}

TEST(FoundRing, SignsForItsFounderWhatItGivesBeyondThat) {
  const std::uint64_t given = 10 * kUnfixedQuotaMax;
  crypto::SimulatedSignatures signatures;
  SeededEntropy entropy(7);
  PolicyStatement policy;
  policy.ring_name = "cellar";
  const Identity founder = found_ring(signatures, entropy, policy, "ann", "ann-laptop", given);
  Roster roster(signatures, founder.root_key);
  (void)roster.add_all(founder.proof);
  EXPECT_EQ(roster.persons().at(0).bytes_quota, given);
}

}  // namespace
}  // namespace peerstore::membership
