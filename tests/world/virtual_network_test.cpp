#include <peerstore/wire/codec.hpp>
#include <world/two_machines.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace peerstore::world {
namespace {

// One asks two; `outcome` says how that ended.
Task<void> note_outcome(VirtualNetwork& network, std::optional<Errc>& outcome) {
  const auto answer = co_await wire::ask(network.endpoint(member(1)), member(2), wire::GetNeighbours{});
  outcome = answer ? Errc::cancelled : answer.error().code;
}

TEST_F(VirtualNetworkTest, CarriesAQuestionThereAndTheAnswerBack) {
  const auto answer = ask(1, 2);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->self.id, member(2));
  EXPECT_GE(clock.now().since_start, 10ms);
  EXPECT_LT(clock.now().since_start, 110ms);
  EXPECT_EQ(network.counters().messages, 2U);
}

TEST_F(VirtualNetworkTest, NamesTheCallerAsItsLinkWouldProveIt) {
  ASSERT_TRUE(ask(1, 2));
  EXPECT_EQ(two.last_caller.member, member(1));
  EXPECT_EQ(two.last_caller.person, 11U);
  EXPECT_FALSE(two.last_caller.is_client);

  const auto client = network.client(member(3), 33);
  ASSERT_TRUE(clock.run(wire::ask(*client, member(2), wire::GetNeighbours{})));
  EXPECT_EQ(two.last_caller.member, member(3));
  EXPECT_EQ(two.last_caller.person, 33U);
  EXPECT_TRUE(two.last_caller.is_client);

  const auto joiner = network.joiner();
  ASSERT_TRUE(clock.run(wire::ask(*joiner, member(2), wire::GetNeighbours{})));
  EXPECT_TRUE(two.last_caller.is_joiner);
}

TEST_F(VirtualNetworkTest, RefusesTheConnectionWhereNoProcessRuns) {
  network.detach(member(2));
  EXPECT_EQ(error_of(1, 2), Errc::unreachable);
  EXPECT_LT(clock.now().since_start, 110ms);
  EXPECT_EQ(error_of(1, 9), Errc::unreachable) << "nobody ever ran there";
}

TEST_F(VirtualNetworkTest, LeavesTheCallerOfASleeperToItsTimeout) {
  network.set_asleep(member(2), true);
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
  EXPECT_EQ(clock.now().since_start, 2s);
  EXPECT_EQ(error_of(1, 2, 500ms), Errc::timed_out) << "patience may be shorter";
  EXPECT_EQ(clock.now().since_start, 2500ms);
  EXPECT_EQ(two.begun, 0);
  network.set_asleep(member(2), false);
  EXPECT_TRUE(ask(1, 2));
}

TEST_F(VirtualNetworkTest, TellsASleeperOfItsOwnQuestionsOnlyWhenItWakes) {
  std::optional<Errc> outcome;
  TaskScope scope(clock);
  scope.spawn(note_outcome(network, outcome));
  network.set_asleep(member(1), true);
  clock.run_for(1h);
  EXPECT_FALSE(outcome.has_value());
  network.set_asleep(member(1), false);
  clock.run_for(1ms);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(*outcome, Errc::timed_out);
}

TEST_F(VirtualNetworkTest, EndsASlowAnswerWithTheCallersPatience) {
  two.takes = 20s;
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
  EXPECT_EQ(clock.now().since_start, wire::kPatience);
  EXPECT_TRUE(ask(1, 2, 30s)) << "a longer patience waits for it";
}

TEST_F(VirtualNetworkTest, CancelsWhatADyingProcessWasServing) {
  two.takes = 5s;
  std::optional<Errc> outcome;
  TaskScope scope(clock);
  scope.spawn(note_outcome(network, outcome));
  clock.run_for(1s);
  EXPECT_EQ(two.begun, 1);
  network.detach(member(2));
  clock.run_for(1s);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(*outcome, Errc::unreachable);
  clock.run_for(10s);
  EXPECT_EQ(two.ended, 0);
}

TEST_F(VirtualNetworkTest, LetsAQuestionArriveWhoseAskerHasGone) {
  two.takes = 1s;
  for (const char* when : {"on its way", "being served", "answered"}) {
    SCOPED_TRACE(when);
    const int before = two.ended;
    std::optional<Errc> outcome;
    {
      TaskScope scope(clock);
      scope.spawn(note_outcome(network, outcome));
      if (when == std::string_view("being served")) clock.run_for(500ms);
      while (when == std::string_view("answered") && two.ended == before) clock.step();
    }
    clock.run_for(5s);
    EXPECT_EQ(two.ended, before + 1);
    EXPECT_FALSE(outcome.has_value());
  }
}

TEST_F(VirtualNetworkTest, CutsPairsAndIslandsAndHeals) {
  network.attach(member(3), &one, 33);
  network.cut(member(1), member(2));
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
  EXPECT_EQ(error_of(2, 1), Errc::timed_out);
  EXPECT_TRUE(ask(3, 2));
  network.mend(member(2), member(1));
  EXPECT_TRUE(ask(1, 2));
  network.set_island(member(2), 1);
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
  network.heal();
  EXPECT_TRUE(ask(1, 2));
  network.detach(member(3));
}

TEST_F(VirtualNetworkTest, LosesItsShareOfMessages) {
  network.set_loss(0.5);
  int answered = 0;
  for (int i = 0; i < 400; ++i) answered += ask(1, 2).has_value() ? 1 : 0;
  EXPECT_NEAR(answered, 100, 40);  // both ways have to arrive
}

class Recorder final : public VirtualNetwork::Observer {
 public:
  explicit Recorder(Clock& clock) : clock_(clock) {}
  void delivered(const VirtualNetwork::Delivery& delivery) override {
    seen.emplace_back(clock_.now().since_start.count(), delivery.from, delivery.to, delivery.is_answer);
  }
  std::vector<std::tuple<std::int64_t, std::uint32_t, std::uint32_t, bool>> seen;

 private:
  Clock& clock_;
};

auto history_of(std::uint64_t seed) {
  VirtualClock clock;
  VirtualNetwork network(clock, seed);
  network.set_loss(0.1);
  Recorder recorder(clock);
  network.observe(&recorder);
  Echo one(clock, member(1));
  network.attach(member(1), &one, 1);
  for (std::uint8_t from = 2; from < 40; ++from) {
    (void)clock.run(wire::ask(network.endpoint(member(from)), member(1), wire::GetNeighbours{}));
  }
  network.detach(member(1));
  return recorder.seen;
}

TEST(VirtualNetworkHistory, RepeatsWithTheSeedAndChangesWithIt) {
  EXPECT_EQ(history_of(1), history_of(1));
  EXPECT_NE(history_of(1), history_of(2));
}

Task<void> ask_over_and_over(VirtualNetwork& network, std::uint8_t from, std::uint8_t to, int times) {
  for (int i = 0; i < times; ++i) {
    const auto answer = co_await wire::ask(network.endpoint(member(from)), member(to), wire::GetNeighbours{});
    CHECK(answer.has_value());
  }
}

TEST(VirtualNetworkSpeed, ServesManyCallsASecond) {
  VirtualClock clock;
  VirtualNetwork network(clock, 3);
  std::vector<std::unique_ptr<Echo>> services;
  for (std::uint8_t i = 0; i < 200; ++i) {
    services.push_back(std::make_unique<Echo>(clock, member(i)));
    network.attach(member(i), services.back().get(), i);
  }
  const auto begin = std::chrono::steady_clock::now();
  {
    TaskScope scope(clock);
    for (std::uint8_t i = 0; i < 200; ++i) scope.spawn(ask_over_and_over(network, i, (i * 7 + 1) % 200, 500));
    clock.run_for(1h);
    EXPECT_EQ(scope.running(), 0U);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  RecordProperty("calls_per_second", static_cast<int>(100'000 / took.count()));
  EXPECT_EQ(network.counters().calls, 100'000U);
  for (std::uint8_t i = 0; i < 200; ++i) network.detach(member(i));
}

// ---- sizes ----

// Of a frame without attachment.
constexpr std::size_t kRequestFrame = 11;
constexpr std::size_t kReplyFrame = 8;

wire::NodeRef some_node(Entropy& entropy) { return {entropy.make<ring::Id>(), 1'763'723'547}; }

// What the ring's upkeep sends, nearly always.
TEST(ApproximateSize, IsWithinATenthOfWhatTravels) {
  SeededEntropy entropy(1);
  const auto question = [&](wire::Request request) {
    const std::size_t real = kRequestFrame + wire::encode(request).message.size();
    const auto approximate = static_cast<double>(approximate_size(request));
    EXPECT_NEAR(approximate, static_cast<double>(real), 0.1 * static_cast<double>(real))
        << wire::name_of(request);
  };
  const auto answer = [&](const Result<wire::Response>& response) {
    const std::size_t real = kReplyFrame + wire::encode(response).message.size();
    const auto approximate = static_cast<double>(approximate_size(*response));
    EXPECT_NEAR(approximate, static_cast<double>(real), 0.1 * static_cast<double>(real))
        << "answer of kind " << response->index();
  };

  wire::Presence presence;
  presence.node = some_node(entropy);
  presence.sequence = 1;
  presence.addresses = {"203.0.113.7:4711"};
  presence.free_bytes = 100'000'000'000;
  presence.signature = entropy.make<crypto::Signature>();
  ring::Id until;
  std::ranges::fill_n(until.bytes.begin(), 8, std::uint8_t{0x5a});

  question(wire::Ping{});
  question(wire::GetNeighbours{});
  question(wire::Notify{some_node(entropy)});
  question(wire::FindSuccessor{entropy.make<ring::Id>()});
  wire::PushStatements came;
  came.presences = {presence};
  came.until = until;
  question(came);
  wire::PushStatements went;
  went.absences = {{some_node(entropy), 1}};
  went.until = until;
  question(went);
  wire::ComparePresences compare{entropy.make<crypto::Hash>(), 0xf123456789abcdef, {}};
  for (int i = 0; i < 256; ++i) compare.sums.push_back(static_cast<std::uint16_t>(0x89ab + i));
  question(compare);

  answer(wire::Response(wire::Done{}));
  answer(wire::Response(wire::Pong{0xf123456789abcdef, {0xf123456789abcdef, 0xf123456789abcdef}}));
  wire::Neighbours neighbours;
  neighbours.phase = wire::Phase::member;
  neighbours.self = some_node(entropy);
  neighbours.predecessor = some_node(entropy);
  for (int i = 0; i < 8; ++i) neighbours.successors.push_back(some_node(entropy));
  neighbours.view = 0xf123456789abcdef;
  neighbours.roster = {0xf123456789abcdef, 0xf123456789abcdef};
  neighbours.session_seconds = 3600;
  answer(wire::Response(neighbours));
  wire::FoundSuccessor found;
  found.is_successor = true;
  for (int i = 0; i < 8; ++i) found.successors.push_back(some_node(entropy));
  answer(wire::Response(found));
  wire::PresenceDifference difference;
  difference.roster = entropy.make<crypto::Hash>();
  difference.parts = {17, 200};
  difference.presences = {presence, presence, presence};
  difference.absences = {{some_node(entropy), 1}, {some_node(entropy), 1}};
  answer(wire::Response(difference));
}

}  // namespace
}  // namespace peerstore::world
