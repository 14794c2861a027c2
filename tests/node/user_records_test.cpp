#include <peerstore/account/user_keys.hpp>

#include <gtest/gtest.h>

#include <node/ring_of_nodes.hpp>

namespace peerstore::node {
namespace {

using test::Laptop;
using test::RingOfNodes;

// A person of a ring with a record that a recovery code opens.
struct Account {
  Account(RingOfNodes& the_ring, Laptop& laptop) : ring(the_ring), identity(laptop.identity) {
    account::Authority authority;
    authority.person_secret = crypto::Guarded(identity.person_secret);
    made = account::new_body(ring.entropy, owner, authority, identity.drive_secret,
                             ring.entropy.make<account::AccountSecret>());
    account::set_recovery_code(made.body, ring.entropy, owner, made.keys, code);
    sign();
  }
  void change_code() {
    code = ring.entropy.make<account::RecoveryCode>();
    account::set_recovery_code(made.body, ring.entropy, owner, made.keys, code);
    sign();
  }
  // The same account, as another machine of its person has it.
  Account copy() const { return Account(*this, 0); }
  void sign() {
    const wire::UserRecord before = record;
    record = account::sign_record(ring.signatures, owner, made.body, before.version == 0 ? nullptr : &before,
                                  identity.person_secret)
                 .value();
  }

  Account(const Account& from, int)
      : ring(from.ring), identity(from.identity), code(from.code), record(from.record) {
    made.body = from.made.body;
    made.keys = {from.made.keys.user_key.copy(), from.made.keys.authority_key.copy()};
  }

  RingOfNodes& ring;
  const membership::Identity& identity;
  account::Owner owner{membership::ring_id_of(identity.root_key), identity.person};
  account::RecoveryCode code = ring.entropy.make<account::RecoveryCode>();
  account::NewBody made;
  wire::UserRecord record;
};

Result<wire::UserRecordReply> ask_as_stranger(RingOfNodes& ring, Laptop& at, const wire::LookupKey& key) {
  const auto link = ring.hub.joiner();
  const wire::GetUserRecord question{0, key};
  return ring.clock.run(wire::ask(*link, at.identity.member, question));
}

bool everybody_keeps(RingOfNodes& ring, const wire::UserRecord& record) {
  return std::ranges::all_of(ring.running(), [&](Laptop* laptop) {
    return laptop->node->heads().record_of(record.person) == record;
  });
}

TEST(UserRecords, AreKeptByEveryMachineOfALargerRingSoThatAnySingleOneHelps) {
  RingOfNodes ring(12);
  Account bob(ring, *ring.laptops[1]);
  Account eve(ring, *ring.laptops[7]);
  ASSERT_TRUE(ring.clock.run(ring.laptops[1]->node->heads().put(bob.record)));
  ASSERT_TRUE(ring.clock.run(ring.laptops[7]->node->heads().put(eve.record)));
  EXPECT_TRUE(ring.until(
      [&] { return everybody_keeps(ring, bob.record) && everybody_keeps(ring, eve.record); }, 5min));
  ASSERT_TRUE(ring.join("late"));
  EXPECT_TRUE(ring.until([&] { return everybody_keeps(ring, bob.record); }, 5min));
  // One after another is the only one left who has not been asked.
  for (std::size_t i = 0; i < ring.laptops.size(); ++i) {
    const auto reply = ask_as_stranger(ring, *ring.laptops[i], account::lookup_key_of(bob.code));
    ASSERT_TRUE(reply) << i << ": " << reply.error().message();
    EXPECT_EQ(reply->record, bob.record);
    ring.kill(*ring.laptops[i]);
  }
}

// Counts what a machine is asked about records, and lets it answer.
struct Listener final : wire::Service {
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override {
    compared += std::holds_alternative<wire::CompareRecords>(request) ? 1 : 0;
    sent += std::holds_alternative<wire::PutUserRecord>(request) ? 1 : 0;
    sent += std::holds_alternative<wire::GetUserRecord>(request) ? 1 : 0;
    return node->serve(caller, std::move(request));
  }
  Node* node = nullptr;
  int compared = 0;
  int sent = 0;
};

TEST(UserRecords, AreComparedSeldomAndNotSentWhenNothingChanged) {
  Listener listener;
  RingOfNodes ring(10);
  Account bob(ring, *ring.laptops[1]);
  ASSERT_TRUE(ring.clock.run(ring.laptops[1]->node->heads().put(bob.record)));
  ASSERT_TRUE(ring.until([&] { return everybody_keeps(ring, bob.record); }, 5min));
  ring.clock.run_for(1h);
  Laptop& laptop = *ring.laptops[4];
  listener.node = laptop.node.get();
  ring.hub.detach(laptop.identity.member);
  ring.hub.attach(laptop.identity.member, &listener, laptop.identity.person);
  ring.clock.run_for(6h);
  EXPECT_EQ(listener.sent, 0);
  EXPECT_GT(listener.compared, 0);
  EXPECT_LT(listener.compared, 6 * 4) << "each asks somebody twice an hour";
}

TEST(UserRecords, ThatWereMadeApartFromEachOtherBecomeOneEverywhere) {
  RingOfNodes ring(10);
  Account bob(ring, *ring.laptops[1]);
  ASSERT_TRUE(ring.clock.run(ring.laptops[1]->node->heads().put(bob.record)));
  ASSERT_TRUE(ring.until([&] { return everybody_keeps(ring, bob.record); }, 5min));
  Account other = bob.copy();
  bob.change_code();
  other.change_code();
  ASSERT_EQ(bob.record.version, other.record.version);
  // Each half of the ring is given another one.
  for (std::size_t i = 0; i < 10; ++i) {
    const wire::Caller caller{bob.identity.member, bob.identity.person};
    const wire::PutUserRecord put{i % 2 == 0 ? bob.record : other.record};
    ASSERT_TRUE(ring.clock.run(ring.laptops[i]->node->serve(caller, put)));
  }
  const bool is_bobs = account::outranks(bob.record, bob.made.body, other.record);
  Account& stays = is_bobs ? bob : other;
  EXPECT_TRUE(ring.until([&] { return everybody_keeps(ring, stays.record); }, 10min));
  // Two more changes at the other machine do not bring it back over a new epoch made meanwhile.
  Account& yields = is_bobs ? other : bob;
  ASSERT_TRUE(account::begin_epoch(stays.made.body, ring.entropy, stays.owner, stays.made.keys));
  stays.change_code();
  yields.change_code();
  yields.change_code();
  ASSERT_GT(yields.record.version, stays.record.version);
  ASSERT_TRUE(ring.clock.run(ring.laptops[3]->node->heads().put(yields.record, true)));
  ASSERT_TRUE(ring.clock.run(ring.laptops[5]->node->heads().put(stays.record, true)));
  EXPECT_TRUE(ring.until([&] { return everybody_keeps(ring, stays.record); }, 10min));
}

TEST(UserRecords, AreBroughtToEverybodyAndToWhoComesLater) {
  RingOfNodes ring(4);
  Account bob(ring, *ring.laptops[1]);
  ASSERT_TRUE(ring.clock.run(ring.laptops[1]->node->heads().put(bob.record)));
  EXPECT_TRUE(ring.until([&] { return everybody_keeps(ring, bob.record); }));
  bob.sign();
  ASSERT_TRUE(ring.clock.run(ring.laptops[1]->node->heads().put(bob.record)));
  EXPECT_TRUE(ring.until([&] { return everybody_keeps(ring, bob.record); }));
  // Its person's machine is gone: the others hand it on.
  ring.kill(*ring.laptops[1]);
  ASSERT_TRUE(ring.join("late"));
  EXPECT_TRUE(ring.until([&] { return everybody_keeps(ring, bob.record); }));
}

TEST(UserRecords, AreGivenToAStrangerWhoHasWhatOpensThem) {
  RingOfNodes ring(3);
  Account bob(ring, *ring.laptops[1]);
  ASSERT_TRUE(ring.clock.run(ring.laptops[2]->node->heads().put(bob.record)));
  const auto reply = ask_as_stranger(ring, *ring.laptops[2], account::lookup_key_of(bob.code));
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->record, bob.record);
  EXPECT_EQ(reply->root_key, bob.identity.root_key);
  // With what shows whose it is, and nothing about others.
  membership::Roster roster(ring.signatures, reply->root_key);
  (void)roster.add_all(reply->statements);
  ASSERT_EQ(roster.persons().size(), 1u);
  EXPECT_EQ(roster.persons().begin()->first, bob.identity.person);
  EXPECT_EQ(ask_as_stranger(ring, *ring.laptops[2], ring.entropy.make<wire::LookupKey>()).error().code,
            Errc::not_found);
  EXPECT_EQ(ask_as_stranger(ring, *ring.laptops[2], wire::LookupKey{}).error().code, Errc::not_found);
}

TEST(UserRecords, AreNotGuessedAtQuickly) {
  RingOfNodes ring(2);
  Account bob(ring, *ring.laptops[1]);
  ASSERT_TRUE(ring.clock.run(ring.laptops[1]->node->heads().put(bob.record)));
  int asked = 0;
  while (ask_as_stranger(ring, *ring.laptops[1], ring.entropy.make<wire::LookupKey>()).error().code ==
         Errc::not_found) {
    ASSERT_LT(++asked, 100);
  }
  EXPECT_EQ(ask_as_stranger(ring, *ring.laptops[1], ring.entropy.make<wire::LookupKey>()).error().code,
            Errc::busy);
  EXPECT_TRUE(ask_as_stranger(ring, *ring.laptops[1], account::lookup_key_of(bob.code)))
      << "who guesses does not shut the owner out";
}

TEST(UserRecords, AreRenewedAFewTimesAMinuteAndNotWithoutEnd) {
  RingOfNodes ring(3);
  Account bob(ring, *ring.laptops[1]);
  Account eve(ring, *ring.laptops[0]);
  Node& node = *ring.laptops[2]->node;
  const wire::Caller caller{bob.identity.member, bob.identity.person};
  const auto put = [&](Account& account) {
    return ring.clock.run(node.serve(caller, wire::PutUserRecord{account.record}));
  };
  ASSERT_TRUE(put(bob));
  int renewed = 0;
  for (bob.sign(); put(bob); bob.sign()) ASSERT_LT(++renewed, 20);
  EXPECT_GE(renewed, 6) << "passwd, rekey and recovery make in a row, twice";
  EXPECT_EQ(put(bob).error().code, Errc::busy);
  ASSERT_TRUE(account::begin_epoch(bob.made.body, ring.entropy, bob.owner, bob.made.keys));
  bob.sign();
  EXPECT_TRUE(put(bob)) << "whoever holds up the owner does not hold up new keys";
  bob.sign();
  EXPECT_EQ(put(bob).error().code, Errc::busy);
  ASSERT_TRUE(put(eve));
  eve.sign();
  EXPECT_TRUE(put(eve)) << "one person's haste holds up nobody else";
  ring.clock.run_for(1min);
  EXPECT_TRUE(put(bob));
}

TEST(UserRecords, ThatLackKeysOfTheOneThatIsHeldAreNotTaken) {
  RingOfNodes ring(3);
  Account bob(ring, *ring.laptops[1]);
  Node& node = *ring.laptops[2]->node;
  const wire::Caller caller{bob.identity.member, bob.identity.person};
  const auto put = [&](const wire::UserRecord& record) {
    return ring.clock.run(node.serve(caller, wire::PutUserRecord{record}));
  };
  // Two machines of Bob start from one record: one begins a new epoch, the other only changes the passphrase,
  // twice, so that its record has the higher version.
  Account other = bob.copy();
  ASSERT_TRUE(account::begin_epoch(bob.made.body, ring.entropy, bob.owner, bob.made.keys));
  bob.sign();
  ASSERT_TRUE(put(bob.record));
  other.sign();
  other.sign();
  ASSERT_GT(other.record.version, bob.record.version);
  EXPECT_EQ(put(other.record).error().code, Errc::refused);
  EXPECT_EQ(node.heads().record_of(bob.owner.person), bob.record);
}

// After an invitation was used twice apart, some keep the record of whoever is out now.
TEST(UserRecords, OfWhoLostThePlaceMakeWayForThatOfWhoHasIt) {
  RingOfNodes ring(3);
  Account bob(ring, *ring.laptops[1]);
  Node& node = *ring.laptops[2]->node;
  Account other = bob.copy();
  ASSERT_TRUE(account::begin_epoch(other.made.body, ring.entropy, bob.owner, other.made.keys));
  const auto lost = account::sign_record(ring.signatures, bob.owner, other.made.body, &bob.record,
                                         ring.laptops[0]->identity.person_secret);
  ASSERT_TRUE(lost);
  ASSERT_TRUE(ring.clock.run(node.heads().put(*lost, true)));
  const wire::Caller caller{bob.identity.member, bob.identity.person};
  EXPECT_TRUE(ring.clock.run(node.serve(caller, wire::PutUserRecord{bob.record})));
  EXPECT_EQ(node.heads().record_of(bob.owner.person), bob.record);
}

TEST(UserRecords, AreTakenFromMembersAndSignedByTheirPersonAlone) {
  RingOfNodes ring(3);
  Account bob(ring, *ring.laptops[1]);
  Node& node = *ring.laptops[2]->node;
  const wire::Caller founder{ring.laptops[0]->identity.member, ring.laptops[0]->identity.person};
  const auto put = [&](const wire::Caller& caller, const wire::UserRecord& record) {
    return ring.clock.run(node.serve(caller, wire::PutUserRecord{record}));
  };
  wire::UserRecord forged = bob.record;
  forged.version = 9;
  EXPECT_EQ(put(founder, forged).error().code, Errc::refused);
  forged = bob.record;
  forged.person = ring.laptops[0]->identity.person;
  EXPECT_EQ(put(founder, forged).error().code, Errc::refused);
  wire::Caller stranger;
  stranger.is_joiner = true;
  EXPECT_EQ(put(stranger, bob.record).error().code, Errc::refused);
  EXPECT_TRUE(put(founder, bob.record)) << "whoever brings it";
  EXPECT_EQ(node.heads().record_of(bob.identity.person), bob.record);
}

}  // namespace
}  // namespace peerstore::node
