// What is said of a join beforehand is what then happens, whoever of the friends is full, asleep or silent.
#include "replica/repair_ring.hpp"

namespace peerstore::replica::test {
namespace {

// As ring.add() will make it.
placement::Machine next_machine(const TestRing& ring, wire::PersonNumber person, std::uint8_t colour) {
  SeededEntropy entropy = ring.entropy;
  return {entropy.make<wire::MemberId>(), person, colour, std::uint64_t{8} << 30};
}

// All who are awake, together.
Repair::Share foresee(TestRing& ring, const placement::Machine& newcomer, const Holder* silent) {
  Repair::Share sum;
  for (const auto& holder : ring.holders) {
    if (ring.truth.members.at(holder->id()).standing != Standing::live) continue;
    if (holder.get() == silent) continue;
    const Repair::Share share = ring.clock.run(holder->repair->preview_with(newcomer));
    sum.chunks += share.chunks;
    sum.bytes += share.bytes;
  }
  return sum;
}

// Somebody comes, and has in the end what was foreseen; at least one chunk.
void expect_what_comes(TestRing& ring, const Holder* silent = nullptr) {
  const auto person = static_cast<wire::PersonNumber>(ring.holders.size());
  const placement::Machine machine = next_machine(ring, person, 4);
  const Repair::Share foreseen = foresee(ring, machine, silent);
  Holder& newcomer = ring.add(person, 4);
  ASSERT_EQ(newcomer.id(), machine.id);
  for (const auto& holder : ring.holders) holder->repair->ring_changed();
  newcomer.repair->start();
  ring.clock.run_for(2h);
  EXPECT_EQ(newcomer.chunks->usage().chunks, foreseen.chunks);
  EXPECT_EQ(newcomer.chunks->usage().held, foreseen.bytes);
  EXPECT_GT(foreseen.chunks, 0u);
}

class JoinForeseen : public testing::TestWithParam<std::uint8_t> {
 protected:
  std::uint8_t copies() const { return GetParam(); }
};

TEST_P(JoinForeseen, InAQuietRing) {
  TestRing ring(7, copies());
  fill(ring, 60);
  ring.start_repair();
  ring.clock.run_for(10min);
  expect_what_comes(ring);
}

TEST_P(JoinForeseen, WhereAFriendIsFullAndLacksWhatOthersKeepForIt) {
  TestRing ring(7, copies());
  fill(ring, 60);
  ring.start_repair();
  Holder& full = ring.add(7, 4, 1000);
  ring.truth.members[full.id()].is_full = true;
  full.repair->start();
  for (const auto& holder : ring.holders) holder->repair->ring_changed();
  ring.clock.run_for(1h);
  ASSERT_TRUE(full.held().empty());
  expect_what_comes(ring);
}

TEST_P(JoinForeseen, WhereAFriendIsFullOfWhatBelongsThere) {
  TestRing ring(7, copies());
  fill(ring, 60);
  ring.start_repair();
  ring.clock.run_for(10min);
  ring.truth.members[ring.holders[2]->id()].is_full = true;
  ring.clock.run_for(10min);
  ASSERT_FALSE(ring.holders[2]->held().empty());
  expect_what_comes(ring);
}

TEST_P(JoinForeseen, WhereFriendsSleepAndOthersStandInForThem) {
  TestRing ring(8, copies());
  for (const std::size_t i : {2u, 4u, 5u}) ring.sleep(ring.holders[i]->id());
  fill(ring, 60);
  ring.start_repair();
  ring.clock.run_for(10min);
  expect_what_comes(ring);
}

INSTANTIATE_TEST_SUITE_P(Copies, JoinForeseen, testing::Values(1, 2, 3));

// A friend has lost them, and nobody knows.
TEST(Repair, ForeseesThatOthersBringWhatWhoseTurnItIsHasNoMore) {
  TestRing ring(7);
  fill(ring, 60);
  ring.start_repair();
  ring.clock.run_for(10min);
  Holder& careless = *ring.holders[2];
  const auto held = careless.held();
  ASSERT_FALSE(held.empty());
  for (const store::ChunkFacts& facts : held) {
    ASSERT_TRUE(ring.clock.run(careless.chunks->remove(facts.address)));
  }
  expect_what_comes(ring);
}

TEST(Repair, ForeseesThatOthersBringWhatAFriendWouldWhoDoesNotAnswer) {
  TestRing ring(7);
  fill(ring, 60);
  ring.start_repair();
  ring.clock.run_for(10min);
  ring.hub.set_asleep(ring.holders[2]->id(), true);  // and is taken to be awake
  const TimePoint began = ring.clock.now();
  expect_what_comes(ring, ring.holders[2].get());
  EXPECT_LT(ring.clock.now() - began, 2h + 30s) << "nobody waits long for it";
}

// Of a machine that is emptied, too.
TEST(Repair, ForeseesWhoTakesWhatADrainedMachineHasWhereAFriendIsFull) {
  Settled at(7);
  Holder& full = at.ring.add(7, 4, 1000);
  at.ring.truth.members[full.id()].is_full = true;
  for (const auto& holder : at.ring.holders) holder->repair->ring_changed();
  full.repair->start();
  at.ring.clock.run_for(1h);
  const Repair::Preview foreseen = at.ring.clock.run(at.one().repair->preview_without_self());
  EXPECT_EQ(foreseen.without_a_place, 0u);
  std::map<wire::MemberId, std::uint64_t> before;
  for (const auto& holder : at.ring.holders) before[holder->id()] = holder->repair->counters().pulled;
  const std::uint64_t bytes = store::stored_bytes(at.one().held().front().header);
  at.ring.drain(at.one().id());
  EXPECT_TRUE(until(at.ring, [&] { return at.one().held().empty(); }));
  for (const auto& holder : at.ring.holders) {
    const std::uint64_t taken = (holder->repair->counters().pulled - before[holder->id()]) * bytes;
    const auto told = foreseen.bytes.find(holder->id());
    EXPECT_EQ(told == foreseen.bytes.end() ? 0 : told->second, taken) << at.ring.names.at(holder->id());
  }
}

}  // namespace
}  // namespace peerstore::replica::test
