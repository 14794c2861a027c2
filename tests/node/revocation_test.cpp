// Who is revoked is out: at every node at once, and after a partition.
#include <peerstore/membership/admins.hpp>
#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/replica/head_signature.hpp>

#include <gtest/gtest.h>

#include <node/ring_of_nodes.hpp>

namespace peerstore::node::test {
namespace {

class Revocation : public testing::Test {
 protected:
  wire::Statement revocation_of(const Laptop& victim) {
    const membership::RevocationStatement fact{victim.identity.person, std::nullopt};
    return membership::sign_statement(ring.signatures, membership::ring_id_of(victim.identity.root_key), fact,
                                      ring.signatures.key_pair_from(*ring.laptops[0]->identity.root_secret));
  }
  // As the command does it: one node is told to tell all around the circle.
  void tell(Laptop& told, const wire::Statement& statement) {
    wire::PushStatements news;
    news.statements = {statement};
    news.until = told.identity.member;
    told.node->membership().hear(std::move(news));
  }
  bool is_out(const Laptop& victim) {
    return std::ranges::all_of(ring.laptops, [&](const auto& laptop) {
      if (laptop.get() == &victim || !laptop->node) return true;
      return laptop->node->view().standing(victim.identity.member) == replica::Standing::gone;
    });
  }
  Result<wire::Response> ask_as(const Laptop& caller, Laptop& whom, wire::Request request) {
    const wire::Caller as{caller.identity.member, caller.identity.person, false, false};
    return ring.clock.run(whom.node->serve(as, std::move(request)));
  }

  RingOfNodes ring{8};
};

TEST_F(Revocation, IsHeardAllAroundTheRingWithinSeconds) {
  Laptop& victim = *ring.laptops[5];
  tell(*ring.laptops[2], revocation_of(victim));
  EXPECT_TRUE(ring.until([&] { return is_out(victim); }, 5s));
  for (const auto& laptop : ring.laptops) {
    if (laptop.get() == &victim) continue;
    const auto answer = ask_as(victim, *laptop, wire::GetNeighbours{});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::refused);
    // Neither its presence nor its receipts count.
    EXPECT_EQ(laptop->node->membership().presence(victim.identity.member), nullptr);
    EXPECT_EQ(laptop->node->view().node_key(victim.identity.member), std::nullopt);
  }
}

TEST_F(Revocation, IsHeardWithinAMinuteOfAHealedPartition) {
  Laptop& victim = *ring.laptops[6];
  for (const std::size_t islander : {4U, 5U, 6U, 7U})
    ring.hub.set_island(ring.laptops[islander]->identity.member, 1);
  ring.clock.run_for(2min);
  tell(*ring.laptops[1], revocation_of(victim));
  ring.clock.run_for(2min);
  EXPECT_EQ(ring.laptops[1]->node->view().standing(victim.identity.member), replica::Standing::gone);
  EXPECT_FALSE(is_out(victim));
  ring.hub.heal();
  EXPECT_TRUE(ring.until([&] { return is_out(victim); }, 60s));
}

TEST_F(Revocation, SurvivesARestartAndTheReplayOfOldStatements) {
  Laptop& victim = *ring.laptops[5];
  const std::vector<wire::Statement> old = ring.laptops[0]->node->membership().roster().statements();
  tell(*ring.laptops[2], revocation_of(victim));
  ASSERT_TRUE(ring.until([&] { return is_out(victim); }, 5s));
  ring.clock.run_for(2min);  // until it is saved
  ring.kill(*ring.laptops[3]);
  ring.start(*ring.laptops[3]);
  wire::PushStatements replay;
  replay.statements = old;
  ring.laptops[3]->node->membership().hear(std::move(replay));
  EXPECT_TRUE(is_out(victim));
  // The one who was shut out finds no way back by a restart of its own.
  ring.kill(victim);
  ring.clock.run_for(1min);
  (void)ring.try_to_start(victim);
  ring.clock.run_for(5min);
  EXPECT_TRUE(is_out(victim));
}

// What rekey does to the other machines of a person.
TEST_F(Revocation, OfAWriterKeyAloneIsKnownEverywhereAndTheMachineGoesOnServing) {
  const membership::Identity& owner = ring.laptops[5]->identity;
  const auto& roster = ring.laptops[0]->node->membership().roster();
  wire::Head head{owner.person, owner.machine, 1, {}, {}, {}};
  const replica::Writer writer{owner.person, owner.machine, owner.writer_secret};
  replica::sign_head(ring.signatures, roster.ring_id(), writer, head);
  const auto rank_everywhere = [&](replica::HeadRank rank) {
    return std::ranges::all_of(ring.laptops, [&](const auto& laptop) {
      return replica::rank_of(ring.signatures, laptop->node->view(), head) == rank;
    });
  };
  EXPECT_TRUE(rank_everywhere(replica::kOfToday));
  tell(*ring.laptops[2],
       membership::renew_writer(ring.signatures, roster, owner.member, owner.person_secret, {}).value());
  EXPECT_TRUE(ring.until([&] { return rank_everywhere(1); }, 5s));
  EXPECT_EQ(ask_as(*ring.laptops[5], *ring.laptops[1], wire::PutHead{head}).error().code, Errc::refused);
  EXPECT_EQ(ring.laptops[1]->node->view().standing(owner.member), replica::Standing::live);
}

// All who kept the head of a laptop that is lost are gone, too; the person's other laptop has seen it.
TEST_F(Revocation, WhatALostMachinePublishedIsBroughtBackByAnotherOfItsPersonAndByNobodyElse) {
  const membership::Identity& owner = ring.laptops[5]->identity;
  const auto& roster = ring.laptops[0]->node->membership().roster();
  Laptop& keeper = *ring.laptops[1];
  const auto other_secrets = membership::make_machine_secrets(ring.signatures, ring.entropy);
  const membership::NewMachine other{owner.person, 1, "other", 0};
  const auto signed_head = [&](std::uint32_t machine, const crypto::SigningSecretKey& key, unsigned version) {
    wire::Head head{owner.person, machine, version, {}, {}, {}};
    replica::sign_head(ring.signatures, roster.ring_id(), {owner.person, machine, key}, head);
    return wire::PutHead{head};
  };
  const auto bring = [&](std::uint32_t machine, wire::PutHead head) {
    const auto id = machine == 0 ? owner.member
                                 : membership::member_id_of(roster.ring_id(),
                                                            roster.invitation(owner.person)->position_seed,
                                                            owner.person, machine);
    const wire::Caller as{id, owner.person, false, true};
    const auto answer = ring.clock.run(keeper.node->serve(as, std::move(head)));
    return answer ? Errc{} : answer.error().code;
  };
  const auto renew = [&](const crypto::SigningPublicKey& key) {
    const auto said =
        membership::renew_writer(ring.signatures, roster, owner.member, owner.person_secret, key).value();
    tell(*ring.laptops[0], said);
    CHECK(ring.until([&] { return ring.is_one_ring(); }));
  };
  tell(*ring.laptops[0], membership::certify_machine(ring.signatures, roster.ring_id(), owner.person_secret,
                                                     other, other_secrets));
  const auto second = ring.signatures.make_key_pair(ring.entropy);
  renew(second.public_key);
  renew({});
  ASSERT_TRUE(keeper.node->heads().of_person(owner.person).empty());

  const wire::PutHead first_by_first = signed_head(0, owner.writer_secret, 7);
  const wire::PutHead by_second = signed_head(0, second.secret_key, 3);
  EXPECT_EQ(Errc::refused, bring(0, by_second)) << "it has to sign with a key of today";
  EXPECT_EQ(Errc::refused, ask_as(*ring.laptops[3], keeper, by_second).error().code) << "another person";
  EXPECT_EQ(Errc::refused, bring(2, by_second)) << "no machine of the ring";
  EXPECT_EQ(Errc{}, bring(1, by_second));
  // What is kept is never displaced by a word of before, whoever brings it.
  EXPECT_EQ(Errc::refused, bring(1, first_by_first));
  EXPECT_EQ(Errc::refused, bring(1, signed_head(0, second.secret_key, 4)));
  ASSERT_EQ(1U, keeper.node->heads().of_person(owner.person).size());
  EXPECT_EQ(3U, keeper.node->heads().of_person(owner.person)[0].version);
  // The machine itself goes on where it was.
  const auto third = ring.signatures.make_key_pair(ring.entropy);
  renew(third.public_key);
  EXPECT_EQ(Errc{}, bring(0, signed_head(0, third.secret_key, 4)));
}

TEST_F(Revocation, OlderRootsDoNotComeBackByAReplayOrARestart) {
  Laptop& ann = *ring.laptops[0];
  Laptop& bob = *ring.laptops[1];
  const auto bobs_key = ring.signatures.key_pair_from(bob.identity.person_secret).public_key;
  const auto roots = ring.signatures.key_pair_from(*ann.identity.root_secret);
  auto& roster = ann.node->membership().roster();
  const auto propose = [&](std::vector<crypto::SigningPublicKey> admins) {
    return membership::propose_root(ring.signatures, roster, roots, std::move(admins), 1).value();
  };
  const auto version_everywhere = [&](std::uint32_t version) {
    return std::ranges::all_of(ring.laptops, [&](const auto& laptop) {
      return laptop->node->membership().roster().root_record().version == version;
    });
  };
  const wire::Statement second = propose({roots.public_key, bobs_key});
  tell(ann, second);
  ASSERT_TRUE(ring.until([&] { return version_everywhere(2); }, 5s));
  tell(ann, propose({roots.public_key}));
  ASSERT_TRUE(ring.until([&] { return version_everywhere(3); }, 5s));
  // It is on disk by now, however lately the roster was saved before.
  Laptop& carol = *ring.laptops[3];
  ring.kill(carol);
  ring.start(carol);
  EXPECT_TRUE(version_everywhere(3));
  tell(carol, second);
  const membership::RevocationStatement too_late{0, std::nullopt};
  tell(carol, membership::sign_statement(ring.signatures, roster.ring_id(), too_late,
                                         ring.signatures.key_pair_from(bob.identity.person_secret)));
  ring.clock.run_for(2min);
  EXPECT_TRUE(version_everywhere(3));
  EXPECT_FALSE(roster.persons().at(0).gone);
}

// ---- every question, by everybody ----

// Whoever may not ask is refused whatever the question says; the others get an answer, or are told what is
// wrong with this very question.
class Questions : public Revocation {
 protected:
  enum Asker : std::size_t { joiner, revoked, client, node };

  Questions() {
    chunk = ring.put_chunks(*ring.laptops[1], 1).front();  // of class 0
    for (const auto& laptop : ring.laptops) {
      const auto colour =
          ring.laptops[0]->node->membership().roster().persons().at(laptop->identity.person).colour;
      if (asked == nullptr && laptop->node->chunks().find(chunk.ref.address)) asked = laptop.get();
      const bool may_hold = colour != 0 && laptop->identity.person > 1;
      if (may_hold && laptop.get() != asked) stranger = laptop.get();
    }
    CHECK(asked != nullptr && stranger != nullptr);
    lost = ring.laptops[7].get() == asked || ring.laptops[7].get() == stranger ? ring.laptops[6].get()
                                                                               : ring.laptops[7].get();
    CHECK(lost != asked && lost != stranger);
    tell(*ring.laptops[0], revocation_of(*lost));
    CHECK(ring.until([&] { return is_out(*lost); }, 5s));
  }

  Errc answer_to(wire::Request request, Asker asker) {
    wire::Caller as{stranger->identity.member, stranger->identity.person, asker == joiner, asker == client};
    if (asker == joiner) as.member = {};
    if (asker == revoked) as = {lost->identity.member, lost->identity.person, false, false};
    const auto answer = ring.clock.run(asked->node->serve(as, std::move(request)));
    return answer ? Errc{} : answer.error().code;
  }

  // With the name of each kind, what a client and what a node of a member is told that is not concerned.
  struct Question {
    wire::Request request;
    Errc to_client{};
    Errc to_node{};
  };
  std::vector<Question> all() {
    constexpr Errc kYes{};
    const wire::MemberId self = stranger->identity.member;
    const wire::ChunkAddress address = chunk.ref.address;
    wire::ComparePresences compare;
    compare.sums = {0};
    wire::CompareChunks compare_chunks;
    compare_chunks.digests = {0};
    const wire::PutSegment segment{{}, 0, chunk.segments[0]};
    std::vector<Question> questions = {
        {wire::GetNeighbours{}, kYes, kYes},
        {wire::Notify{{self, 1}}, Errc::refused, kYes},
        {wire::FindSuccessor{}, kYes, kYes},
        {wire::ExchangeRoster{}, kYes, kYes},
        {wire::PushStatements{}, kYes, kYes},
        {wire::Join{}, Errc::invalid, Errc::invalid},
        {wire::Reserve{65536}, kYes, kYes},
        {wire::PutBegin{chunk.description, {}, 0}, Errc::refused, Errc::refused},  // of another owner
        {segment, Errc::not_found, Errc::not_found},
        {wire::PutCommit{address, 1}, Errc::refused, Errc::refused},
        {wire::GetDescription{address, {}}, Errc::refused, kYes},
        {wire::GetSegment{address, 0, {}}, Errc::refused, kYes},
        {wire::HaveChunks{}, kYes, kYes},
        {wire::OfferChunks{}, Errc::refused, kYes},
        {wire::GetHeads{1}, kYes, kYes},
        {wire::PutHead{}, Errc::refused, Errc::refused},  // nobody signed it
        {compare, kYes, kYes},
        {wire::Ping{}, kYes, kYes},
        {wire::GetUserRecord{1, {}}, Errc::not_found, Errc::not_found},
        {wire::PutUserRecord{}, Errc::invalid, Errc::invalid},  // it says nothing
        {wire::GetWhereabouts{}, kYes, kYes},
        {wire::DeleteChunks{}, kYes, kYes},
        {wire::PledgeChunks{}, Errc::refused, kYes},
        {wire::CompareRecords{}, kYes, kYes},
        {wire::PreviewJoin{}, Errc::invalid, Errc::invalid},  // it claims nothing
        {compare_chunks, Errc::refused, kYes},
    };
    return questions;
  }

  Chunk chunk;
  Laptop* asked = nullptr;
  Laptop* stranger = nullptr;
  Laptop* lost = nullptr;
};

TEST_F(Questions, AreAnsweredToWhomTheyMayBeAndToNobodyElse) {
  const std::vector<Question> questions = all();
  ASSERT_EQ(questions.size(), std::variant_size_v<wire::Request>) << "one of each kind";
  for (std::size_t kind = 0; kind < questions.size(); ++kind) {
    const Question& question = questions[kind];
    ASSERT_EQ(question.request.index(), kind);
    SCOPED_TRACE(wire::name_of(question.request));
    const bool is_join = std::holds_alternative<wire::Join>(question.request);
    const bool is_for_strangers = is_join || std::holds_alternative<wire::PreviewJoin>(question.request) ||
                                  std::holds_alternative<wire::GetUserRecord>(question.request);
    if (!is_for_strangers) EXPECT_EQ(answer_to(question.request, joiner), Errc::refused);
    if (is_for_strangers) EXPECT_NE(answer_to(question.request, joiner), Errc{});
    // Who may come in again is judged by what it shows.
    if (!is_join) EXPECT_EQ(answer_to(question.request, revoked), Errc::refused);
    if (is_join) EXPECT_NE(answer_to(question.request, revoked), Errc{});
    EXPECT_EQ(answer_to(question.request, client), question.to_client);
    EXPECT_EQ(answer_to(question.request, node), question.to_node);
  }
}

}  // namespace
}  // namespace peerstore::node::test
