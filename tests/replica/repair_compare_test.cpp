// Two machines compare by digests what both should hold, and offer what differs alone.
#include <peerstore/crypto/short_hash.hpp>

#include "replica/light_store.hpp"
#include "replica/repair_ring.hpp"

namespace peerstore::replica::test {
namespace {

constexpr std::size_t kChunks = 3000;

// Four machines hold 3,000 chunks of the fifth's, three copies of each, and have found out that it is so.
class RepairCompares : public testing::Test {
 protected:
  RepairCompares() { begin(); }
  void begin() {
    ring.start_repair();
    ring.clock.run_for(30min);
    CHECK(owing() == 0);
    note();
  }
  std::uint64_t owing() const {
    std::uint64_t sum = 0;
    for (const auto& holder : ring.holders) sum += holder->repair->work().to_give;
    return sum;
  }
  std::uint64_t offered() const {
    std::uint64_t sum = 0;
    for (const auto& holder : ring.holders) sum += holder->repair->counters().offered;
    return sum;
  }
  void note() {
    offered_before = offered();
    compared_before = ring.served(kind_of<wire::CompareChunks>());
    offers_before = ring.served(kind_of<wire::OfferChunks>());
    bytes_before = ring.hub.counters().bytes;
  }
  unsigned comparisons() const { return ring.served(kind_of<wire::CompareChunks>()) - compared_before; }
  unsigned offers() const { return ring.served(kind_of<wire::OfferChunks>()) - offers_before; }
  std::uint64_t bytes() const { return ring.hub.counters().bytes - bytes_before; }
  Holder& one() { return *ring.holders[2]; }
  // A chunk that this machine holds, and another one as well, which is told, too.
  wire::ChunkAddress shared(Holder*& other) {
    for (const auto& [address, chunk] : LightRing::store(one()).held()) {
      for (const wire::MemberId& member : ring.preferred(chunk.description.header)) {
        if (member == one().id()) continue;
        other = &ring.holder(member);
        return address;
      }
    }
    std::abort();
  }
  // As `asker` should ask `asked`, reckoned by the document alone.
  wire::CompareChunks question(Holder& asker, Holder& asked, std::size_t parts) {
    wire::CompareChunks question{map_mark(), crypto::ShortHashKey{{1, 2, 3}}, {}};
    question.digests.resize(parts);
    for (const auto& [address, chunk] : LightRing::store(asker).held()) {
      const auto preferred = ring.preferred(chunk.description.header);
      if (std::ranges::find(preferred, asker.id()) == preferred.end()) continue;
      if (std::ranges::find(preferred, asked.id()) == preferred.end()) continue;
      question.digests[part_of(address, parts)] ^= crypto::short_hash(question.salt, address.view());
    }
    return question;
  }
  static std::size_t part_of(const wire::ChunkAddress& address, std::size_t parts) {
    return (std::size_t{address.bytes[0]} << 8 | address.bytes[1]) * parts >> 16;
  }
  // What machines put into their questions now.
  std::uint64_t map_mark() {
    if (mark == 0) {
      for (const auto& holder : ring.holders) {
        holder->mishear = [this](wire::Request& request) {
          if (auto* compare = std::get_if<wire::CompareChunks>(&request)) mark = compare->map;
        };
      }
      ++ring.truth.members[one().id()].incarnation;
      ring.clock.run_for(10min);
      for (const auto& holder : ring.holders) holder->mishear = nullptr;
      CHECK(mark != 0);
    }
    return mark;
  }
  Result<wire::Response> ask(Holder& asker, Holder& asked, wire::CompareChunks question) {
    const wire::Caller caller{asker.id(), asker.person()};
    return ring.clock.run(asked.repair->serve(caller, std::move(question)));
  }
  std::vector<std::uint8_t> differences(Holder& asker, Holder& asked, wire::CompareChunks question) {
    ring.clock.run_for(2min);
    const auto answer = ask(asker, asked, std::move(question));
    CHECK(answer.has_value());
    return std::get<wire::ChunkDifference>(*answer).differs;
  }

  LightRing ring{5, kChunks};
  std::uint64_t mark = 0;
  TimePoint patience_ends;
  std::uint64_t offered_before = 0;
  unsigned compared_before = 0;
  unsigned offers_before = 0;
  std::uint64_t bytes_before = 0;
};

TEST_F(RepairCompares, NothingIsOfferedAnewWhenAMachineBeginsANewLife) {
  ++ring.truth.members[one().id()].incarnation;
  ring.clock.run_for(1h);
  EXPECT_EQ(offers(), 0u);
  EXPECT_EQ(comparisons(), 3u) << "by each of the others";
  EXPECT_LT(bytes(), 3u * 1024);
  EXPECT_EQ(owing(), 0u);
}

TEST_F(RepairCompares, NothingIsOfferedAnewAfterARestart) {
  ring.restart(one());
  ring.clock.run_for(1h);
  EXPECT_EQ(offers(), 0u);
  EXPECT_EQ(comparisons(), 6u) << "by each of the others, and each of them";
  EXPECT_LT(bytes(), 6u * 1024);
  EXPECT_EQ(owing(), 0u);
  // Nor at any time later, for some days.
  ring.clock.run_for(48h);
  EXPECT_EQ(comparisons(), 6u);
}

TEST_F(RepairCompares, NothingIsOfferedAnewWhenItIsTimeToAskAgain) {
  ring.clock.run_for(24h * 7);
  EXPECT_EQ(offers(), 0u);
  EXPECT_EQ(comparisons(), 2u * 12) << "twice in a week, each of the others";
}

TEST_F(RepairCompares, OneChunkThatIsMissingIsFoundAmongThousands) {
  Holder* other = nullptr;
  const wire::ChunkAddress lost = shared(other);
  LightRing::store(one()).lose(lost);
  ring.restart(one());
  ASSERT_TRUE(until(ring, [&] { return one().has(lost); }));
  ring.clock.run_for(1h);
  EXPECT_GT(offered() - offered_before, 0u);
  EXPECT_LT(offered() - offered_before, 4u * 128) << "a part of each of two others, both ways";
  EXPECT_EQ(pulled(ring), 1u);
  EXPECT_EQ(owing(), 0u);
}

// Whoever lost it needs not ask; nor has it to begin a new life.
TEST_F(RepairCompares, WhatAnotherLostAndDoesNotKnowIsNoticedInDays) {
  Holder* other = nullptr;
  const wire::ChunkAddress lost = shared(other);
  LightRing::store(*other).lose(lost);
  ring.clock.run_for(24h * 4);
  EXPECT_TRUE(other->has(lost));
  EXPECT_LT(offered() - offered_before, 4u * 128);
}

TEST_F(RepairCompares, FewChunksAreOfferedAtOnce) {
  LightRing small(5, 60);
  small.start_repair();
  small.clock.run_for(1h);
  EXPECT_EQ(small.served(kind_of<wire::CompareChunks>()), 0u);
  EXPECT_GT(small.served(kind_of<wire::OfferChunks>()), 0u);
}

// ---- answers that settle nothing ----

TEST_F(RepairCompares, ByAnotherMapNothingIsConfirmed) {
  Holder* other = nullptr;
  const wire::ChunkAddress lost = shared(other);
  LightRing::store(*other).lose(lost);
  for (const auto& holder : ring.holders) {
    holder->mishear = [](wire::Request& request) {
      if (auto* compare = std::get_if<wire::CompareChunks>(&request)) ++compare->map;
    };
  }
  ring.restart(one());
  ring.clock.run_for(5min);
  EXPECT_EQ(offers(), 0u) << "the maps may be the same in a moment";
  EXPECT_FALSE(other->has(lost));
  EXPECT_GT(comparisons(), 6u);
  EXPECT_TRUE(until(ring, [&] { return other->has(lost) && owing() == 0; })) << "in the end it is offered";
  EXPECT_GT(offered() - offered_before, kChunks / 2);
}

TEST_F(RepairCompares, ABusyMachineIsAskedAgain) {
  unsigned refusals = 0;
  for (const auto& holder : ring.holders) {
    holder->tamper = [&](const wire::Request& asked, Result<wire::Response>& answer) {
      if (!std::holds_alternative<wire::CompareChunks>(asked) || ring.clock.now() > patience_ends) return;
      answer = fail(Errc::busy, "not now");
      ++refusals;
    };
  }
  patience_ends = ring.clock.now() + 3min;
  ring.restart(one());
  ring.clock.run_for(1h);
  EXPECT_GT(refusals, 0u);
  EXPECT_EQ(offers(), 0u);
  EXPECT_EQ(owing(), 0u);
  const unsigned asked = comparisons();
  ring.clock.run_for(24h);
  EXPECT_EQ(comparisons(), asked);
}

TEST_F(RepairCompares, WhoDoesNotKnowTheQuestionIsOfferedEverything) {
  Holder* other = nullptr;
  const wire::ChunkAddress lost = shared(other);
  LightRing::store(*other).lose(lost);
  other->tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::CompareChunks>(asked)) answer = fail(Errc::unsupported, "an older one");
  };
  const TimePoint before = ring.clock.now();
  ring.restart(one());
  EXPECT_TRUE(until(ring, [&] { return other->has(lost); }));
  EXPECT_LT(ring.clock.now() - before, 5min) << "at once";
}

TEST_F(RepairCompares, SilenceConfirmsNothing) {
  Holder* other = nullptr;
  const wire::ChunkAddress lost = shared(other);
  LightRing::store(*other).lose(lost);
  ring.hub.set_asleep(other->id(), true);  // nobody has noticed
  ring.restart(one());
  ring.clock.run_for(5min);
  EXPECT_GT(one().repair->counters().compared, 0u);
  ring.hub.set_asleep(other->id(), false);
  EXPECT_TRUE(until(ring, [&] { return other->has(lost) && owing() == 0; }));
}

TEST_F(RepairCompares, AnAnswerOfTheWrongLengthConfirmsNothing) {
  Holder* other = nullptr;
  const wire::ChunkAddress lost = shared(other);
  LightRing::store(*other).lose(lost);
  other->tamper = [](const wire::Request&, Result<wire::Response>& answer) {
    if (!answer) return;
    if (auto* reply = std::get_if<wire::ChunkDifference>(&*answer)) reply->differs = {0};
  };
  ring.restart(one());
  EXPECT_TRUE(until(ring, [&] { return other->has(lost); }));
}

// It harms itself alone, and whoever relies on its copy, as it does by any other lie, until it is asked
// again.
TEST_F(RepairCompares, ALiarIsBelievedUntilItIsAskedAgain) {
  Holder* other = nullptr;
  const wire::ChunkAddress lost = shared(other);
  LightRing::store(*other).lose(lost);
  other->tamper = [](const wire::Request&, Result<wire::Response>& answer) {
    if (!answer) return;
    if (auto* reply = std::get_if<wire::ChunkDifference>(&*answer)) std::ranges::fill(reply->differs, 0);
  };
  ring.restart(one());
  ring.clock.run_for(24h);
  EXPECT_FALSE(other->has(lost));
  other->tamper = nullptr;
  ring.clock.run_for(24h * 3);
  EXPECT_TRUE(other->has(lost));
}

// ---- the one that is asked ----

TEST_F(RepairCompares, PartsDifferWhereTheChunksDoAndNowhereElse) {
  Holder* other = nullptr;
  const wire::ChunkAddress address = shared(other);
  for (const std::size_t parts : {std::size_t{1}, std::size_t{16}, wire::kChunkDigestsMax}) {
    const wire::CompareChunks same = question(one(), *other, parts);
    EXPECT_EQ(differences(one(), *other, same), std::vector<std::uint8_t>(parts, 0));
  }
  wire::CompareChunks less = question(one(), *other, 64);
  less.digests[part_of(address, 64)] ^= crypto::short_hash(less.salt, address.view());
  auto one_differs = std::vector<std::uint8_t>(64, 0);
  one_differs[part_of(address, 64)] = 1;
  EXPECT_EQ(differences(one(), *other, less), one_differs);
  wire::CompareChunks by_another_salt = question(one(), *other, 16);
  by_another_salt.salt.bytes[15] = 1;
  EXPECT_EQ(differences(one(), *other, by_another_salt), std::vector<std::uint8_t>(16, 1));
}

TEST_F(RepairCompares, WhatIsHeldForSomebodyElseDoesNotCount) {
  Holder* other = nullptr;
  (void)shared(other);
  const wire::CompareChunks asked = question(one(), *other, 16);
  for (const auto& [address, chunk] : LightRing::store(one()).held()) {
    LightRing::store(*other).put(chunk);
  }
  EXPECT_EQ(differences(one(), *other, asked), std::vector<std::uint8_t>(16, 0));
}

// What another machine has of a chunk, which nobody heals meanwhile, and the answer that only its part
// differs.
class RepairComparesWhatGoes : public RepairCompares {
 protected:
  RepairComparesWhatGoes() : one_differs(64, 0) {
    address = shared(other);
    one_differs[part_of(address, 64)] = 1;
    asked = question(one(), *other, 64);
    for (const auto& holder : ring.holders) {
      holder->tamper = [](const wire::Request& request, Result<wire::Response>& answer) {
        const bool is_pull = std::holds_alternative<wire::GetDescription>(request);
        if (is_pull) answer = fail(Errc::not_found, "not here");
      };
    }
  }
  LightStore& store() { return LightRing::store(*other); }

  Holder* other = nullptr;
  wire::ChunkAddress address;
  std::vector<std::uint8_t> one_differs;
  wire::CompareChunks asked;
};

TEST_F(RepairComparesWhatGoes, WhatIsDamagedIsNotHeld) {
  const store::HeldChunk chunk = store().held().at(address);
  store().damage(address);
  EXPECT_EQ(differences(one(), *other, asked), one_differs);
  store().put(chunk);
  EXPECT_EQ(differences(one(), *other, asked), std::vector<std::uint8_t>(64, 0));
}

TEST_F(RepairComparesWhatGoes, WhatIsLostAfterItWasCountedIsNotHeld) {
  store().before_folder = [this](unsigned folder) {
    if (folder == 255) store().damage(address);
  };
  ASSERT_NE(address.bytes[0], 255);
  EXPECT_EQ(differences(one(), *other, asked), one_differs);
}

TEST_F(RepairComparesWhatGoes, WhatIsDroppedAfterItWasCountedIsNotHeld) {
  store().before_folder = [this](unsigned folder) {
    if (folder == 255) store().drop(address);
  };
  ASSERT_NE(address.bytes[0], 255);
  EXPECT_EQ(differences(one(), *other, asked), one_differs);
}

TEST_F(RepairCompares, AMapThatChangesDuringTheWalkIsAnotherOne) {
  Holder* other = nullptr;
  (void)shared(other);
  const wire::CompareChunks asked = question(one(), *other, 16);
  LightRing::store(*other).before_folder = [&](unsigned folder) {
    if (folder == 100) ring.drain(one().id());
  };
  EXPECT_TRUE(differences(one(), *other, asked).empty());
  EXPECT_TRUE(differences(one(), *other, asked).empty());
}

TEST_F(RepairCompares, NobodyIsAnsweredByFactsThatCannotBeRead) {
  Holder* other = nullptr;
  (void)shared(other);
  const wire::CompareChunks asked = question(one(), *other, 16);
  LightRing::store(*other).is_broken = true;
  ring.clock.run_for(2min);
  EXPECT_EQ(ask(one(), *other, asked).error().code, Errc::io);
}

TEST_F(RepairCompares, WhoAsksAllTheTimeKeepsNobodyBusy) {
  Holder* other = nullptr;
  (void)shared(other);
  LightStore& store = LightRing::store(*other);
  const wire::CompareChunks asked = question(one(), *other, 16);
  ring.clock.run_for(5min);
  store.folders_read = 0;
  unsigned answers = 0;
  TaskScope scope(ring.clock);
  const auto count = [](Holder& asker, Holder& to, wire::CompareChunks request,
                        unsigned& answered) -> Task<void> {
    const wire::Caller caller{asker.id(), asker.person()};
    const auto answer = co_await to.repair->serve(caller, std::move(request));
    if (answer) ++answered;
    if (!answer) EXPECT_EQ(answer.error().code, Errc::busy);
  };
  for (unsigned second = 0; second < 600; ++second) {
    scope.spawn(count(one(), *other, asked, answers));
    ring.clock.run_for(1s);
  }
  EXPECT_GE(answers, 5u);
  EXPECT_LE(answers, 6u);
  EXPECT_LE(store.folders_read, 6u * 256);

  // All others at about the same time: one walk.
  ring.clock.run_for(5min);
  store.folders_read = 0;
  answers = 0;
  for (const auto& holder : ring.holders) {
    if (holder.get() != other) scope.spawn(count(*holder, *other, question(*holder, *other, 16), answers));
  }
  ring.clock.run_for(1min);
  EXPECT_EQ(answers, 4u);
  EXPECT_EQ(store.folders_read, 256u);
}

TEST_F(RepairCompares, WithNodesOnlyAndAPowerOfTwoOfParts) {
  wire::CompareChunks asked = question(*ring.holders[1], one(), 16);
  const wire::Caller client{ring.holders[1]->id(), 1, false, true};
  EXPECT_EQ(ring.clock.run(one().repair->serve(client, asked)).error().code, Errc::refused);
  for (const std::size_t parts : {std::size_t{0}, std::size_t{3}, 2 * wire::kChunkDigestsMax}) {
    asked.digests.resize(parts);
    EXPECT_EQ(ask(*ring.holders[1], one(), asked).error().code, Errc::invalid);
  }
}

// ---- any two sets ----

class RepairComparesAnySets : public testing::TestWithParam<std::uint64_t> {};

// Each chunk is at one of two machines, or at both, or was lost by both; in the end both have the union.
TEST_P(RepairComparesAnySets, AndBothHaveAllThatEitherHadInTheEnd) {
  SeededRandom random(GetParam());
  LightRing ring(3, 400 + random.below(3000), 2, GetParam());
  LightStore& first = LightRing::store(*ring.holders[1]);
  LightStore& second = LightRing::store(*ring.holders[2]);
  const double lost_share = random.below(4) == 0 ? 0.5 : random.unit() * 0.01;
  const auto all_of_first = first.held();
  const auto all_of_second = second.held();
  std::set<wire::ChunkAddress> together;
  for (const auto& [address, chunk] : all_of_first) {
    const bool is_lost = random.unit() < lost_share;
    if (is_lost) first.lose(address);
    if (!is_lost) together.insert(address);
  }
  for (const auto& [address, chunk] : all_of_second) {
    const bool is_lost = random.unit() < lost_share;
    if (is_lost) second.lose(address);
    if (!is_lost) together.insert(address);
  }
  // Which of the chunks both of them should have.
  std::erase_if(together, [&](const wire::ChunkAddress& address) {
    return !all_of_first.contains(address) || !all_of_second.contains(address);
  });
  ring.start_repair();
  EXPECT_TRUE(until(ring, [&] {
    return std::ranges::all_of(together, [&](const wire::ChunkAddress& address) {
      return first.held().contains(address) && second.held().contains(address);
    });
  }));
  ring.clock.run_for(1h);
  EXPECT_GT(ring.served(kind_of<wire::CompareChunks>()), 0u);
  for (const auto& holder : ring.holders) EXPECT_EQ(holder->repair->pending(), 0u);
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RepairComparesAnySets, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace peerstore::replica::test
