#include "../simulator/people.hpp"

#include <gtest/gtest.h>

#include <node/ring_of_nodes.hpp>
#include <peerstore/runtime/scope.hpp>

#include <set>

namespace peerstore::simulator {
namespace {

using node::test::Laptop;
using node::test::RingOfNodes;

// A ring of friends, and one of them at home.
struct Home {
  explicit Home(std::size_t friends = 6) : ring(friends) {
    network = ring.hub.client(member(), laptop().identity.person);
  }

  Laptop& laptop() { return *ring.laptops[1]; }
  const wire::MemberId& member() { return laptop().identity.member; }
  PersonTools tools() {
    const PersonTools::OnPut count = [this](const wire::ChunkDescription& chunk,
                                            const replica::PutOutcome& put) {
      if (put.safe()) safe_chunks.insert(wire::address_of(chunk));
    };
    return {laptop().clock,        ring.random,   ring.entropy,     ring.signatures,   *network,
            laptop().node->view(), laptop().disk, laptop().workers, laptop().identity, count};
  }
  Verdict back_up() { return ring.clock.run(person.back_up(tools())); }
  Verdict restore(Person::From from, const std::string& snapshot = "") {
    return ring.clock.run(person.restore_and_compare(tools(), from, snapshot));
  }

  RingOfNodes ring;
  std::unique_ptr<wire::Network> network;
  std::set<wire::ChunkAddress> safe_chunks;
  Person person{7, "ann"};
};

testing::AssertionResult is_well(const Verdict& verdict) {
  if (verdict.outcome == Outcome::done && verdict.words.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << static_cast<int>(verdict.outcome) << " " << verdict.words;
}

TEST(Person, GetsBackEverySnapshotThatWasSafe) {
  Home home;
  for (int day = 0; day < 5; ++day) {
    EXPECT_TRUE(is_well(home.back_up()));
    home.person.change();
  }
  EXPECT_EQ(home.person.safe_snapshots().size(), 5U);
  EXPECT_GT(home.safe_chunks.size(), 5U * 5U);
  for (const std::string& snapshot : home.person.safe_snapshots()) {
    EXPECT_TRUE(is_well(home.restore(Person::From::this_home, snapshot)));
    EXPECT_TRUE(is_well(home.restore(Person::From::nothing, snapshot)));
  }
  EXPECT_TRUE(is_well(home.restore(Person::From::this_home)));
}

TEST(Person, HasNothingToGetBackBeforeTheFirstBackup) {
  Home home;
  EXPECT_EQ(home.restore(Person::From::nothing).words, "nothing is safe yet");
}

TEST(Person, IsNotToldThatASnapshotIsSafeWhileFriendsAreTooFew) {
  Home home(3);
  const Verdict verdict = home.back_up();
  EXPECT_EQ(verdict.outcome, Outcome::done);
  EXPECT_NE(verdict.words, "");
  EXPECT_TRUE(home.person.safe_snapshots().empty());
}

TEST(Person, WaitsWhileFriendsSleepAndGetsItsFilesBackWhenTheyWake) {
  Home home;
  ASSERT_TRUE(is_well(home.back_up()));
  for (const auto& laptop : home.ring.laptops) {
    if (laptop.get() != &home.laptop()) home.ring.sleep(*laptop);
  }
  home.person.change();
  EXPECT_EQ(home.back_up().outcome, Outcome::not_now);
  const Verdict asleep = home.restore(Person::From::this_home);
  EXPECT_EQ(asleep.outcome, Outcome::not_now);
  EXPECT_NE(asleep.words, "");
  EXPECT_EQ(home.restore(Person::From::nothing).outcome, Outcome::not_now);

  for (const auto& laptop : home.ring.laptops) {
    if (laptop.get() != &home.laptop()) home.ring.wake(*laptop);
  }
  ASSERT_TRUE(home.ring.until([&] { return home.ring.is_one_ring(); }));
  EXPECT_TRUE(home.ring.until([&] { return is_well(home.restore(Person::From::nothing)) == true; }));
  EXPECT_TRUE(home.ring.until([&] { return is_well(home.back_up()) == true; }));
}

// A command that is killed at any moment harms nothing that was safe, and the next one goes on.
TEST(Person, CanBeKilledAtAnyMoment) {
  Home home;
  ASSERT_TRUE(is_well(home.back_up()));
  int finished = 0;
  for (std::uint64_t steps = 5; finished < 3; steps = steps * 3 / 2) {
    home.person.change();
    const std::size_t safe_before = home.person.safe_snapshots().size();
    std::optional<Verdict> verdict;
    {
      TaskScope process(home.ring.clock);
      process.spawn(world::detail::keep(home.person.back_up(home.tools()), verdict));
      for (std::uint64_t i = 0; i < steps && !verdict; ++i) home.ring.clock.step();
    }
    home.laptop().disk.crash();
    if (verdict) {
      ++finished;
      EXPECT_TRUE(is_well(*verdict));
    } else {
      EXPECT_EQ(home.person.safe_snapshots().size(), safe_before);
    }
    EXPECT_TRUE(is_well(home.restore(Person::From::this_home)));
  }
  EXPECT_TRUE(is_well(home.back_up()));
  for (const std::string& snapshot : home.person.safe_snapshots()) {
    EXPECT_TRUE(is_well(home.restore(Person::From::nothing, snapshot)));
  }
}

TEST(PersonsFolder, ChangesAndIsTheSameForTheSameSeed) {
  PersonsFolder folder(3, "/home/ann");
  PersonsFolder twin(3, "/home/ann");
  PersonsFolder other(4, "/home/ann");
  EXPECT_TRUE(difference(folder.describe(), other.describe()));
  for (int i = 0; i < 100; ++i) {
    const KeptTree before = folder.describe();
    folder.change();
    twin.change();
    const KeptTree after = folder.describe();
    EXPECT_TRUE(difference(before, after));
    EXPECT_FALSE(difference(after, twin.describe()));
    EXPECT_GT(after.size(), 12U);
    EXPECT_LT(after.size(), 70U);
    for (const auto& [path, entry] : after) EXPECT_LE(entry.size, 200'000U);
  }
}

TEST(PersonsFolder, NamesEveryDifference) {
  world::MemoryFiles was;
  was.write("/a/one\n", "first");
  was.write("/a/b/two", "second");
  const KeptTree before = describe(was, "/a");
  const auto flaw_after = [&](void (*change)(world::MemoryFiles&)) {
    world::MemoryFiles is;
    is.write("/a/one\n", "first");
    is.write("/a/b/two", "second");
    change(is);
    return difference(before, describe(is, "/a")).value_or("none");
  };
  EXPECT_EQ(flaw_after([](world::MemoryFiles&) {}), "none");
  EXPECT_EQ(flaw_after([](world::MemoryFiles& files) { files.remove("/a/b"); }), "'' has another time");
  const auto flaw_of = [&](void (*change)(KeptTree&)) {
    KeptTree after = before;
    change(after);
    return difference(before, after).value_or("none");
  };
  EXPECT_EQ(flaw_of([](KeptTree& tree) { tree.erase("b/two"); }), "'b/two' is missing");
  EXPECT_EQ(flaw_of([](KeptTree& tree) { tree["new"]; }), "'new' was never there");
  EXPECT_EQ(flaw_of([](KeptTree& tree) { tree["one\n"].size = 4; }), "'one\\x0a' has 4 bytes, not 5");
  EXPECT_EQ(flaw_of([](KeptTree& tree) { tree["one\n"].content.bytes[0] ^= 1; }),
            "'one\\x0a' has other bytes");
  EXPECT_EQ(flaw_of([](KeptTree& tree) { tree["b"].mode = 0700; }), "'b' has another mode");
  EXPECT_EQ(flaw_of([](KeptTree& tree) { tree["b"].modified_ns = 1; }), "'b' has another time");
  EXPECT_EQ(flaw_of([](KeptTree& tree) { tree["b"].kind = FileKind::file; }), "'b' is of another kind");
}

}  // namespace
}  // namespace peerstore::simulator
