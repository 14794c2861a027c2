// One test for each claim of the papers, and for each known way to break Chord.
//   Chord: Stoica et al., "Chord: a scalable peer-to-peer lookup protocol", IEEE/ACM TON 2003.
//   Zave:  "Reasoning about identifier spaces: how to make Chord correct", IEEE TSE 2017, and
//          "Using lightweight modeling to understand Chord", ACM CCR 2012 (the counterexamples).
#include <chord/ring_world.hpp>

namespace peerstore::chord {
namespace {

constexpr Duration kTenPeriods = 20s;  // of stabilize, when something changed

RingWorld::Options short_lists(std::size_t length) {
  RingWorld::Options options;
  options.chord.successor_list = length;
  return options;
}

// ---- Chord, section IV ----

TEST(Paper, LookupsFindTheTrueSuccessorFromEveryMember) {  // TON IV-A: consistent hashing
  RingWorld world({});
  world.ideal_ring(12);
  for (unsigned key = 0; key < 256; key += 5) EXPECT_EQ(world.wrong_lookups(point(key)), 0U) << key;
}

TEST(Paper, LookupsNeedOnlySuccessors) {  // TON IV-B: simple key location
  RingWorld::Options options = short_lists(3);
  options.everybody_known = false;
  RingWorld world(options);
  world.ideal_ring(12);
  for (unsigned key = 0; key < 256; key += 11) EXPECT_EQ(world.wrong_lookups(point(key)), 0U) << key;
}

TEST(Paper,
     AKeyOnAMemberIsThatMembers) {  // TON IV-A: "the first node whose identifier is equal to or follows"
  RingWorld world({});
  const auto ring = world.ideal_ring(5);
  for (const ring::Id& id : ring) EXPECT_EQ(world.wrong_lookups(id), 0U);
}

TEST(Paper, WithARosterALookupIsOneQuestion) {
  RingWorld world({});
  world.ideal_ring(10);
  for (unsigned key = 3; key < 256; key += 16) {
    const auto found = world.clock().run(world.node(point(0)).find_successor(point(key)));
    ASSERT_TRUE(found);
    EXPECT_LE(found->hops, 1U);
  }
}

TEST(Paper, TheSuccessorNamesItsSuccessorsToo) {  // TON IV-E: replicas live at the successors of the key
  RingWorld world(short_lists(3));
  const auto ring = world.ideal_ring(8);
  const auto found = world.clock().run(world.node(ring[0]).find_successor(point(40)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->successor.id, ring[3]);
  ASSERT_EQ(found->successors.size(), 3U);
  EXPECT_EQ(found->successors[0].id, ring[4]);
  EXPECT_EQ(found->successors[2].id, ring[6]);
}

TEST(Paper, AJoinThenStabilizeGivesTheRingItsNewMember) {  // TON IV-E.1: join, stabilize, notify
  RingWorld world({});
  world.ideal_ring(6);
  world.start(point(40), {point(0)});
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, kTenPeriods)) << world.flaw();
  EXPECT_EQ(world.wrong_lookups(point(39)), 0U);
}

TEST(Paper, ConcurrentJoinsBetweenTheSamePairAllArrive) {  // TON IV-E.1: many joins at once
  RingWorld world({});
  world.ideal_ring(4);
  for (unsigned i = 17; i < 31; i += 2) world.start(point(i), {point(0)});
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, kTenPeriods)) << world.flaw();
}

TEST(Paper, ConcurrentJoinsThroughOneContactAlone) {
  RingWorld::Options options;
  options.everybody_known = false;
  RingWorld world(options);
  world.ideal_ring(4);
  for (unsigned i = 17; i < 31; i += 2) world.start(point(i), {point(48)});
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min)) << world.flaw();
}

TEST(Paper, TheRingSurvivesTheFailureOfAllButOneOfASuccessorList) {  // TON IV-E.3: r-1 failures in a row
  for (std::size_t length = 2; length <= 6; ++length) {
    RingWorld world(short_lists(length));
    const auto ring = world.ideal_ring(10);
    for (std::size_t i = 1; i < length; ++i) world.crash(ring[i]);
    EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << length << ": " << world.flaw();
    EXPECT_EQ(world.wrong_lookups(point(17)), 0U);
  }
}

TEST(Paper, AMemberThatLeavesIsReplacedAtOnce) {  // TON IV-E.4: voluntary departures
  RingWorld::Options options;
  options.chord.quiet_period = 10min;
  RingWorld world(options);
  const auto ring = world.ideal_ring(6);
  world.run_for(1h);  // everybody is quiet now
  world.clock().run(world.node(ring[2]).leave());
  world.crash(ring[2]);
  const auto neighbours_agree = [&] {
    const auto& predecessor = world.state(ring[3]).predecessor();
    return world.state(ring[1]).successors().front().id == ring[3] && predecessor &&
           predecessor->id == ring[1];
  };
  EXPECT_TRUE(world.run_until(neighbours_agree, kTenPeriods));
}

TEST(Paper, ALeaveThatNobodyHearsIsOnlyAFailure) {
  RingWorld world({});
  const auto ring = world.ideal_ring(6);
  world.lose_messages(1);
  world.clock().run(world.node(ring[2]).leave());
  world.crash(ring[2]);
  world.lose_messages(0);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 3min)) << world.flaw();
}

// ---- Zave: the steps of the published protocol that were wrong ----

TEST(Zave, AJoinBringsAWholeList) {  // CCR 2012: join set the successor only, and one failure stranded it
  RingWorld world(short_lists(4));
  world.ideal_ring(8);
  std::size_t length_at_join = 0;
  world.observer = [&](const ChordNode& node) {
    const RingState& state = node.state();
    if (state.self().id == point(40) && state.is_member() && length_at_join == 0) {
      length_at_join = state.successors().size();
      EXPECT_TRUE(state.predecessor());
    }
  };
  world.start(point(40), {point(0)});
  EXPECT_TRUE(world.run_until([&] { return length_at_join > 0; }, 10s));
  EXPECT_EQ(length_at_join, 4U);
}

TEST(Zave, ADeadPredecessorOfTheSuccessorIsNeverAdopted) {  // CCR 2012, figure 6
  RingWorld world(short_lists(2));
  for (const unsigned id : {6U, 12U, 20U, 30U}) world.start(point(id), {point(6)});
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  world.sleep(point(6));  // a nap, in which 10 comes and goes
  world.start(point(10), {point(20)});
  const auto ten_told_twelve = [&] {
    const auto& predecessor = world.state(point(12)).predecessor();
    return predecessor && predecessor->id == point(10);
  };
  ASSERT_TRUE(world.run_until(ten_told_twelve, 10s));
  const bool six_knows_ten = world.state(point(6)).successors().front().id == point(10);
  ASSERT_FALSE(six_knows_ten);
  world.crash(point(10));
  world.wake(point(6));
  world.observer = [&](const ChordNode& node) {
    if (node.state().self().id != point(6) || !node.state().is_member()) return;
    EXPECT_EQ(node.state().successors().front().id, point(12));
  };
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, kTenPeriods)) << world.flaw();
}

TEST(Zave, AListIsOneViewNeverAMixOfTwo) {  // CCR 2012: reconcile copied entry by entry
  RingWorld world(short_lists(4));
  const auto ring = world.ideal_ring(10);
  // After each stabilize the list is the successor itself and the beginning of its own list.
  world.crash(ring[3]);
  world.crash(ring[4]);
  world.start(point(36), {ring[0]});
  world.start(point(41), {ring[0]});
  world.observer = [&](const ChordNode& node) {
    const auto& list = node.state().successors();
    for (std::size_t i = 0; i + 1 < list.size(); ++i) {
      EXPECT_TRUE(ring::in_open(node.state().self().id, list[i].id, list[i + 1].id));
    }
  };
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 1min)) << world.flaw();
}

TEST(Zave, APromotedSuccessorGivesItsWholeList) {  // CCR 2012: update promoted the next entry alone
  RingWorld world(short_lists(3));
  const auto ring = world.ideal_ring(8);
  world.crash(ring[1]);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  EXPECT_EQ(world.state(ring[0]).successors().size(), 3U);
}

TEST(Zave, APredecessorIsReplacedOnlyByOneWhoSpoke) {  // CCR 2012: flush forgot it, notify took anybody
  RingWorld world({});
  const auto ring = world.ideal_ring(5);
  std::set<ring::Id> seen{world.state(ring[2]).predecessor()->id};
  world.observer = [&](const ChordNode& node) {
    if (node.state().self().id != ring[2]) return;
    ASSERT_TRUE(node.state().predecessor());
    seen.insert(node.state().predecessor()->id);
  };
  world.crash(ring[1]);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
  EXPECT_EQ(seen, (std::set<ring::Id>{ring[0], ring[1]}));
}

TEST(Zave, ALivePredecessorIsNotReplacedByAFartherOne) {  // rectify asks first
  RingWorld world({});
  const auto ring = world.ideal_ring(5);
  world.observer = [&](const ChordNode& node) {
    if (node.state().self().id == ring[3]) EXPECT_EQ(node.state().predecessor()->id, ring[2]);
  };
  world.node(ring[3]).notified(NodeRef{ring[1], 1});
  world.run_for(1min);
  EXPECT_EQ(world.state(ring[3]).predecessor()->id, ring[2]);
}

TEST(Zave, ADeadPredecessorIsReplacedByAFartherOneThatSpoke) {
  RingWorld world({});
  const auto ring = world.ideal_ring(5);
  world.crash(ring[2]);
  world.node(ring[3]).notified(NodeRef{ring[1], 1});
  EXPECT_TRUE(world.run_until([&] { return world.state(ring[3]).predecessor()->id == ring[1]; }, 5s));
}

TEST(Zave, SmallRingsHaveNoFictitiousEntries) {  // CCR 2012: rings smaller than r+1 wrapped around
  for (unsigned size = 2; size <= 5; ++size) {
    RingWorld world(short_lists(8));
    for (const ring::Id& id : world.ideal_ring(size)) {
      const auto& list = world.state(id).successors();
      EXPECT_EQ(list.size(), size - 1);
      EXPECT_TRUE(std::ranges::find(list, id, &NodeRef::id) == list.end());
    }
  }
}

TEST(Zave, TheRingGrowsFromOneMember) {  // TSE 2017 needs r+1 members to begin with; here one must do
  RingWorld world({});
  world.start(point(100));
  EXPECT_TRUE(world.state(point(100)).is_member());
  EXPECT_EQ(world.wrong_lookups(point(7)), 0U);
  for (unsigned size = 1; size <= 12; ++size) {
    world.start(point(100 + 13 * size), {point(100)});
    ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, kTenPeriods)) << size << ": " << world.flaw();
  }
}

TEST(Zave, OddAndEvenRingsStayOneOrderedRing) {  // CCR 2012, figures 7 and 8: wrong order, two rings
  for (unsigned size = 3; size <= 8; ++size) {
    RingWorld world(short_lists(2));
    const auto ring = world.ideal_ring(size);
    // Join behind each member while every second one fails, as in the counterexamples.
    for (unsigned i = 0; i < size; ++i) world.start(point(16 * i + 5), {ring[i]});
    world.run_for(50ms);
    for (unsigned i = 0; i < size; i += 2) world.crash(ring[i]);
    EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << size << ": " << world.flaw();
  }
}

TEST(Zave, AnAppendageWhosePathDiesRejoins) {  // CCR 2012, figure 5
  RingWorld world(short_lists(2));
  const auto ring = world.ideal_ring(6);
  world.start(point(20), {ring[0]});
  ASSERT_TRUE(world.run_until([&] { return world.state(point(20)).is_member(); }, 10s));
  for (const NodeRef& successor : world.state(point(20)).successors()) world.crash(successor.id);
  EXPECT_TRUE(world.run_until([&] { return world.ideal(); }, 2min)) << world.flaw();
}

}  // namespace
}  // namespace peerstore::chord
