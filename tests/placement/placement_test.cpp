#include <peerstore/placement/placement.hpp>

#include <peerstore/runtime/random.hpp>

#include <gtest/gtest.h>
#include <placement/circle_load.hpp>
#include <placement/naive_placement.hpp>

#include <map>
#include <set>

namespace peerstore::placement {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

ring::Id random_id(Random& random) {
  ring::Id id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.next() >> 56);
  return id;
}

// One machine a person, all giving the same; colours dealt in turn, as at admission.
std::vector<Machine> equal_machines(Random& random, std::uint32_t persons, std::uint64_t gibibytes) {
  std::vector<Machine> roster;
  for (std::uint32_t person = 0; person < persons; ++person) {
    roster.push_back({random_id(random), person, static_cast<std::uint8_t>(person % 5), gibibytes * kGiB});
  }
  return roster;
}

// Some persons with several machines, spaces from nothing to many tokens.
std::vector<Machine> random_roster(Random& random) {
  std::vector<Machine> roster;
  const std::uint64_t persons = 1 + random.below(12);
  for (std::uint32_t person = 0; person < persons; ++person) {
    const auto colour = static_cast<std::uint8_t>(random.below(5));
    const std::uint64_t machines = 1 + random.below(3);
    for (std::uint64_t i = 0; i < machines; ++i) {
      const ring::Id id = random_id(random);
      roster.push_back({id, person * 7 + 3, colour, random.below(20) * kGiB / 2});
    }
  }
  return roster;
}

ChunkPlace random_chunk(Random& random, const std::vector<Machine>& roster) {
  const ring::Id key = random_id(random);
  const auto chunk_class = static_cast<std::uint8_t>(random.below(5));
  return {key, chunk_class, roster[random.below(roster.size())].person};
}

TEST(Placement, AgreesWithTheNaiveTwinOnRandomRosters) {
  SeededRandom random(1);
  for (int round = 0; round < 300; ++round) {
    Policy policy;
    policy.tokens_max = 8;
    if (random.below(4) == 0) policy.colours = 0;
    if (random.below(8) == 0) policy.bytes_per_token = 0;
    const std::vector<Machine> roster = random_roster(random);
    const Map map(policy, roster);
    for (int i = 0; i < 10; ++i) {
      const ChunkPlace chunk = random_chunk(random, roster);
      const auto expected = naive_preference_list(policy, roster, chunk);
      ASSERT_EQ(map.preference_list(chunk), expected) << "round " << round;
      auto first_two = expected;
      if (first_two.size() > 2) first_two.resize(2);
      ASSERT_EQ(map.preference_list(chunk, 2), first_two) << "round " << round;
    }
  }
}

TEST(Placement, NeverNamesAForbiddenColourTheOwnerOrAPersonTwice) {
  SeededRandom random(2);
  for (int round = 0; round < 200; ++round) {
    const std::vector<Machine> roster = random_roster(random);
    const Map map(Policy{}, roster);
    const ChunkPlace chunk = random_chunk(random, roster);
    std::set<std::uint32_t> persons;
    for (const ring::Id& id : map.preference_list(chunk)) {
      const Machine* machine = map.find(id);
      ASSERT_NE(machine, nullptr);
      EXPECT_NE(machine->colour, chunk.chunk_class);
      EXPECT_NE(machine->person, chunk.owner);
      EXPECT_TRUE(persons.insert(machine->person).second) << "a person twice";
    }
  }
}

TEST(Placement, NoPersonCanHoldAllClassesOfAPack) {
  SeededRandom random(3);
  for (int round = 0; round < 100; ++round) {
    const std::vector<Machine> roster = random_roster(random);
    const Map map(Policy{}, roster);
    ChunkPlace chunk = random_chunk(random, roster);
    std::map<std::uint32_t, int> classes_of_person;
    for (chunk.chunk_class = 0; chunk.chunk_class < 5; ++chunk.chunk_class) {
      for (const ring::Id& id : map.preference_list(chunk)) ++classes_of_person[map.find(id)->person];
    }
    for (const auto& [person, classes] : classes_of_person) EXPECT_LE(classes, 4) << "person " << person;
  }
}

TEST(Placement, WithoutColoursOnlyTheOwnerIsSkipped) {
  SeededRandom random(4);
  Policy policy;
  policy.colours = 0;
  const Map map(policy, equal_machines(random, 6, 10));
  for (std::uint8_t chunk_class = 0; chunk_class < 5; ++chunk_class) {
    const ChunkPlace chunk{random_id(random), chunk_class, 2};
    EXPECT_EQ(map.preference_list(chunk).size(), 5U);
  }
  EXPECT_EQ(map.reachable_copies(2), 3U);
}

TEST(Placement, DoesNotDependOnTheOrderOfTheRoster) {
  SeededRandom random(5);
  std::vector<Machine> roster = random_roster(random);
  const Map map(Policy{}, roster);
  std::ranges::reverse(roster);
  const Map reversed(Policy{}, roster);
  for (int i = 0; i < 50; ++i) {
    const ChunkPlace chunk = random_chunk(random, roster);
    EXPECT_EQ(map.preference_list(chunk), reversed.preference_list(chunk));
  }
}

// The first `copies` of `after` that are not among the first `copies` of `before`.
std::vector<ring::Id> newcomers(const Map& before, const Map& after, const ChunkPlace& chunk) {
  const auto old_holders = before.preference_list(chunk, before.policy().copies);
  std::vector<ring::Id> found;
  for (const ring::Id& id : after.preference_list(chunk, after.policy().copies)) {
    if (std::ranges::find(old_holders, id) == old_holders.end()) found.push_back(id);
  }
  return found;
}

TEST(Placement, AddingAMachineMovesChunksOnlyToIt) {
  SeededRandom random(6);
  for (int round = 0; round < 30; ++round) {
    std::vector<Machine> roster = random_roster(random);
    const Map before(Policy{}, roster);
    const bool of_a_known_person = random.below(2) == 0;
    const ring::Id added = random_id(random);
    const Machine& known = roster[random.below(roster.size())];
    roster.push_back(of_a_known_person ? Machine{added, known.person, known.colour, 5 * kGiB}
                                       : Machine{added, 1000, 4, 5 * kGiB});
    const Map after(Policy{}, roster);
    for (int i = 0; i < 40; ++i) {
      for (const ring::Id& id : newcomers(before, after, random_chunk(random, roster))) EXPECT_EQ(id, added);
    }
  }
}

TEST(Placement, RemovingAMachineMovesOnlyWhatItHeld) {
  SeededRandom random(7);
  int moved = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<Machine> roster = random_roster(random);
    const std::vector<Machine> all = roster;
    const Map before(Policy{}, roster);
    const auto victim = roster.begin() + static_cast<std::ptrdiff_t>(random.below(roster.size()));
    const ring::Id removed = victim->id;
    roster.erase(victim);
    const Map after(Policy{}, roster);
    for (int i = 0; i < 40; ++i) {
      const ChunkPlace chunk = random_chunk(random, all);
      const auto old_holders = before.preference_list(chunk, before.policy().copies);
      const bool held = std::ranges::find(old_holders, removed) != old_holders.end();
      const auto found = newcomers(before, after, chunk);
      EXPECT_LE(found.size(), held ? 1U : 0U);
      moved += held ? 1 : 0;
    }
  }
  EXPECT_GT(moved, 0) << "the test must see chunks that move";
}

TEST(Placement, GivingMoreSpaceMovesChunksOnlyToThatMachine) {
  SeededRandom random(8);
  std::vector<Machine> roster = equal_machines(random, 9, 10);
  const Map before(Policy{}, roster);
  roster[4].bytes_given *= 3;
  const Map after(Policy{}, roster);
  for (int i = 0; i < 300; ++i) {
    for (const ring::Id& id : newcomers(before, after, random_chunk(random, roster))) {
      EXPECT_EQ(id, roster[4].id);
    }
  }
}

// One machine a person, colours balanced, gifts in GB.
std::vector<Machine> ring_that_gives(Random& random, const std::vector<std::uint64_t>& gigabytes) {
  std::vector<Machine> roster;
  for (std::uint32_t i = 0; i < gigabytes.size(); ++i) {
    const auto colour = static_cast<std::uint8_t>(i % 5);
    roster.push_back({random_id(random), i, colour, gigabytes[i] * 1'000'000'000});
  }
  return roster;
}

TEST(Balance, OfTenEqualMachinesTheFullestHoldsAtMost116PercentOfTheMeanIn99PercentOfRings) {
  SeededRandom random(9);
  for (const auto& [gigabytes, rings] : {std::pair{20, 200}, {50, 50}, {100, 20}}) {
    int even = 0;
    for (int i = 0; i < rings; ++i) {
      const std::vector<std::uint64_t> gifts(10, static_cast<std::uint64_t>(gigabytes));
      even += skew(Policy{}, ring_that_gives(random, gifts)) <= 1.16 ? 1 : 0;
    }
    EXPECT_GE(even * 100, rings * 99) << "of " << gigabytes << " GB each";
  }
}

// What is measured above is what preference lists say.
TEST(Balance, IsReckonedFromTheArcsAsPreferenceListsShareThem) {
  SeededRandom random(10);
  const std::vector<Machine> roster = ring_that_gives(random, {5, 10, 20, 10, 5, 30, 10});
  const Map map(Policy{}, roster);
  std::map<ring::Id, double> drawn;
  constexpr int kKeys = 4000;
  for (int i = 0; i < kKeys; ++i) {
    ChunkPlace chunk{random_id(random), static_cast<std::uint8_t>(i % 5), 0};
    for (chunk.owner = 0; chunk.owner < roster.size(); ++chunk.owner) {
      for (const ring::Id& id : map.preference_list(chunk, 3)) drawn[id] += 1.0 / (kKeys * 3 * 7);
    }
  }
  const std::vector<double> reckoned = shares(Policy{}, roster);
  for (std::size_t i = 0; i < roster.size(); ++i) EXPECT_NEAR(drawn[roster[i].id], reckoned[i], 0.01);
}

TEST(Placement, SpaceGivenWeighsTheShare) {
  SeededRandom random(10);
  std::vector<Machine> roster = equal_machines(random, 11, 50);
  roster[3].bytes_given *= 2;
  const Map map(Policy{}, roster);
  std::map<ring::Id, unsigned> firsts;
  for (int i = 0; i < 4000; ++i) {
    const ChunkPlace chunk{random_id(random), static_cast<std::uint8_t>(i % 5), 99};
    ++firsts[map.preference_list(chunk, 1).front()];
  }
  const double mean_of_others = (4000.0 - firsts[roster[3].id]) / 10;
  EXPECT_GT(firsts[roster[3].id], 1.5 * mean_of_others);
  EXPECT_LT(firsts[roster[3].id], 2.6 * mean_of_others);
}

TEST(Placement, PersonsNeededForEachNumberOfCopies) {
  SeededRandom random(11);
  const unsigned expected[] = {0, 0, 0, 1, 2, 3, 3, 3};
  for (std::uint32_t persons = 1; persons < std::size(expected); ++persons) {
    const Map map(Policy{}, equal_machines(random, persons, 20));
    for (std::uint32_t owner = 0; owner < persons; ++owner) {
      EXPECT_EQ(map.reachable_copies(owner), expected[persons]) << persons << " persons, owner " << owner;
    }
  }
}

TEST(Placement, SeveralMachinesOfOnePersonAreOneCopy) {
  SeededRandom random(12);
  std::vector<Machine> roster = equal_machines(random, 3, 20);
  for (int i = 0; i < 5; ++i) roster.push_back({random_id(random), 1, 1, 20 * kGiB});
  EXPECT_EQ(Map(Policy{}, roster).reachable_copies(0), 1U);
}

TEST(Placement, AnUnevenRingFallsShortForItsWorstClass) {
  SeededRandom random(13);
  std::vector<Machine> roster = equal_machines(random, 6, 20);
  for (Machine& machine : roster) machine.colour = machine.person < 4 ? 2 : 3;
  // Class 2 may only go to persons 4 and 5.
  EXPECT_EQ(Map(Policy{}, roster).reachable_copies(0), 2U);
  EXPECT_EQ(Map(Policy{}, roster).reachable_copies(5), 1U);
}

TEST(Placement, AnEmptyRosterHoldsNothing) {
  const Map map(Policy{}, {});
  EXPECT_TRUE(map.preference_list(ChunkPlace{}).empty());
  EXPECT_EQ(map.find(ring::Id{}), nullptr);
  EXPECT_EQ(map.reachable_copies(0), 0U);
}

TEST(Placement, OfTwoMachinesWithOneIdOneCounts) {
  SeededRandom random(14);
  std::vector<Machine> roster = equal_machines(random, 4, 3);
  const Map plain(Policy{}, roster);
  roster.push_back(roster[1]);
  const Map doubled(Policy{}, roster);
  EXPECT_EQ(doubled.machines(), plain.machines());
}

TEST(TokenCount, IsOneForEachUnitOfSpaceWithinItsLimits) {
  const Policy policy;
  EXPECT_EQ(token_count(policy, 0), 0U) << "it is being emptied";
  EXPECT_EQ(token_count(policy, 1), 1U);
  EXPECT_EQ(token_count(policy, kGiB / 4 - 1), 1U);
  EXPECT_EQ(token_count(policy, 100 * kGiB), 800U);
  EXPECT_EQ(token_count(policy, 100 * kGiB + 5), 800U);
  EXPECT_EQ(token_count(policy, ~std::uint64_t{0}), 32'768U);
  Policy one_token;
  one_token.bytes_per_token = 0;
  EXPECT_EQ(token_count(one_token, 100 * kGiB), 1U);
  Policy no_tokens;
  no_tokens.tokens_max = 0;
  EXPECT_EQ(token_count(no_tokens, 100 * kGiB), 1U);
}

TEST(Token, IsDerivedFromMachineAndIndex) {
  ring::Id a;
  ring::Id b;
  b.bytes[31] = 1;
  std::set<ring::Id> tokens;
  for (std::uint32_t index : {0U, 1U, 256U, 65536U}) {
    tokens.insert(token(a, index));
    tokens.insert(token(b, index));
  }
  EXPECT_EQ(tokens.size(), 8U);
  EXPECT_EQ(token(a, 7), token(a, 7));
}

// Every machine of every release must reckon alike: these values may only change with the ring's
// format version.
TEST(Placement, IsPinnedByAFixedRoster) {
  std::vector<Machine> roster;
  for (std::uint32_t i = 0; i < 7; ++i) {
    Machine machine{ring::Id{}, i, static_cast<std::uint8_t>(i % 5), (i + 1) * kGiB};
    machine.id.bytes.fill(static_cast<std::uint8_t>(0x11 * (i + 1)));
    roster.push_back(machine);
  }
  EXPECT_EQ(ring::short_name(token(roster[0].id, 0)), "4b2e0d57");
  EXPECT_EQ(ring::short_name(token(roster[6].id, 6)), "03afa0a8");
  ChunkPlace chunk;
  chunk.placement_key.bytes.fill(0x5a);
  chunk.chunk_class = 1;
  chunk.owner = 3;
  Policy policy;
  policy.bytes_per_token = kGiB;
  std::string names;
  for (const ring::Id& id : Map(policy, roster).preference_list(chunk)) names += ring::short_name(id) + " ";
  EXPECT_EQ(names, "33333333 66666666 55555555 11111111 ");
}

}  // namespace
}  // namespace peerstore::placement
