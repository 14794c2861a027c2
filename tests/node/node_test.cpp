#include "node/ring_of_nodes.hpp"

#include <gtest/gtest.h>

namespace peerstore::node::test {
namespace {

class NodesOf : public testing::TestWithParam<std::size_t> {};

TEST_P(NodesOf, FormARing) {
  RingOfNodes ring(GetParam());
  EXPECT_TRUE(ring.is_one_ring());
  for (Laptop* laptop : ring.running()) {
    EXPECT_EQ(laptop->node->membership().roster().members().size(), GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, NodesOf, testing::Values(1, 2, 3, 5, 8));

TEST(Node, KeepsTheChunksOfFriendsAndGivesThemBack) {
  RingOfNodes ring(6);
  Laptop& owner = *ring.laptops[2];
  const auto chunks = ring.put_chunks(owner, 10);
  for (const Chunk& chunk : chunks) {
    EXPECT_EQ(ring.holders_of(chunk).size(), 3u);
    const auto segment = ring.clock.run(ring.client(owner).get_segment(chunk.ref, 0));
    ASSERT_TRUE(segment) << segment.error().message();
    EXPECT_EQ(*segment, chunk.segments[0]);
  }
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

TEST(Node, RestoresCopiesWhenAMachineLeavesForGood) {
  RingOfNodes ring(7);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 15);
  ring.leave_for_good(*ring.laptops[3], *ring.laptops[5]);
  EXPECT_TRUE(ring.until([&] {
    return std::ranges::all_of(chunks,
                               [&](const Chunk& chunk) { return ring.holders_of(chunk).size() >= 3; });
  }));
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
  for (Laptop* laptop : ring.running()) {
    EXPECT_EQ(laptop->node->view().standing(ring.laptops[3]->identity.member), replica::Standing::gone);
  }
}

TEST(Node, IsEmptiedWhenItGivesNothingAndSaysBeforehandWhoTakesWhat) {
  RingOfNodes ring(7);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 30);
  Laptop& leaving = *ring.laptops[3];
  const std::uint64_t held = leaving.node->chunks().usage().held;
  ASSERT_GT(held, 0u);
  const DrainPreview preview = ring.clock.run(leaving.node->preview_drain());
  std::map<std::string, std::uint64_t> before;
  for (Laptop* laptop : ring.running()) before[laptop->name] = laptop->node->chunks().usage().held;

  ring.state_space(leaving, 0);
  EXPECT_TRUE(ring.until([&] { return leaving.node->drain_status().draining; }));
  ring.clock.run_for(4s);
  ring.kill(leaving);  // it goes on where it was
  ring.start(leaving);
  const TimePoint began = ring.clock.now();
  EXPECT_TRUE(ring.until([&] { return leaving.node->drain_status().chunks == 0; }));
  EXPECT_LT(ring.clock.now() - began, 60s) << "somebody waits for it";
  EXPECT_EQ(leaving.node->drain_status().bytes, 0u);
  for (const Chunk& chunk : chunks) EXPECT_EQ(ring.holders_of(chunk).size(), 3u);
  EXPECT_TRUE(ring.nobody_breaks_the_rule());

  std::uint64_t previewed = 0;
  const std::vector<Laptop*> running = ring.running();
  for (const DrainPreview::Friend& taker : preview.friends) {
    const Laptop* const laptop = *std::ranges::find(running, taker.name, &Laptop::name);
    EXPECT_EQ(laptop->node->chunks().usage().held - before.at(taker.name), taker.bytes) << taker.name;
    EXPECT_TRUE(taker.live && taker.bytes_free > 0) << taker.name;
    previewed += taker.bytes;
  }
  EXPECT_EQ(previewed, held) << "each chunk moves once";
  EXPECT_EQ(leaving.node->chunks().reserve(1).error().code, Errc::full);

  // It thinks better of it.
  ring.state_space(leaving, RingOfNodes::kGiven);
  EXPECT_TRUE(ring.until([&] { return leaving.node->chunks().usage().held == held; }));
  for (const Chunk& chunk : chunks) EXPECT_GE(ring.holders_of(chunk).size(), 3u);
}

TEST(Node, TellsWhoeverIsInvitedWhatEachFriendWouldBring) {
  RingOfNodes ring(7);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 60);
  Laptop& newcomer = ring.claim("newcomer");
  const wire::PreviewJoin question{newcomer.identity.proof};
  ring.clock.run_for(10s);  // everybody hears of the invitation
  const auto ask = [&](std::size_t through) {
    const auto link = ring.hub.joiner();
    return ring.clock.run(wire::ask(*link, ring.laptops[through]->identity.member, question));
  };
  const auto preview = ask(1);
  ASSERT_TRUE(preview) << preview.error().message();
  EXPECT_EQ(ask(4)->shares.size(), preview->shares.size()) << "whoever is asked";
  std::map<std::string, std::uint64_t> before;
  for (Laptop* laptop : ring.running()) before[laptop->name] = laptop->node->chunks().usage().held;

  ASSERT_TRUE(ring.join(newcomer));
  const auto refused = ask(0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  std::uint64_t brought = 0;
  for (const wire::JoinShare& share : preview->shares) brought += share.bytes;
  ASSERT_GT(brought, 0u);
  EXPECT_TRUE(ring.until([&] { return newcomer.node->chunks().usage().held == brought; }));
  EXPECT_TRUE(ring.until([&] {
    return std::ranges::all_of(chunks, [&](const Chunk& each) { return ring.holders_of(each).size() == 3; });
  }));
  ASSERT_EQ(preview->shares.size(), before.size());
  for (const wire::JoinShare& share : preview->shares) {
    const std::vector<Laptop*> running = ring.running();
    const Laptop* const laptop = *std::ranges::find(running, share.machine, &Laptop::name);
    EXPECT_TRUE(share.answered);
    EXPECT_EQ(before.at(share.machine) - laptop->node->chunks().usage().held, share.bytes_freed)
        << share.machine;
    EXPECT_EQ(share.bytes_freed, share.bytes) << share.machine << " is awake: it brings what it loses";
  }
  EXPECT_EQ(newcomer.node->chunks().usage().held, brought);
}

TEST(Node, SaysOfWhomItCouldNotAskForAPreviewThatItIsAway) {
  RingOfNodes ring(6);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 30);
  ring.sleep(*ring.laptops[2]);
  ring.clock.run_for(10min);
  Laptop& newcomer = ring.claim("newcomer");
  ring.clock.run_for(10s);
  const auto link = ring.hub.joiner();
  const auto preview = ring.clock.run(
      wire::ask(*link, ring.laptops[1]->identity.member, wire::PreviewJoin{newcomer.identity.proof}));
  ASSERT_TRUE(preview) << preview.error().message();
  std::uint64_t brought = 0;
  std::uint64_t count = 0;
  for (const wire::JoinShare& share : preview->shares) {
    EXPECT_EQ(share.answered, share.machine != ring.laptops[2]->name);
    brought += share.bytes;
    count += share.chunks;
  }
  ASSERT_TRUE(ring.join(newcomer));
  ring.clock.run_for(1h);
  EXPECT_EQ(newcomer.node->chunks().usage().held, brought) << "others bring what it cannot";
  EXPECT_EQ(newcomer.node->chunks().usage().chunks, count);
}

TEST(Node, IsNotSaidToBeEmptyWhileDamagedChunksAreLeftOnIt) {
  RingOfNodes ring(5);
  const Chunk chunk = ring.put_chunks(*ring.laptops[0], 1).front();
  const auto laptop = std::ranges::find_if(ring.laptops, [&](const auto& each) {
    return each->node->chunks().find(chunk.ref.address).has_value();
  });
  ASSERT_NE(laptop, ring.laptops.end());
  Laptop& one = **laptop;
  for (const auto& other : ring.laptops) {
    if (other.get() != &one) ring.kill(*other);
  }
  const std::string name = to_hex(chunk.ref.address.view());
  ASSERT_TRUE(one.disk.flip_bit("chunks/" + name.substr(0, 2) + "/" + name, 4096 + 5, 3));
  EXPECT_FALSE(ring.clock.run(one.node->chunks().read_segment(chunk.ref.address, 0)));
  EXPECT_EQ(one.node->chunks().usage().chunks, 0u);
  EXPECT_EQ(one.node->drain_status().chunks, 1u);
  EXPECT_EQ(one.node->drain_status().damaged, 1u);
  EXPECT_GT(one.node->drain_status().bytes, 0u);
}

TEST(Node, IsNotEmptiedOfWhatTheOthersCannotKeep) {
  RingOfNodes ring(5);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 10);
  Laptop& leaving = *ring.laptops[3];
  const std::uint64_t stay = ring.clock.run(leaving.node->preview_drain()).without_a_place;
  ASSERT_GT(stay, 0u);
  ring.state_space(leaving, 0);
  ring.clock.run_for(2h);
  EXPECT_EQ(leaving.node->drain_status().chunks, stay);
  EXPECT_EQ(leaving.node->drain_status().without_a_place, stay);
  // One more friend comes.
  ASSERT_TRUE(ring.join("p5"));
  EXPECT_TRUE(ring.until([&] { return leaving.node->drain_status().chunks == 0; }));
  EXPECT_TRUE(ring.until([&] {
    return std::ranges::all_of(chunks,
                               [&](const Chunk& chunk) { return ring.holders_of(chunk).size() == 3; });
  }));
}

TEST(Node, HoldsAMemberToItsQuotaWhateverItSaysThatItGives) {
  RingOfNodes ring(5);
  ring.quota = 3 << 20;
  Laptop& greedy = *ring.join("greedy").value();
  Laptop& boastful = *ring.laptops[1];  // has no quota fixed
  const std::uint64_t enormous = std::uint64_t{1} << 60;
  ring.state_space(greedy, enormous);
  ring.state_space(boastful, enormous);
  const auto counts_everywhere = [&](const Laptop& whose, std::uint64_t quota) {
    return std::ranges::all_of(ring.running(), [&](Laptop* laptop) {
      return laptop->node->view().bytes_quota(whose.identity.person) == quota;
    });
  };
  EXPECT_TRUE(ring.until([&] { return counts_everywhere(boastful, membership::kUnfixedQuotaMax); }, 1min));
  EXPECT_TRUE(counts_everywhere(greedy, ring.quota));
  // It puts until it is refused.
  Errc refused{};
  for (int i = 0; i < 100 && refused == Errc{}; ++i) {
    const Chunk chunk = ring.make_chunk(greedy, static_cast<std::uint8_t>(i % wire::kClasses), 1);
    const auto put = ring.clock.run(ring.client(greedy).put(chunk.description, chunk.segments));
    if (!put) refused = put.error().code;
  }
  EXPECT_EQ(refused, Errc::over_quota);
  std::uint64_t kept = 0;
  for (Laptop* laptop : ring.running()) kept += laptop->node->chunks().bytes_of(greedy.identity.person);
  EXPECT_GT(kept, ring.quota / 4);
  EXPECT_LE(kept, ring.quota + ring.quota / 3) << "each of five others its share of 4/15";
}

TEST(Node, MovesNothingWhileFriendsSleep) {
  RingOfNodes ring(7);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 15);
  ring.clock.run_for(10min);
  for (const std::size_t i : {2u, 3u, 4u}) ring.sleep(*ring.laptops[i]);
  ring.clock.run_for(9h);
  for (const std::size_t i : {2u, 3u, 4u}) ring.wake(*ring.laptops[i]);
  EXPECT_TRUE(ring.until([&] { return ring.is_one_ring(); }));
  ring.clock.run_for(1h);
  for (const Chunk& chunk : chunks) EXPECT_EQ(ring.holders_of(chunk).size(), 3u);
}

TEST(Node, CountsAMachineOutThatIsAwayForLongerThanTheGrace) {
  placement::Policy rules;
  rules.grace = 6h;
  RingOfNodes ring(7, 1, rules);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 10);
  Laptop& traveller = *ring.laptops[3];
  ring.sleep(traveller);
  ring.clock.run_for(5h);
  for (const Chunk& chunk : chunks) EXPECT_EQ(ring.holders_of(chunk).size(), 3u);
  ring.clock.run_for(2h);
  for (const Chunk& chunk : chunks) {
    auto holders = ring.holders_of(chunk);
    std::erase(holders, &traveller);
    EXPECT_GE(holders.size(), 3u);
  }
  EXPECT_TRUE(ring.nobody_breaks_the_rule());
}

TEST(Node, CountsAMachineOutThatIsAwayForLongEvenIfAllOthersAreRestartedOften) {
  placement::Policy rules;
  rules.grace = 6h;
  RingOfNodes ring(6, 1, rules);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 10);
  Laptop& traveller = *ring.laptops[3];
  ring.sleep(traveller);
  for (int life = 0; life < 4; ++life) {
    ring.clock.run_for(150min);
    for (std::size_t i = 0; i < ring.laptops.size(); ++i) {
      if (i == 3) continue;
      ring.kill(*ring.laptops[i]);
      ring.start(*ring.laptops[i]);
    }
    if (life > 0) continue;
    for (const Chunk& chunk : chunks) EXPECT_EQ(ring.holders_of(chunk).size(), 3u) << "not yet";
  }
  ring.clock.run_for(2h);
  for (const Chunk& chunk : chunks) {
    auto holders = ring.holders_of(chunk);
    std::erase(holders, &traveller);
    EXPECT_GE(holders.size(), 3u);
  }
}

TEST(Node, ComesBackFromItsDiskAfterTheProcessWasKilled) {
  RingOfNodes ring(5);
  const auto chunks = ring.put_chunks(*ring.laptops[0], 10);
  ring.clock.run_for(1min);
  Laptop& laptop = *ring.laptops[2];
  const std::uint64_t before = laptop.node->chord().state().self().incarnation;
  const std::uint64_t held = laptop.node->chunks().usage().chunks;
  ASSERT_GT(held, 0u);
  ring.kill(laptop);
  EXPECT_TRUE(ring.until([&] { return ring.is_one_ring(); }));
  ring.start(laptop);
  EXPECT_EQ(laptop.node->chunks().usage().chunks, held);
  EXPECT_GT(laptop.node->chord().state().self().incarnation, before);
  EXPECT_TRUE(ring.until([&] { return ring.is_one_ring(); }));
  for (const Chunk& chunk : chunks) EXPECT_EQ(ring.holders_of(chunk).size(), 3u);
}

TEST(Node, BeginsANewLifeAtEveryStartAndEveryAwakening) {
  RingOfNodes ring(4);
  Laptop& laptop = *ring.laptops[1];
  std::uint64_t last = laptop.node->chord().state().self().incarnation;
  for (int night = 0; night < 20; ++night) {
    if (night % 3 == 0) {
      ring.kill(laptop);
      ring.start(laptop);
    } else {
      ring.sleep(laptop);
      ring.clock.run_for(1h);
      ring.wake(laptop);
    }
    EXPECT_TRUE(ring.until([&] { return laptop.node->chord().state().self().incarnation > last; }));
    last = laptop.node->chord().state().self().incarnation;
  }
  // And its friends have heard of it.
  EXPECT_TRUE(ring.until([&] {
    const wire::Presence* presence = ring.laptops[3]->node->membership().presence(laptop.identity.member);
    return presence != nullptr && presence->node.incarnation == last;
  }));
}

TEST(Node, OutlivesItsOwnPastWithAnEmptyDiskAndAClockSetBack) {
  RingOfNodes ring(4);
  Laptop& struck = *ring.laptops[2];
  const std::uint64_t before = struck.node->chord().state().self().incarnation;
  ring.kill(struck);
  struck.disk.wipe();
  struck.facts.wipe();
  struck.clock.jump_wall_clock(-10 * 365 * 24h);
  ring.start(struck);
  EXPECT_LT(struck.node->chord().state().self().incarnation, before);
  const wire::MemberId bootstrap = ring.laptops[0]->identity.member;
  ASSERT_TRUE(ring.clock.run(struck.node->membership().exchange(bootstrap)));
  EXPECT_TRUE(ring.until([&] { return ring.is_one_ring(); }));
  EXPECT_GT(struck.node->chord().state().self().incarnation, before);
}

TEST(Node, IsNotKeptOutOfTheRingByOneWhoSaysAgainAndAgainThatItsLifeIsOver) {
  RingOfNodes ring(4);
  Laptop& victim = *ring.laptops[2];
  const auto life = [&] { return victim.node->chord().state().self().incarnation; };
  const std::uint64_t first = life();
  for (int lie = 0; lie < 30; ++lie) {
    wire::PushStatements news;
    news.absences = {{{victim.identity.member, life() + 1}, 0}};
    victim.node->membership().hear(std::move(news));
    ring.clock.run_for(1s);
  }
  EXPECT_LE(life(), first + 2);
  EXPECT_EQ(victim.node->chord().state().phase(), wire::Phase::member);
  EXPECT_TRUE(ring.until([&] { return ring.is_one_ring(); }, 30s));
}

TEST(Node, TellsItsAddressesAndRoom) {
  RingOfNodes ring(4);
  ring.clock.run_for(1min);
  const auto* presence = ring.laptops[3]->node->membership().presence(ring.laptops[1]->identity.member);
  ASSERT_NE(presence, nullptr);
  EXPECT_EQ(presence->addresses, std::vector<std::string>{"laptop-1.example:7000"});
  // An empty machine has room for all it gives but the one chunk that healing needs.
  EXPECT_EQ(presence->free_bytes, ring.laptops[1]->node->status().usage.room);
  EXPECT_LT(presence->free_bytes, RingOfNodes::kGiven);
  EXPECT_GT(presence->free_bytes, RingOfNodes::kGiven / 100 * 99);
}

TEST(Node, SaysHowThingsAre) {
  RingOfNodes ring(5);
  ring.put_chunks(*ring.laptops[0], 5);
  ring.sleep(*ring.laptops[4]);
  ring.clock.run_for(10min);
  const NodeStatus status = ring.laptops[1]->node->status();
  EXPECT_EQ(status.ring_name, "cellar");
  EXPECT_EQ(status.phase, wire::Phase::member);
  EXPECT_EQ(status.reachable_copies, 3u);
  EXPECT_EQ(status.usage.capacity, RingOfNodes::kGiven);
  EXPECT_GT(status.usage.chunks, 0u);
  ASSERT_EQ(status.members.size(), 5u);
  for (const MemberStatus& member : status.members) {
    EXPECT_EQ(member.live, member.name != "laptop-4") << member.name;
    EXPECT_EQ(member.self, member.name == "laptop-1") << member.name;
    EXPECT_FALSE(member.gone);
    EXPECT_EQ(member.bytes_given, RingOfNodes::kGiven);
  }
}

TEST(Node, IsQuietWhenNothingHappens) {
  RingOfNodes ring(10);
  ring.put_chunks(*ring.laptops[0], 20);
  ring.clock.run_for(30min);
  const std::uint64_t bytes = ring.hub.counters().bytes;
  ring.clock.run_for(6h);
  // An idle machine in a ring of ten sends under 10 MB a day.
  const std::uint64_t sent_a_day = (ring.hub.counters().bytes - bytes) * (24 / 6) / 10;
  EXPECT_LT(sent_a_day, 10'000'000u);
  RecordProperty("bytes_a_day", std::to_string(sent_a_day));
}

// ---- the byte budget ----

TEST(Node, PastItsBudgetItKeepsNeighboursAndFingersAndStillFindsEverybody) {
  RingOfNodes ring(12);
  ring.news_budget = 0;
  for (const auto& laptop : ring.laptops) {
    ring.kill(*laptop);
    ring.start(*laptop);
  }
  const auto all_narrow = [&] {
    return std::ranges::all_of(ring.laptops,
                               [](const auto& one) { return one->node->chord().fingers_only(); });
  };
  ASSERT_TRUE(ring.until(all_narrow, 2min));
  ASSERT_TRUE(ring.until([&] { return ring.is_one_ring(); }, 5min));
  for (const auto& asker : ring.laptops) {
    EXPECT_TRUE(asker->node->membership().marks().follows_neighbours_only());
    for (const auto& wanted : ring.laptops) {
      const auto found = ring.clock.run(asker->node->chord().find_successor(wanted->identity.member));
      ASSERT_TRUE(found);
      EXPECT_EQ(found->successor.id, wanted->identity.member);
    }
  }
}

TEST(Node, FollowsTheWholeRingAgainWhenItIsCalm) {
  RingOfNodes ring(6);
  ring.news_budget = 0;
  for (std::size_t i = 1; i < 6; ++i) {
    ring.kill(*ring.laptops[i]);
    ring.start(*ring.laptops[i]);
  }
  ring.clock.run_for(1min);
  ring.news_budget = Node::Options().news_budget;
  Laptop& calm = *ring.laptops[0];
  ring.kill(calm);
  ring.start(calm);
  EXPECT_TRUE(ring.until([&] { return calm.node->chord().fingers_only(); }, 1min)) << "as its neighbours do";
  EXPECT_TRUE(ring.until([&] { return !calm.node->chord().fingers_only(); }, 10min));
  EXPECT_FALSE(calm.node->membership().marks().follows_neighbours_only());
}

// ---- who may do what ----

TEST(Node, AdmitsAnInvitedFriendThroughAnyMember) {
  RingOfNodes ring(3);
  ring.clock.run_for(1min);
  const membership::InvitationLink link = ring.invite("p3");
  ring.clock.run_for(1min);  // the invitation spreads
  ring.sleep(*ring.laptops[0]);
  const auto identity =
      membership::claim_invitation(ring.signatures, ring.entropy, link, "p3", "laptop-3", 1 << 30);
  const auto stranger = ring.hub.joiner();
  const wire::Join question{identity.proof};
  const auto welcome = ring.clock.run(wire::ask(*stranger, ring.laptops[2]->identity.member, question));
  ASSERT_TRUE(welcome) << welcome.error().message();
  const auto* member = ring.laptops[2]->node->membership().roster().find_by_node_key(
      ring.signatures.key_pair_from(identity.node_secret).public_key);
  EXPECT_NE(member, nullptr);
}

TEST(Node, HasSavedWhomItWelcomes) {
  RingOfNodes ring(3);
  ASSERT_TRUE(ring.join("p3", 0));
  ring.kill(*ring.laptops[0]);  // at once
  const auto kept = membership::load_statements(ring.laptops[0]->disk);
  ASSERT_TRUE(kept);
  membership::Roster roster(ring.signatures, ring.laptops[0]->identity.root_key);
  for (const wire::Statement& statement : *kept) ASSERT_TRUE(roster.add(statement));
  EXPECT_NE(roster.find(ring.laptops[3]->identity.member), nullptr);
}

TEST(Node, AdmitsNobodyWhomItCannotRemember) {
  RingOfNodes ring(3);
  ring.clock.run_for(1min);
  ring.laptops[0]->disk.faults().set_rule(
      [](world::Operation operation, std::string_view) -> std::optional<Error> {
        if (operation == world::Operation::create) return fail(Errc::full, "no space left on the disk");
        return std::nullopt;
      });
  const auto joined = ring.join("p3", 0);
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().code, Errc::full);
  ring.laptops[0]->disk.faults().clear();
}

TEST(Node, AnswersNothingButJoinToAStranger) {
  RingOfNodes ring(3);
  const auto stranger = ring.hub.joiner();
  const wire::MemberId peer = ring.laptops[1]->identity.member;
  for (const wire::Request& request :
       {wire::Request(wire::GetNeighbours{}), wire::Request(wire::FindSuccessor{}),
        wire::Request(wire::ExchangeRoster{}), wire::Request(wire::PushStatements{}),
        wire::Request(wire::Reserve{1}), wire::Request(wire::HaveChunks{}),
        wire::Request(wire::GetHeads{0})}) {
    const auto answer = ring.clock.run(stranger->call(peer, request));
    ASSERT_FALSE(answer) << wire::name_of(request);
    EXPECT_EQ(answer.error().code, Errc::refused) << wire::name_of(request);
  }
  const auto uninvited = ring.clock.run(stranger->call(peer, wire::Join{}));
  EXPECT_FALSE(uninvited);
}

TEST(Node, AnswersNothingToAMachineThatHasLeft) {
  RingOfNodes ring(4);
  Laptop& gone = *ring.laptops[3];
  ring.leave_for_good(gone, *ring.laptops[0]);
  const auto answer = ring.clock.run(
      ring.hub.endpoint(gone.identity.member).call(ring.laptops[0]->identity.member, wire::GetNeighbours{}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::refused);
}

TEST(Node, LetsNoMachineSpeakForAnother) {
  RingOfNodes ring(4);
  const wire::MemberId peer = ring.laptops[0]->identity.member;
  const wire::Notify lie{{ring.laptops[2]->identity.member, 99}};
  const auto answer =
      ring.clock.run(wire::ask(ring.hub.endpoint(ring.laptops[1]->identity.member), peer, lie));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::refused);
}

TEST(Node, DoesNotTakeACommandOfTheOwnerForTheNodeItself) {
  RingOfNodes ring(4);
  Laptop& laptop = *ring.laptops[1];
  ring.kill(laptop);
  const auto network = ring.hub.client(laptop.identity.member, laptop.identity.person);
  const auto seen = [&] { return ring.laptops[0]->node->membership().is_live(laptop.identity.member); };
  ring.laptops[0]->node->membership().failed(laptop.identity.member);
  ASSERT_FALSE(seen());
  const wire::GetHeads question{0};
  ASSERT_TRUE(ring.clock.run(wire::ask(*network, ring.laptops[0]->identity.member, question)));
  EXPECT_FALSE(seen());
}

TEST(Node, WillNotStartWithTheIdentityOfAnotherRing) {
  RingOfNodes ring(2);
  RingOfNodes other(1, 99);
  Laptop& laptop = *ring.laptops[1];
  ring.kill(laptop);
  laptop.identity.root_key = other.laptops[0]->identity.root_key;
  const auto started = ring.try_to_start(laptop);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::invalid);
}

TEST(Node, LeavesInOrder) {
  RingOfNodes ring(5);
  Laptop& laptop = *ring.laptops[2];
  ring.clock.run(laptop.node->stop());
  EXPECT_NE(laptop.node->chord().state().phase(), wire::Phase::member);
  ring.kill(laptop);
  EXPECT_TRUE(ring.until([&] { return ring.is_one_ring(); }, 30s));
}

// ---- silence ----

TEST(Silence, IsCountedFromWhenAFriendWentAwayAndWhileThisMachineListens) {
  placement::Policy policy;
  policy.grace = std::chrono::hours(2);
  RingOfNodes ring(3, 1, policy);
  Laptop& here = *ring.laptops[0];
  Laptop& bob = *ring.laptops[2];
  const auto standing = [&] { return here.node->view().standing(bob.identity.member); };
  ring.clock.run_for(3h);
  ring.sleep(bob);
  ring.clock.run_for(20min);
  EXPECT_EQ(standing(), replica::Standing::away) << "whoever was there all the time is missed from now on";
  ring.sleep(here);
  ring.clock.run_for(10h);
  ring.wake(here);
  ring.clock.run_for(10min);
  EXPECT_EQ(standing(), replica::Standing::away) << "what this machine slept is nobody's silence";
  ring.kill(here);
  ring.start(here);
  ring.clock.run_for(3h);
  EXPECT_EQ(standing(), replica::Standing::long_away);
  ring.wake(bob);
  ring.clock.run_for(10min);
  EXPECT_EQ(standing(), replica::Standing::live);
  ring.sleep(bob);
  ring.clock.run_for(20min);
  EXPECT_EQ(standing(), replica::Standing::away) << "a silence that ended is forgotten";
}

}  // namespace
}  // namespace peerstore::node::test
