#include <peerstore/runtime/combine.hpp>

#include <optional>
#include <tuple>

#include <world/stream_ring.hpp>

namespace peerstore::world {
namespace {

template <class Ask>
Task<void> note(StreamNetwork& network, std::uint8_t from, std::uint8_t to, Ask question,
                std::optional<Result<typename Ask::Reply>>& outcome, Duration patience = wire::kPatience) {
  outcome.emplace(
      co_await wire::ask(network.endpoint(member(from)), member(to), std::move(question), patience));
}

TEST(StreamNetwork, CarriesQuestionsBothWays) {
  StreamRing ring(3);
  for (std::uint8_t from : {1, 2, 3}) {
    for (std::uint8_t to : {1, 2, 3}) EXPECT_TRUE(ring.answers(from, to)) << int{from} << int{to};
  }
  EXPECT_EQ(ring.service(3).last_caller.member, member(3));
  EXPECT_EQ(ring.network.counters().calls, 9U);
  EXPECT_EQ(ring.network.counters().messages, 18U);
}

TEST(StreamNetwork, NamesTheCallerAsItsLinkProvedIt) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  const wire::Caller& caller = ring.service(2).last_caller;
  EXPECT_EQ(caller.member, member(1));
  EXPECT_EQ(caller.person, 101U);
  EXPECT_FALSE(caller.is_client);

  const auto client = ring.network.client(member(1), 101);
  ASSERT_TRUE(ring.clock.run(wire::ask(*client, member(2), wire::GetNeighbours{})));
  EXPECT_EQ(caller.member, member(1));
  EXPECT_TRUE(caller.is_client);
}

TEST(StreamNetwork, LetsAStrangerAskToJoinAndNothingElse) {
  StreamRing ring(2);
  const auto stranger = ring.network.joiner();
  wire::Join question;
  question.statements.resize(2);
  const auto welcome = ring.clock.run(wire::ask(*stranger, member(2), question));
  ASSERT_TRUE(welcome) << welcome.error().message();
  EXPECT_EQ(welcome->statements, question.statements);
  EXPECT_TRUE(ring.service(2).last_caller.is_joiner);
  const auto other = ring.clock.run(wire::ask(*stranger, member(2), wire::GetNeighbours{}));
  EXPECT_EQ(other.error().code, Errc::refused);
}

TEST(StreamNetwork, RefusesWhoIsNoMember) {
  StreamRing ring(2);
  ring.acquaintances[member(1)].key.bytes.fill(99);  // what the ring knows of it is another key
  EXPECT_EQ(ring.error_of(1, 2), Errc::refused);
  EXPECT_EQ(ring.service(2).begun, 0);
}

TEST(StreamNetwork, ClosesTheLinksOfThoseWhoAreMembersNoMore) {
  StreamRing ring(3);
  ASSERT_TRUE(ring.answers(1, 2));
  const Acquaintance expelled = ring.acquaintances[member(1)];
  ring.acquaintances.erase(member(1));
  ring.network.links(member(2)).drop_strangers();
  EXPECT_EQ(ring.error_of(1, 2), Errc::refused);
  EXPECT_TRUE(ring.answers(3, 2));
}

TEST(StreamNetwork, FindsOutWhoAnswersAtAnAddress) {
  StreamRing ring(2);
  auto& links = ring.network.links(member(1));
  EXPECT_EQ(ring.clock.run(links.connect("machine-2:7000", std::nullopt)).value(), member(2));
  EXPECT_EQ(ring.clock.run(links.connect("nowhere:7000", std::nullopt)).error().code, Errc::unreachable);
}

TEST(StreamNetwork, TellsWhatAMemberSaysFromWhatAnybodyDoes) {
  StreamRing ring(2);
  auto& links = ring.network.links(member(1));
  const auto said = [&] {
    const Error error = ring.clock.run(links.connect("machine-2:7000", std::nullopt)).error();
    EXPECT_NE(error.context.find("not known here"), std::string::npos) << error.context;
    return error;
  };
  ring.acquaintances.erase(member(1));
  const Error by_member = said();
  EXPECT_EQ(by_member.code, Errc::refused);
  EXPECT_NE(by_member.context.find(link::kRefusedByMember), std::string::npos);
  ring.acquaintances.erase(member(2));
  const Error by_stranger = said();
  EXPECT_EQ(by_stranger.code, Errc::unreachable) << "nothing that it says is a member's word";
  EXPECT_EQ(by_stranger.context.find(link::kRefusedByMember), std::string::npos);
}

// A laptop is off, and another one has its address now: it must not count as live for ever.
TEST(StreamNetwork, TakesAMemberForSilentWhereSomebodyElseAnswers) {
  StreamRing ring(3);
  ring.acquaintances[member(2)].address = ring.acquaintances[member(3)].address;
  EXPECT_EQ(ring.error_of(1, 2), Errc::unreachable);
}

TEST(StreamNetwork, CarriesSegmentsWholeHoweverTheirBytesAreCut) {
  StreamRing ring(3);
  for (std::uint32_t index = 0; index < 20; ++index) {
    wire::GetSegment get;
    get.index = index % 16;
    const auto got = ring.ask(1, 2, get);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->data, SharedBytes(Bytes(wire::kSegmentBytes, static_cast<std::uint8_t>(get.index))));
    wire::PutSegment put;
    put.data = SharedBytes(Bytes(wire::kSegmentBytes, static_cast<std::uint8_t>(index + 100)));
    ASSERT_TRUE(ring.ask(1, 3, put));
    EXPECT_EQ(ring.service(3).last_put, put.data);
  }
  EXPECT_EQ(ring.service(3).bytes_put, 20 * wire::kSegmentBytes);
  EXPECT_GT(ring.network.counters().bytes, 40 * wire::kSegmentBytes);
}

Task<bool> echoes(StreamNetwork& network, std::uint8_t to, std::uint64_t wait) {
  const auto answer =
      co_await wire::ask(network.endpoint(member(1)), member(to), wire::Reserve{wait}, Duration(1min));
  co_return answer && answer->reservation == wait;
}

TEST(StreamNetwork, KeepsMoreQuestionsApartThanMayBeInFlight) {
  StreamRing ring(2);
  std::vector<Task<bool>> calls;
  for (std::uint64_t i = 0; i < 3000; ++i) calls.push_back(echoes(ring.network, 2, i * 7919 % 500));
  const auto answered = ring.clock.run(when_all(ring.clock, std::move(calls)));
  EXPECT_EQ(answered, std::vector<bool>(3000, true));
}

TEST(StreamNetwork, EndsASlowAnswerWithTheCallersPatience) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  const TimePoint asked = ring.clock.now();
  EXPECT_EQ(ring.ask(1, 2, wire::Reserve{5000}, 2s).error().code, Errc::timed_out);
  EXPECT_EQ(ring.clock.now() - asked, Duration(2s));
  EXPECT_TRUE(ring.answers(1, 2)) << "the link is as good as before";
  ring.network.set_slow(member(2), 20s);
  int late = 0;
  for (int i = 0; i < 20; ++i) late += ring.ask(1, 2, wire::GetHeads{}, 2s).has_error() ? 1 : 0;
  EXPECT_GT(late, 10);
  ring.network.set_slow(member(2), 0s);
  EXPECT_TRUE(ring.answers(1, 2));
}

TEST(StreamNetwork, LetsCallersGoAtAnyMoment) {
  StreamRing ring(2);
  for (int steps = 0; steps < 60; ++steps) {
    std::optional<Result<wire::Reserved>> never;
    TaskScope scope(ring.clock);
    scope.spawn(note(ring.network, 1, 2, wire::Reserve{100}, never));
    for (int i = 0; i < steps; ++i) ring.clock.step();
    scope.cancel();
    if (steps % 20 == 0) {
      ring.network.detach(member(2));  // so that the next one has to dial
      ring.start(2);
    }
  }
  ring.clock.run_for(2s);
  EXPECT_TRUE(ring.answers(1, 2));
}

TEST(StreamNetwork, RefusesTheConnectionWhereNoProcessRuns) {
  StreamRing ring(2);
  ring.network.detach(member(2));
  EXPECT_EQ(ring.error_of(1, 2), Errc::unreachable);
  EXPECT_LT(ring.clock.now().since_start, 200ms);
  EXPECT_EQ(ring.error_of(1, 9), Errc::unreachable) << "nobody knows it";
}

TEST(StreamNetwork, BreaksTheLinksOfAProcessThatDies) {
  StreamRing ring(2);
  std::optional<Result<wire::Reserved>> outcome;
  TaskScope scope(ring.clock);
  scope.spawn(note(ring.network, 1, 2, wire::Reserve{5000}, outcome));
  ring.clock.run_for(1s);
  ASSERT_EQ(ring.service(2).begun, 1);
  ring.network.detach(member(2));
  ring.clock.run_for(200ms);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error().code, Errc::unreachable);
  ring.clock.run_for(10s);
  EXPECT_EQ(ring.service(2).ended, 0) << "what it was serving is cancelled";

  ring.start(2);
  ring.clock.run_for(2s);
  EXPECT_TRUE(ring.answers(1, 2));
  EXPECT_TRUE(ring.answers(2, 1));
}

TEST(StreamNetwork, AsksAgainWhereALinkTurnsOutToBeDead) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  // Nobody tells the caller that the process at the other end is another one.
  ring.network.cut(member(1), member(2));
  ring.network.detach(member(2));
  ring.start(2);
  ring.network.heal();
  EXPECT_TRUE(ring.answers(1, 2));
  EXPECT_EQ(ring.service(2).begun, 2);
  // But only once, and not where nobody is.
  ring.network.cut(member(1), member(2));
  ring.network.detach(member(2));
  ring.network.heal();
  EXPECT_EQ(ring.error_of(1, 2), Errc::unreachable);
  ring.start(2);
}

TEST(StreamNetwork, HoldsBackWhatComesToASleeperUntilItWakes) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  std::optional<Result<wire::Reserved>> outcome;
  TaskScope scope(ring.clock);
  scope.spawn(note(ring.network, 1, 2, wire::Reserve{1}, outcome, 1min));
  ring.network.set_asleep(member(2), true);
  ring.clock.run_for(10s);
  EXPECT_EQ(ring.service(2).begun, 1);
  EXPECT_FALSE(outcome.has_value());
  ring.network.set_asleep(member(2), false);
  ring.clock.run_for(1s);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->has_value()) << outcome->error().message();
}

TEST(StreamNetwork, GivesUpALinkToOneThatSleepsForLong) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  std::optional<Result<wire::Reserved>> outcome;
  TaskScope scope(ring.clock);
  scope.spawn(note(ring.network, 1, 2, wire::Reserve{1}, outcome, 1min));
  ring.network.set_asleep(member(2), true);
  ring.clock.run_for(30s);  // it gives the link up, and finds nobody at the address
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error().code, Errc::unreachable);
  EXPECT_EQ(ring.error_of(1, 2), Errc::unreachable) << "nobody answers";
  ring.clock.run_for(8h);
  ring.network.set_asleep(member(2), false);
  EXPECT_TRUE(ring.answers(2, 1)) << "it does not know yet that its link is dead, and finds out";
  EXPECT_TRUE(ring.answers(1, 2));
}

TEST(StreamNetwork, GoesOnAfterACutAndKeepsIslandsApart) {
  StreamRing ring(3);
  ASSERT_TRUE(ring.answers(1, 2));
  ring.network.cut(member(1), member(2));
  std::optional<Result<wire::SegmentReply>> outcome;
  TaskScope scope(ring.clock);
  scope.spawn(note(ring.network, 1, 2, wire::GetSegment{}, outcome, 1min));
  ring.clock.run_for(10s);
  EXPECT_FALSE(outcome.has_value());
  EXPECT_TRUE(ring.answers(3, 2));
  ring.network.mend(member(2), member(1));
  ring.clock.run_for(1s);
  ASSERT_TRUE(outcome && outcome->has_value());

  ring.network.set_island(member(2), 1);
  EXPECT_EQ(ring.error_of(1, 2), Errc::timed_out);
  EXPECT_EQ(ring.error_of(2, 3), Errc::timed_out);
  ring.network.heal();
  EXPECT_TRUE(ring.answers(1, 2));
  EXPECT_TRUE(ring.answers(2, 3));
}

TEST(StreamNetwork, AOneWayCutEndsTheLinkInBothDirections) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  ring.network.cut_one_way(member(2), member(1));
  EXPECT_EQ(ring.error_of(1, 2), Errc::timed_out) << "it arrives, and the answer does not";
  EXPECT_EQ(ring.service(2).begun, 2);
  ring.clock.run_for(30s);
  EXPECT_EQ(ring.error_of(1, 2), Errc::unreachable);
  EXPECT_EQ(ring.error_of(2, 1), Errc::unreachable);
  ring.network.mend_one_way(member(2), member(1));
  ring.clock.run_for(2s);
  EXPECT_TRUE(ring.answers(1, 2));
}

TEST(StreamNetwork, TakesOnlySoMuchForOneWhoDoesNotReceive) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  const std::uint64_t before = ring.network.counters(member(1)).bytes;
  ring.network.set_asleep(member(2), true);
  std::vector<std::optional<Result<wire::SegmentTaken>>> outcomes(200);
  TaskScope scope(ring.clock);
  for (auto& outcome : outcomes) {
    wire::PutSegment put;
    put.data = SharedBytes(Bytes(wire::kSegmentBytes, 1));
    scope.spawn(note(ring.network, 1, 2, std::move(put), outcome, 10s));
  }
  ring.clock.run_for(15s);
  EXPECT_EQ(scope.running(), 0U);
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome->error().code, Errc::timed_out);
  EXPECT_LT(ring.network.counters(member(1)).bytes - before, 500'000U);
}

TEST(StreamNetwork, BreaksALinkOnWhichABitWasFlipped) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  ring.network.set_corruption(1);
  const auto broken = ring.ask(1, 2, wire::GetSegment{});
  ASSERT_TRUE(broken.has_error());
  EXPECT_EQ(broken.error().code, Errc::unreachable) << broken.error().message();
  ring.network.set_corruption(0);
  ring.clock.run_for(2s);
  EXPECT_TRUE(ring.answers(1, 2));
}

TEST(StreamNetwork, ABrokenGreetingIsNoAnswer) {
  int broken = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    StreamRing ring(2, seed);
    ring.network.set_corruption(0.3);
    const auto answer = ring.ask(1, 2, wire::GetNeighbours{});
    if (answer) continue;
    ++broken;
    EXPECT_NE(answer.error().code, Errc::refused) << "seed " << seed << ": " << answer.error().message();
  }
  EXPECT_GT(broken, 20);
}

TEST(StreamNetwork, SurvivesFlippedBitsInFrames) {
  std::map<Errc, int> errors;
  int answered = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    StreamRing ring(3, seed);
    ring.network.set_corruption(0.2, StreamNetwork::Corruption::reaches_the_framing);
    for (int i = 0; i < 20; ++i) {
      const auto small = ring.ask(1, 2, wire::GetNeighbours{}, 3s);
      const auto large = ring.ask(3, 2, wire::GetSegment{}, 3s);
      answered += (small ? 1 : 0) + (large ? 1 : 0);
      if (!small) ++errors[small.error().code];
      if (!large) ++errors[large.error().code];
    }
    ring.network.set_corruption(0);
    ring.clock.run_for(30s);
    if (!ring.answers(1, 2)) ring.clock.run_for(2s);  // a link that died without knowing it
    EXPECT_TRUE(ring.answers(1, 2)) << "seed " << seed;
  }
  EXPECT_GT(answered, 100);
  EXPECT_GT(errors.size(), 2U);
}

TEST(StreamNetwork, TakesItsTimeOverNarrowLinesAndInBadWeather) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  ring.network.set_bandwidth(member(2), 65'536, 0);
  TimePoint began = ring.clock.now();
  ASSERT_TRUE(ring.ask(1, 2, wire::GetSegment{}));
  EXPECT_GT(ring.clock.now() - began, Duration(1s));
  EXPECT_LT(ring.clock.now() - began, Duration(1200ms));
  ring.network.set_bandwidth(member(2), 0, 0);

  ring.network.set_loss(0.3);
  began = ring.clock.now();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(ring.ask(1, 2, wire::Reserve{})) << "it comes later";
  EXPECT_GT(ring.clock.now() - began, Duration(5s));
}

TEST(StreamNetwork, ARouterLetsOutAndNotIn) {
  StreamRing ring(2);
  ring.network.set_behind_nat(member(2), true);
  EXPECT_EQ(ring.error_of(1, 2), Errc::unreachable);
  EXPECT_EQ(ring.clock.now().since_start, Duration(3s)) << "nobody answers";
  EXPECT_TRUE(ring.answers(2, 1));
  EXPECT_TRUE(ring.answers(1, 2)) << "over the link that the other opened";
}

TEST(StreamNetwork, FindsAMachineThatMovedOnceItsAddressIsKnown) {
  StreamRing ring(2);
  ASSERT_TRUE(ring.answers(1, 2));
  ring.network.set_address(member(2), "elsewhere:7000");
  EXPECT_EQ(ring.error_of(1, 2, 3s), Errc::timed_out);
  EXPECT_EQ(ring.error_of(1, 2), Errc::timed_out) << "its old address leads nowhere";
  ring.acquaintances[member(2)].address = "elsewhere:7000";
  ring.clock.run_for(2s);
  EXPECT_TRUE(ring.answers(1, 2));
}

class Recorder final : public StreamNetwork::Observer {
 public:
  explicit Recorder(Clock& clock) : clock_(clock) {}
  void delivered(const StreamNetwork::Delivery& delivery) override {
    seen.emplace_back(clock_.now().since_start.count(), delivery.from, delivery.to, delivery.request_kind,
                      delivery.is_answer, delivery.error);
  }
  std::vector<std::tuple<std::int64_t, std::uint32_t, std::uint32_t, int, bool, int>> seen;

 private:
  Clock& clock_;
};

Task<void> lead_a_busy_life(StreamRing& ring, std::uint8_t from) {
  for (std::uint8_t i = 0; i < 30; ++i) {
    const auto to = static_cast<std::uint8_t>(1 + (from + i) % 3);
    (void)co_await wire::ask(ring.network.endpoint(member(from)), member(to), wire::GetSegment{}, 5s);
    (void)co_await wire::ask(ring.network.endpoint(member(from)), member(to), wire::Reserve{i}, 5s);
  }
}

auto history_of(std::uint64_t seed) {
  StreamRing ring(3, seed);
  Recorder recorder(ring.clock);
  ring.network.observe(&recorder);
  ring.network.set_loss(0.05);
  ring.network.set_corruption(0.01);
  {
    TaskScope scope(ring.clock);
    for (std::uint8_t from : {1, 2, 3}) scope.spawn(lead_a_busy_life(ring, from));
    ring.clock.run_for(5s);
    ring.network.set_asleep(member(2), true);
    ring.network.cut(member(1), member(3));
    ring.clock.run_for(40s);
    ring.network.set_asleep(member(2), false);
    ring.network.heal();
    ring.clock.run_for(10min);
    EXPECT_EQ(scope.running(), 0U);
  }
  return std::tuple(recorder.seen, ring.clock.events(), ring.network.counters().bytes);
}

TEST(StreamNetworkHistory, RepeatsWithTheSeedAndChangesWithIt) {
  const auto first = history_of(1);
  EXPECT_GT(std::get<0>(first).size(), 250U);
  EXPECT_EQ(first, history_of(1));
  EXPECT_NE(first, history_of(2));
}

}  // namespace
}  // namespace peerstore::world
