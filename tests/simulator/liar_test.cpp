#include <replica/test_ring.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "../simulator/liar.hpp"

namespace peerstore::simulator {
namespace {

using replica::PutOutcome;
using replica::test::make_chunk;
using replica::test::TestChunk;
using replica::test::TestRing;

// Six machines of as many people; some of them lie.
class Lying : public testing::Test {
 protected:
  ~Lying() override {
    for (const auto& [id, liar] : liars_) {
      ring.hub.detach(id);
      ring.hub.attach(id, &ring.holder(id), 0);
    }
  }
  void make_liar(const wire::MemberId& id, const Lies& lies) {
    auto& holder = ring.holder(id);
    auto liar = std::make_unique<Liar>(
        holder, ring.clock, ring.random, ring.signatures, ring.truth.ring_id, holder.secret(),
        [id] { return wire::NodeRef{id, 1}; }, lies);
    ring.hub.detach(id);
    ring.hub.attach(id, liar.get(), holder.person());
    liars_.emplace_back(id, std::move(liar));
  }
  void expect_right_bytes(const TestChunk& chunk) {
    for (std::uint32_t index = 0; index < chunk.segments.size(); ++index) {
      const auto segment = ring.clock.run(ring.client().get_segment(chunk.ref, index));
      ASSERT_TRUE(segment) << segment.error().message();
      EXPECT_EQ(*segment, chunk.segments[index]);
    }
  }
  template <class Ask>
  Result<typename Ask::Reply> ask(const wire::MemberId& member, const Ask& question) {
    const auto network = ring.hub.client(ring.holders[0]->id(), 0);
    return ring.clock.run(wire::ask(*network, member, question));
  }
  TestChunk stored(std::uint64_t seed) {
    TestChunk chunk = make_chunk(0, 2, seed, 4);
    const Result<PutOutcome> outcome = ring.put(chunk);
    EXPECT_TRUE(outcome && outcome->safe());
    return chunk;
  }

  TestRing ring{6};

 private:
  std::vector<std::pair<wire::MemberId, std::unique_ptr<Liar>>> liars_;
};

TEST_F(Lying, WithCorruptSegmentsNeverGivesAReaderWrongBytes) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const TestChunk chunk = stored(seed);
    const auto holders = ring.holders_of(chunk);
    ASSERT_EQ(holders.size(), 3U);
    if (seed == 1) {
      for (const std::size_t place : {0U, 1U}) make_liar(holders[place], Lies{.corrupt_chunks = true});
      unsigned corrupt = 0;
      for (int i = 0; i < 40; ++i) {
        const wire::GetSegment question{chunk.ref.address, 1, chunk.ref.token};
        const auto reply = ask(holders[0], question);
        ASSERT_TRUE(reply);
        corrupt += reply->data == chunk.segments[1] ? 0 : 1;
      }
      EXPECT_NEAR(corrupt, 20, 12) << "honest answers are mixed in";
    }
    expect_right_bytes(chunk);
  }
}

TEST_F(Lying, WithCorruptDescriptionsNeverMisleadsAReader) {
  const TestChunk chunk = stored(1);
  unsigned corrupt = 0;
  for (const auto& holder : ring.holders_of(chunk)) {
    make_liar(holder, Lies{.corrupt_chunks = true});
    for (int i = 0; i < 20; ++i) {
      const wire::GetDescription question{chunk.ref.address, chunk.ref.token};
      const auto reply = ask(holder, question);
      ASSERT_TRUE(reply);
      corrupt += reply->chunk == chunk.description ? 0 : 1;
    }
  }
  EXPECT_NEAR(corrupt, 30, 15);
  // With nobody honest left a read may fail, but never with wrong bytes.
  unsigned read = 0;
  for (int i = 0; i < 20; ++i) {
    for (std::uint32_t index = 0; index < chunk.segments.size(); ++index) {
      const auto segment = ring.clock.run(ring.client().get_segment(chunk.ref, index));
      if (!segment) continue;
      EXPECT_EQ(*segment, chunk.segments[index]);
      ++read;
    }
    ring.clock.run_for(2min);
  }
  EXPECT_GT(read, 20U);
}

TEST_F(Lying, WithholdsChunksAndCostsAReaderTimeAlone) {
  const TestChunk chunk = stored(1);
  const auto holders = ring.holders_of(chunk);
  for (const std::size_t place : {0U, 1U}) make_liar(holders[place], Lies{.withhold_chunks = true});
  expect_right_bytes(chunk);
  std::set<Errc> said;
  unsigned given = 0;
  for (int i = 0; i < 40; ++i) {
    const wire::GetSegment question{chunk.ref.address, 1, chunk.ref.token};
    const auto reply = ask(holders[0], question);
    if (reply) {
      ++given;
      EXPECT_EQ(reply->data, chunk.segments[1]);
    } else {
      said.insert(reply.error().code);
    }
  }
  EXPECT_NEAR(given, 20, 12);
  EXPECT_EQ(said, (std::set<Errc>{Errc::not_found, Errc::timed_out}));
  const auto have = ask(holders[0], wire::HaveChunks{{chunk.ref.address}});
  ASSERT_TRUE(have);
  EXPECT_EQ(have->have, std::vector<std::uint8_t>{1}) << "it has it all the while";
}

TEST_F(Lying, SignsReceiptsForWhatItThrewAway) {
  const TestChunk first = make_chunk(0, 2, 1, 4);
  const wire::MemberId liar = ring.preference(first)[0];
  make_liar(liar, Lies{.fake_receipts = true});
  unsigned thrown_away = 0;
  unsigned kept = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    TestChunk chunk = make_chunk(0, 2, seed, 4);
    chunk.description.header.placement_key = first.ref.placement_key;
    chunk.ref.placement_key = first.ref.placement_key;
    chunk.ref.address = wire::address_of(chunk.description);
    const Result<PutOutcome> outcome = ring.put(chunk);
    ASSERT_TRUE(outcome && outcome->safe()) << "its receipt looks like any other";
    const auto signed_by = [&](const wire::Receipt& receipt) { return receipt.holder.id == liar; };
    ASSERT_TRUE(std::ranges::any_of(outcome->receipts, signed_by));
    const auto have = ask(liar, wire::HaveChunks{{chunk.ref.address}});
    ASSERT_TRUE(have);
    EXPECT_EQ(have->have, std::vector<std::uint8_t>{1}) << "it sticks to its story";
    (ring.holder(liar).has(chunk.ref.address) ? kept : thrown_away) += 1;
    expect_right_bytes(chunk);
  }
  EXPECT_GT(thrown_away, 3U);
  EXPECT_GT(kept, 3U);
}

TEST_F(Lying, ReplaysOldHeadsWhichNoReaderPrefers) {
  const auto head_of = [this](std::uint64_t version) {
    return ring.head(0, 0, version, static_cast<std::uint8_t>(version));
  };
  for (const std::size_t place : {1U, 2U}) {
    make_liar(ring.holders[place]->id(), Lies{.replay_old_records = true});
  }
  for (const std::uint64_t version : {1U, 2U, 3U}) {
    for (const auto& holder : ring.holders) {
      ASSERT_TRUE(ask(holder->id(), wire::PutHead{head_of(version)}));
    }
  }
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 30; ++i) {
    const auto reply = ask(ring.holders[1]->id(), wire::GetHeads{0});
    ASSERT_TRUE(reply && reply->heads.size() == 1);
    seen.insert(reply->heads[0].version);
    const auto newest = ring.clock.run(ring.client().heads());
    ASSERT_TRUE(newest && newest->size() == 1);
    EXPECT_EQ(newest->front(), head_of(3));
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{1, 3}));
}

// ---- what it does to a node that answers always the same ----

class Honest final : public wire::Service {
 public:
  Task<Result<wire::Response>> serve(wire::Caller, wire::Request) override { co_return answer; }
  wire::Response answer;
};

class LyingNode : public testing::Test {
 protected:
  template <class Reply>
  Reply ask(const wire::Request& question) {
    wire::Caller caller;
    caller.member = asker;
    auto answer = clock.run(liar.serve(caller, question));
    CHECK(answer.has_value());
    return std::get<Reply>(*answer);
  }

  world::VirtualClock clock;
  SeededRandom random{1};
  crypto::SimulatedSignatures signatures;
  Honest honest;
  const wire::MemberId asker{{{9}}};
  Liar liar{honest, clock, random, signatures, {}, {}, [] { return wire::NodeRef{}; }, Lies{}};
};

TEST_F(LyingNode, IsHonestUnlessToldToLie) {
  wire::FoundSuccessor truth;
  truth.closer = {{wire::MemberId{{{3}}}, 1}};
  honest.answer = truth;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask<wire::FoundSuccessor>(wire::FindSuccessor{}), truth);
}

TEST_F(LyingNode, NamesOthersThanItShould) {
  liar.set_lies({.wrong_routes = true});
  wire::FoundSuccessor truth;
  truth.closer = {{wire::MemberId{{{3}}}, 1}};
  honest.answer = truth;
  unsigned true_answers = 0;
  unsigned claims = 0;
  for (int i = 0; i < 100; ++i) {
    const auto answer = ask<wire::FoundSuccessor>(wire::FindSuccessor{wire::MemberId{{{7}}}});
    true_answers += answer == truth ? 1 : 0;
    claims += answer.is_successor ? 1 : 0;
    EXPECT_EQ(answer.is_successor, !answer.successors.empty());
  }
  EXPECT_NEAR(true_answers, 50, 20);
  EXPECT_GT(claims, 5U) << "of keys that it does not own";

  wire::Neighbours neighbours;
  neighbours.successors = {{wire::MemberId{{{3}}}, 1}, {wire::MemberId{{{4}}}, 1}};
  honest.answer = neighbours;
  unsigned close_to_asker = 0;
  unsigned other_successors = 0;
  for (int i = 0; i < 100; ++i) {
    const auto answer = ask<wire::Neighbours>(wire::GetNeighbours{});
    other_successors += answer.successors == neighbours.successors ? 0 : 1;
    wire::MemberId one;
    one.bytes.back() = 1;
    close_to_asker += answer.predecessor && ring::distance(answer.predecessor->id, asker) == one ? 1 : 0;
  }
  EXPECT_GT(close_to_asker, 5U);
  EXPECT_GT(other_successors, 5U);
}

TEST_F(LyingNode, AnswersWithTheOldestPresencesItEverSaw) {
  const auto presence = [](std::uint64_t incarnation, std::uint64_t sequence) {
    wire::Presence made;
    made.node = {wire::MemberId{{{5}}}, incarnation};
    made.sequence = sequence;
    return made;
  };
  liar.set_lies({.replay_old_records = true});
  honest.answer = wire::Done{};
  for (const auto& seen : {presence(2, 1), presence(1, 9), presence(3, 4)}) {
    (void)ask<wire::Done>(wire::PushStatements{{}, {seen}});
  }
  honest.answer = wire::RosterDifference{{}, {presence(3, 4)}, {}};
  std::set<std::uint64_t> exchanged;
  for (int i = 0; i < 50; ++i) {
    const auto answer = ask<wire::RosterDifference>(wire::ExchangeRoster{});
    ASSERT_EQ(answer.presences.size(), 1U);
    exchanged.insert(answer.presences[0].node.incarnation);
  }
  EXPECT_EQ(exchanged, (std::set<std::uint64_t>{1, 3}));

  wire::PresenceDifference difference;
  difference.presences = {presence(3, 4)};
  honest.answer = difference;
  std::set<std::uint64_t> compared;
  for (int i = 0; i < 50; ++i) {
    const auto answer = ask<wire::PresenceDifference>(wire::ComparePresences{});
    ASSERT_EQ(answer.presences.size(), 1U);
    compared.insert(answer.presences[0].node.incarnation);
  }
  EXPECT_EQ(compared, (std::set<std::uint64_t>{1, 3}));
}

}  // namespace
}  // namespace peerstore::simulator
