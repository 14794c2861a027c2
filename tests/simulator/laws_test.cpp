#include <gtest/gtest.h>
#include <algorithm>

#include "../simulator/chronicle.hpp"
#include "../simulator/laws.hpp"
#include "../simulator/trace_hash.hpp"
#include "../simulator/violations.hpp"

#include <peerstore/simulator/report.hpp>
#include <peerstore/world/virtual_clock.hpp>

namespace peerstore::simulator {
namespace {

constexpr std::size_t kList = 3;

wire::NodeRef node(std::uint8_t number, std::uint64_t incarnation = 1) {
  wire::NodeRef made;
  made.id.bytes[0] = number;
  made.incarnation = incarnation;
  return made;
}

// The ideal ring of members 10, 20, .., each in its first life.
std::vector<MemberSnapshot> ideal_ring(std::uint8_t size) {
  std::vector<MemberSnapshot> ring;
  for (int i = 0; i < size; ++i) {
    const auto at = [&](int offset) {
      return node(static_cast<std::uint8_t>(10 * (1 + (i + offset + size) % size)));
    };
    MemberSnapshot member;
    member.self = at(0);
    member.phase = wire::Phase::member;
    for (int s = 1; s <= static_cast<int>(kList) && s < size; ++s) member.successors.push_back(at(s));
    if (size > 1) member.predecessor = at(-1);
    member.members_believed_live = static_cast<std::size_t>(size - 1);
    ring.push_back(member);
  }
  return ring;
}

TEST(RingStateIsWellFormed, AcceptsShortListsAndThoseThatWrapAround) {
  for (const MemberSnapshot& member : ideal_ring(6)) {
    EXPECT_EQ(ring_state_is_well_formed(member, 1, kList), std::nullopt);
  }
  MemberSnapshot alone;
  alone.self = node(10);
  EXPECT_EQ(ring_state_is_well_formed(alone, 0, kList), std::nullopt);
}

TEST(RingStateIsWellFormed, SeesEachFlaw) {
  const MemberSnapshot good = ideal_ring(6)[2];
  MemberSnapshot bad = good;
  bad.successors[1] = bad.self;
  EXPECT_TRUE(ring_state_is_well_formed(bad, 1, kList)) << "self among the successors";
  bad = good;
  bad.successors[1] = bad.successors[0];
  EXPECT_TRUE(ring_state_is_well_formed(bad, 1, kList)) << "one twice";
  bad = good;
  std::swap(bad.successors[0], bad.successors[1]);
  EXPECT_TRUE(ring_state_is_well_formed(bad, 1, kList)) << "out of order";
  EXPECT_TRUE(ring_state_is_well_formed(good, 1, 2)) << "too long";
  EXPECT_TRUE(ring_state_is_well_formed(good, 2, kList)) << "an earlier life";
  bad = good;
  bad.predecessor = bad.self;
  EXPECT_TRUE(ring_state_is_well_formed(bad, 1, kList)) << "its own predecessor";
}

TEST(RingBecomesIdeal, AcceptsTheIdealRingOfAnySizeInAnyOrder) {
  for (std::uint8_t size = 0; size < 8; ++size) {
    std::vector<MemberSnapshot> members = ideal_ring(size);
    std::ranges::reverse(members);
    EXPECT_EQ(ring_becomes_ideal(members, kList), std::nullopt) << int(size);
  }
}

TEST(RingBecomesIdeal, SeesEachFlaw) {
  const auto flawed = [](auto&& spoil) {
    std::vector<MemberSnapshot> ring = ideal_ring(6);
    spoil(ring[2]);
    return ring_becomes_ideal(ring, kList).has_value();
  };
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.phase = wire::Phase::joining; }));
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.successors.pop_back(); }));
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.successors[0] = node(99); }));
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.successors[2].incarnation = 0; }));
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.successors.push_back(node(60)); }));
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.predecessor.reset(); }));
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.predecessor = node(10); }));
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.self.incarnation = 2; }));
  EXPECT_TRUE(flawed([](MemberSnapshot& member) { member.roster_digest.bytes[0] = 1; }));
}

TEST(EverybodyIsBelievedLive, SeesADoubt) {
  std::vector<MemberSnapshot> ring = ideal_ring(6);
  EXPECT_EQ(everybody_is_believed_live(ring), std::nullopt);
  ring[3].members_believed_live = 4;
  EXPECT_TRUE(everybody_is_believed_live(ring));
}

TEST(RingInvariantHolds, InTheIdealRing) {
  const RingHealth health = health_of_ring(ideal_ring(6));
  EXPECT_EQ(health.principals, 6U);
  EXPECT_EQ(ring_invariant_holds(health, kList), std::nullopt);
}

TEST(RingInvariantHolds, SeesAMemberWithoutALiveSuccessor) {
  std::vector<MemberSnapshot> ring = ideal_ring(6);
  ring[2].successors = {node(35), node(36)};  // nobody
  EXPECT_TRUE(health_of_ring(ring).without_live_successor);
}

TEST(RingInvariantHolds, SeesTwoRingsAndOneThatGoesRoundTwice) {
  std::vector<MemberSnapshot> two = ideal_ring(6);
  for (std::size_t i = 0; i < 6; ++i) two[i].successors = {two[(i + 2) % 6].self};
  EXPECT_TRUE(health_of_ring(two).on_several_rings);
  std::vector<MemberSnapshot> twice = ideal_ring(5);
  for (std::size_t i = 0; i < 5; ++i) twice[i].successors = {twice[(i + 2) % 5].self};
  EXPECT_TRUE(health_of_ring(twice).on_several_rings);
}

TEST(RingInvariantHolds, CountsThoseWhomNobodySkips) {
  std::vector<MemberSnapshot> ring = ideal_ring(6);
  ring[0].successors = {ring[1].self, ring[3].self};  // passes over ring[2]
  EXPECT_EQ(health_of_ring(ring).principals, 5U);
  ring.pop_back();
  ring.pop_back();  // four are left, and one of them is skipped
  EXPECT_TRUE(ring_invariant_holds(health_of_ring(ring), kList));
}

// A member 10 of a ring 10, 20, .. 60 as the law sees it, and what it is told.
class AskedFirst : public ::testing::Test {
 protected:
  static wire::Neighbours answer_of(const MemberSnapshot& member) {
    wire::Neighbours answer;
    answer.phase = member.phase;
    answer.self = member.self;
    answer.predecessor = member.predecessor;
    answer.successors = member.successors;
    return answer;
  }
  void hear(const MemberSnapshot& member, Duration at) {
    law.asked(0, member.self.id);
    law.answered(0, at, answer_of(member));
  }
  MemberSnapshot member(std::vector<wire::NodeRef> successors) const {
    MemberSnapshot snapshot = ring[0];
    snapshot.successors = std::move(successors);
    return snapshot;
  }

  // The first of the ring in a new life, at 1 s.
  MemberSnapshot begin_join() {
    MemberSnapshot joiner = ring[0];
    joiner.self = node(10, 2);
    joiner.phase = wire::Phase::joining;
    joiner.successors.clear();
    joiner.predecessor.reset();
    EXPECT_EQ(law.step(0, 1s, joiner), std::nullopt);
    return joiner;
  }

  std::vector<MemberSnapshot> ring = ideal_ring(6);
  NeighboursAreAskedFirst law{kList};
  void SetUp() override {
    for (const MemberSnapshot& one : ring) law.notified(0, one.self);
    hear(ring[1], 0s);
    ASSERT_EQ(law.step(0, 0s, ring[0]), std::nullopt);
  }
};

TEST_F(AskedFirst, AllowsTheWholeListOfOneWhoJustAnswered) {
  ring[1].successors = {node(30), node(45), node(50)};
  hear(ring[1], 5s);
  EXPECT_EQ(law.step(0, 5s, member({node(20), node(30), node(45)})), std::nullopt);
}

TEST_F(AskedFirst, AllowsToDropTheFirst) {
  EXPECT_EQ(law.step(0, 5s, member({node(30), node(40)})), std::nullopt);
}

TEST_F(AskedFirst, SeesACloserSuccessorThatWasNotAsked) {
  EXPECT_TRUE(law.step(0, 5s, member({node(15), node(20), node(30)})));
}

TEST_F(AskedFirst, SeesOneWhoseAnswerIsOld) {
  MemberSnapshot nearer = ring[1];
  nearer.self = node(15);
  nearer.successors = {node(20), node(30), node(40)};
  hear(nearer, 5s);
  EXPECT_TRUE(law.step(0, 6s, member({node(15), node(20), node(30)})));
}

TEST_F(AskedFirst, SeesAnOldTailBehindANewHead) {
  MemberSnapshot nearer = ring[1];
  nearer.self = node(15);
  nearer.successors = {node(20), node(25), node(30)};
  hear(nearer, 5s);
  EXPECT_TRUE(law.step(0, 5s, member({node(15), node(20), node(30)})));
  EXPECT_EQ(law.step(0, 5s, member({node(15), node(20), node(25)})), std::nullopt);
}

TEST_F(AskedFirst, SeesAnEarlierLifeOfOneWhoSpokeSince) {
  MemberSnapshot again = ring[1];
  again.self.incarnation += 1;
  hear(again, 5s);
  hear(ring[1], 6s);  // an answer that was long on its way
  EXPECT_TRUE(law.step(0, 6s, member({node(20), node(30), node(50)})));
  MemberSnapshot now = ring[0];
  law.notified(0, {node(55).id, 7});
  law.notified(0, {node(55).id, 6});
  now.predecessor = wire::NodeRef{node(55).id, 6};
  EXPECT_TRUE(law.step(0, 6s, now));
}

TEST_F(AskedFirst, SeesOneThatStandsAloneBecauseItsListRanOut) {
  MemberSnapshot now = member({});
  EXPECT_EQ(law.step(0, 5s, now), std::nullopt);
  MemberSnapshot alone = now;
  alone.predecessor.reset();
  EXPECT_TRUE(law.step(0, 5s, alone));
  now.phase = wire::Phase::joining;
  EXPECT_EQ(law.step(0, 5s, now), std::nullopt);
  EXPECT_EQ(law.step(0, 6s, alone), std::nullopt) << "it looked for others, and found nobody";
}

TEST_F(AskedFirst, SeesAPredecessorThatNeverSpokeAndOneThatWasForgotten) {
  MemberSnapshot now = ring[0];
  now.predecessor = node(65);
  EXPECT_TRUE(law.step(0, 5s, now));
  now.predecessor.reset();
  EXPECT_TRUE(law.step(0, 5s, now));
}

TEST_F(AskedFirst, WantsAJoinerToCopyTheListButForThoseWhoAreSilent) {
  MemberSnapshot joiner = begin_join();
  ring[5].successors = {node(20), node(30), node(40)};
  hear(ring[5], 2s);
  joiner.phase = wire::Phase::member;
  joiner.predecessor = node(60);
  joiner.successors = {node(20)};
  NeighboursAreAskedFirst fresh = law;
  EXPECT_TRUE(fresh.step(0, 2s, joiner)) << "30 and 40 were left out unasked";
  for (const std::uint8_t silent : {30, 40}) {
    law.asked(0, node(silent).id);
    law.failed(0, node(silent).id);
  }
  EXPECT_EQ(law.step(0, 2s, joiner), std::nullopt);
}

TEST_F(AskedFirst, LetsAJoinerLeaveOutOneWhoAnsweredOnlyAnotherOfItsQuestions) {
  MemberSnapshot joiner = begin_join();
  ring[5].successors = {node(20), node(30), node(40)};
  hear(ring[5], 2s);
  law.asked(0, node(20).id);
  hear(ring[1], 2s);
  joiner.phase = wire::Phase::member;
  joiner.predecessor = node(60);
  joiner.successors = {node(30), node(40)};
  NeighboursAreAskedFirst both_answered = law;
  EXPECT_EQ(law.step(0, 2s, joiner), std::nullopt) << "one of the two questions was lost";
  both_answered.answered(0, 2s, answer_of(ring[1]));
  EXPECT_TRUE(both_answered.step(0, 2s, joiner)) << "20 was left out, and lives";
}

TEST_F(AskedFirst, LetsAJoinerStrikeOutTheDeadBeforeItLooksAtTheOrder) {
  MemberSnapshot joiner = begin_join();
  ring[5].successors = {node(30), node(20), node(40)};  // a lie
  hear(ring[5], 2s);
  joiner.phase = wire::Phase::member;
  joiner.predecessor = node(60);
  joiner.successors = {node(30), node(40)};
  NeighboursAreAskedFirst lives = law;
  EXPECT_TRUE(lives.step(0, 2s, joiner)) << "nothing behind 20 can be believed";
  law.asked(0, node(20).id);
  law.failed(0, node(20).id);
  EXPECT_EQ(law.step(0, 2s, joiner), std::nullopt);
}

TEST(RingBecomesIdeal, SeesTwoRingsSideBySide) {
  std::vector<MemberSnapshot> two = ideal_ring(6);
  for (std::size_t i = 0; i < 6; ++i) {
    two[i].successors = {two[(i + 2) % 6].self, two[(i + 4) % 6].self};
    two[i].predecessor = two[(i + 4) % 6].self;
  }
  EXPECT_TRUE(ring_becomes_ideal(two, kList));
}

class ChunkLaws : public ::testing::Test {
 protected:
  ChunkLedger ledger;
  SeededRandom random{1};
  SeededEntropy entropy{1};
};

TEST_F(ChunkLaws, MissOnlyAcknowledgedChunksThatNobodyHas) {
  const std::uint32_t pack = ledger.make_pack(entropy, random, 7);
  const HasCopy everybody = [](std::uint32_t, const wire::ChunkAddress&) { return true; };
  const HasCopy all_but_three = [](std::uint32_t machine, const wire::ChunkAddress&) { return machine != 3; };
  EXPECT_TRUE(no_acknowledged_chunk_lost(ledger, everybody).empty()) << "nothing was promised yet";
  StoredChunk& chunk = ledger.chunk({pack, 2});
  chunk.acknowledged = true;
  EXPECT_EQ(no_acknowledged_chunk_lost(ledger, everybody).size(), 1U);
  chunk.ever_on_disks = {3};
  EXPECT_TRUE(no_acknowledged_chunk_lost(ledger, everybody).empty());
  EXPECT_EQ(no_acknowledged_chunk_lost(ledger, all_but_three).size(), 1U);
  chunk.ever_on_disks = {3, 4};
  EXPECT_TRUE(no_acknowledged_chunk_lost(ledger, all_but_three).empty());
  EXPECT_EQ(copies_of(chunk, all_but_three), 1U);
}

TEST_F(ChunkLaws, FindChunksByTheirAddress) {
  const std::uint32_t pack = ledger.make_pack(entropy, random, 7);
  ledger.make_pack(entropy, random, 7);
  const auto place = ledger.find(ledger.chunk({pack, 4}).address);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->pack, pack);
  EXPECT_EQ(place->chunk_class, 4);
  EXPECT_EQ(ledger.packs_of(7).size(), 2U);
  EXPECT_TRUE(ledger.packs_of(8).empty());
  EXPECT_FALSE(ledger.find(wire::ChunkAddress{}));
}

TEST_F(ChunkLaws, TellOnceWhenAPersonGetsHoldOfAWholePack) {
  NoPersonHoldsAWholePack law;
  for (std::uint8_t chunk_class = 0; chunk_class < 4; ++chunk_class)
    EXPECT_FALSE(law.hold(1, {0, chunk_class}));
  EXPECT_FALSE(law.hold(1, {0, 3})) << "the same again";
  EXPECT_FALSE(law.hold(1, {1, 4})) << "of another pack";
  EXPECT_FALSE(law.hold(2, {0, 4})) << "another person";
  EXPECT_TRUE(law.hold(1, {0, 4}));
  EXPECT_FALSE(law.hold(1, {0, 4})) << "told already";
}

TEST(Violations, TellOfTheFirstAtOnceAndCountAll) {
  world::VirtualClock clock;
  Violations violations(clock);
  int told = 0;
  violations.on_first([&](const Violation& violation) {
    ++told;
    EXPECT_EQ(violation.law, "a law");
  });
  violations.judge("a law", std::nullopt, {});
  EXPECT_FALSE(violations.first());
  clock.run_for(5s);
  for (int i = 0; i < 200; ++i) violations.judge("a law", "broken", {3});
  EXPECT_EQ(violations.total(), 200U);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(violations.first()->at, clock.now());
  EXPECT_EQ(violations.first()->machines, std::vector<std::uint32_t>{3});
}

TEST(Chronicle, KeepsTheLastEventsOfEachMachine) {
  world::VirtualClock clock;
  Chronicle chronicle(clock);
  clock.run_for(25h + 61s + 7ms);
  for (std::uint32_t i = 0; i < 70; ++i) chronicle.note(2, EventKind::question, 0, 0, i);
  chronicle.note(1, EventKind::back);
  const std::vector<Event> last = chronicle.last_events(2);
  ASSERT_EQ(last.size(), Chronicle::kLastEvents);
  EXPECT_EQ(last.front().other, 20U);
  EXPECT_EQ(last.back().other, 69U);
  EXPECT_EQ(chronicle.last_events(1).size(), 1U);
  EXPECT_TRUE(chronicle.last_events(9).empty());
  const auto name = [](std::uint32_t machine) { return "m" + std::to_string(machine); };
  EXPECT_EQ(Chronicle::in_words(chronicle.last_events(1).front(), name), "day 1 01:01:01.007  m1 is back");
}

TEST(TraceHash, TellsOrderAndContentApart) {
  const auto hash_of = [](std::initializer_list<std::uint64_t> words) {
    TraceHash hash;
    for (const std::uint64_t word : words) hash.add(word);
    return hash.hex();
  };
  EXPECT_EQ(hash_of({1, 2, 3}), hash_of({1, 2, 3}));
  EXPECT_NE(hash_of({1, 2, 3}), hash_of({1, 3, 2}));
  EXPECT_NE(hash_of({1, 2}), hash_of({1, 2, 0}));
  EXPECT_NE(hash_of({0}), hash_of({0, 0}));
  EXPECT_EQ(hash_of({}).size(), 32U);
}

TEST(Report, BecomesOneJsonObject) {
  Report report;
  report.scenario = "churn";
  report.trace_hash = "abc";
  report.failure.emplace().law = "a \"quoted\" law";
  const std::string json = to_json(report);
  EXPECT_NE(json.find("\"trace_hash\":\"abc\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"law\":\"a \\\"quoted\\\" law\""), std::string::npos) << json;
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

TEST(ACopyIsDroppedOnlyForOthers, CountsThoseThatAreOnDisks) {
  StoredChunk chunk;
  chunk.ever_on_disks = {1, 2, 5};
  const auto all = [](std::uint32_t, const wire::ChunkAddress&) { return true; };
  const auto not_five = [](std::uint32_t machine, const wire::ChunkAddress&) { return machine != 5; };
  EXPECT_FALSE(a_copy_is_dropped_only_for_others(chunk, 3, all));
  EXPECT_TRUE(a_copy_is_dropped_only_for_others(chunk, 4, all));
  EXPECT_TRUE(a_copy_is_dropped_only_for_others(chunk, 3, not_five));
}

}  // namespace
}  // namespace peerstore::simulator
