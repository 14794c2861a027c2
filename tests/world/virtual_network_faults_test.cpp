#include <world/two_machines.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace peerstore::world {
namespace {

using VirtualNetworkFaults = VirtualNetworkTest;

Duration took(VirtualClock& clock, TimePoint since) { return clock.now() - since; }

TEST_F(VirtualNetworkFaults, CutsOneWayOnly) {
  network.cut_one_way(member(2), member(1));
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
  EXPECT_EQ(two.begun, 1) << "the question arrives, its answer does not";
  EXPECT_EQ(error_of(2, 1), Errc::timed_out);
  EXPECT_EQ(one.begun, 0) << "the question does not arrive";
  network.mend_one_way(member(2), member(1));
  EXPECT_TRUE(ask(1, 2));
  network.cut(member(1), member(2));
  network.mend_one_way(member(1), member(2));
  EXPECT_EQ(error_of(1, 2), Errc::timed_out) << "the other half of the cut is still there";
  network.heal();
  EXPECT_TRUE(ask(2, 1));
}

TEST_F(VirtualNetworkFaults, DeliversDuplicatesAndDropsTheirAnswers) {
  VirtualNetwork::Weather weather;
  weather.duplication = 0.5;
  network.set_weather(weather);
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(ask(1, 2));
  clock.run_for(1s);
  EXPECT_NEAR(two.ended, 600, 40);
  network.set_weather({});
  const int before = two.ended;
  ASSERT_TRUE(ask(1, 2));
  clock.run_for(1s);
  EXPECT_EQ(two.ended, before + 1);
}

// Notes in which order numbered questions arrive.
class Sequence final : public wire::Service {
 public:
  Task<Result<wire::Response>> serve(wire::Caller, wire::Request request) override {
    arrived.push_back(std::get<wire::Reserve>(request).bytes);
    co_return wire::Response(wire::Reserved{});
  }
  std::vector<std::uint64_t> arrived;
};

Task<void> ask_number(VirtualNetwork& network, std::uint64_t number, unsigned& answered) {
  const wire::Reserve question{number};
  const auto answer = co_await wire::ask(network.endpoint(member(1)), member(3), question);
  answered += answer ? 1 : 0;
}

TEST_F(VirtualNetworkFaults, ReordersItsShareOfMessages) {
  Sequence three;
  network.attach(member(3), &three, 33);
  VirtualNetwork::Weather weather;
  weather.reordering = 0.2;
  weather.delay_most = 1s;
  network.set_weather(weather);
  unsigned answered = 0;
  TaskScope scope(clock);
  for (std::uint64_t i = 0; i < 500; ++i) {
    scope.spawn(ask_number(network, i, answered));
    clock.run_for(1ms);
  }
  clock.run_for(10s);
  ASSERT_EQ(three.arrived.size(), 500U);
  EXPECT_EQ(answered, 500U);
  std::size_t overtaken = 0;
  std::uint64_t highest = 0;
  for (const std::uint64_t number : three.arrived) {
    overtaken += number < highest ? 1 : 0;
    highest = std::max(highest, number);
  }
  EXPECT_NEAR(static_cast<double>(overtaken), 100, 40);
  network.detach(member(3));
}

TEST_F(VirtualNetworkFaults, DeliversAQuestionThatIsLaterThanItsAskersPatience) {
  VirtualNetwork::Weather weather;
  weather.reordering = 1;
  weather.delay_most = 10h;
  network.set_weather(weather);
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
  EXPECT_EQ(clock.now().since_start, 2s) << "nothing was heard of the peer: it is silent";
  EXPECT_EQ(two.begun, 0);
  clock.run_for(10h);
  EXPECT_EQ(two.begun, 1);
}

TEST_F(VirtualNetworkFaults, MakesASlowNodesAnswersLate) {
  network.set_slow(member(2), 4s);
  Duration slowest{};
  Duration fastest = 1h;
  for (int i = 0; i < 50; ++i) {
    const TimePoint begin = clock.now();
    ASSERT_TRUE(ask(1, 2));
    slowest = std::max(slowest, took(clock, begin));
    fastest = std::min(fastest, took(clock, begin));
  }
  EXPECT_GT(slowest, 3s);
  EXPECT_LT(fastest, 1s);
  const TimePoint begin = clock.now();
  ASSERT_TRUE(ask(2, 1)) << "others answer as fast as ever";
  EXPECT_LT(took(clock, begin), 110ms);
  network.set_slow(member(2), Duration::zero());
  ASSERT_TRUE(ask(1, 2));
  EXPECT_LT(took(clock, begin), 220ms);
}

TEST_F(VirtualNetworkFaults, LetsIntoANatOnlyThoseWhomItCalled) {
  ASSERT_TRUE(ask(2, 1));
  network.set_behind_nat(member(2), true);
  EXPECT_EQ(error_of(1, 2), Errc::timed_out) << "the router knows of no link";
  EXPECT_EQ(two.begun, 0);
  ASSERT_TRUE(ask(2, 1));
  EXPECT_TRUE(ask(1, 2)) << "a link works both ways once it is open";
  EXPECT_EQ(error_of(3, 2), Errc::timed_out);

  network.detach(member(1));
  network.attach(member(1), &one, 11);
  EXPECT_EQ(error_of(1, 2), Errc::timed_out) << "the caller's process is another one";
  ASSERT_TRUE(ask(2, 1));
  ASSERT_TRUE(ask(1, 2));
  network.detach(member(2));
  network.attach(member(2), &two, 22);
  EXPECT_EQ(error_of(1, 2), Errc::timed_out) << "the process behind the router is another one";
  network.set_behind_nat(member(2), false);
  EXPECT_TRUE(ask(1, 2));
}

TEST_F(VirtualNetworkFaults, OpensNoLinkByAQuestionThatDoesNotArrive) {
  network.set_behind_nat(member(2), true);
  network.cut_one_way(member(2), member(1));
  EXPECT_EQ(error_of(2, 1), Errc::timed_out);
  network.heal();
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
}

// Knows the addresses that it was told.
class Book final : public link::Directory {
 public:
  wire::RingId ring_id() const override { return {}; }
  std::optional<Peer> find(const crypto::SigningPublicKey&) const override { return std::nullopt; }
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId&) const override {
    return std::nullopt;
  }
  std::vector<std::string> addresses(const wire::MemberId& member) const override {
    const auto entry = entries.find(member);
    return entry == entries.end() ? std::vector<std::string>{} : entry->second;
  }
  std::vector<wire::Statement> own_proof() const override { return {}; }
  void learn(const std::vector<wire::Statement>&) override {}

  std::map<wire::MemberId, std::vector<std::string>> entries;
};

TEST_F(VirtualNetworkFaults, ReachesOneWhoMovedOnlyWhereItsAddressIsKnown) {
  Book book;
  book.entries[member(2)] = {"here:1"};
  network.equip(member(1), {clock, book, {}, "first:1"});
  EXPECT_TRUE(ask(1, 2)) << "it has not moved";
  network.set_address(member(2), "elsewhere:1");
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
  EXPECT_TRUE(ask(3, 2)) << "who has no directory knows every address";
  book.entries[member(2)] = {"here:1", "elsewhere:1"};
  EXPECT_TRUE(ask(1, 2));
  network.set_address(member(2), "elsewhere:2");
  EXPECT_EQ(error_of(1, 2), Errc::timed_out) << "the directory is out of date, the link broke";
  ASSERT_TRUE(ask(2, 1));
  EXPECT_TRUE(ask(1, 2)) << "over the link that it opened itself";
  const auto client = network.client(member(1), 11);
  EXPECT_TRUE(clock.run(wire::ask(*client, member(2), wire::GetNeighbours{})));
  network.detach(member(2));
  network.attach(member(2), &two, 22);
  EXPECT_EQ(error_of(1, 2), Errc::timed_out) << "the link ended with its process";
}

TEST_F(VirtualNetworkFaults, BreaksTheLinksOfACallerThatMoves) {
  network.set_behind_nat(member(2), true);
  ASSERT_TRUE(ask(2, 1));
  ASSERT_TRUE(ask(1, 2));
  network.set_address(member(1), "elsewhere:1");
  EXPECT_EQ(error_of(1, 2), Errc::timed_out);
}

// Takes segments.
class Sink final : public wire::Service {
 public:
  explicit Sink(Clock& clock) : clock_(clock) {}
  Task<Result<wire::Response>> serve(wire::Caller, wire::Request) override {
    arrivals.push_back(clock_.now());
    co_return wire::Response(wire::SegmentTaken{});
  }
  std::vector<TimePoint> arrivals;

 private:
  Clock& clock_;
};

Task<void> send_segment(VirtualNetwork& network, std::uint8_t from, std::uint8_t to) {
  const wire::PutSegment segment{{}, 0, SharedBytes(Bytes(wire::kSegmentBytes))};
  const auto done = co_await wire::ask(network.endpoint(member(from)), member(to), segment, 1h);
  EXPECT_TRUE(done);
}

class Bandwidth : public ::testing::Test {
 protected:
  Bandwidth() {
    for (std::uint8_t number : {1, 2, 3, 4}) network.attach(member(number), &sink, number);
  }
  ~Bandwidth() override {
    for (std::uint8_t number : {1, 2, 3, 4}) network.detach(member(number));
  }
  // How long it takes until the last of these has arrived.
  Duration last_arrival(std::vector<std::pair<std::uint8_t, std::uint8_t>> segments) {
    sink.arrivals.clear();
    const TimePoint begin = clock.now();
    TaskScope scope(clock);
    for (const auto& [from, to] : segments) scope.spawn(send_segment(network, from, to));
    clock.run_for(10min);
    EXPECT_EQ(sink.arrivals.size(), segments.size());
    return sink.arrivals.back() - begin;
  }

  static constexpr double kSegment = wire::kSegmentBytes;
  VirtualClock clock;
  VirtualNetwork network{clock, 7};
  Sink sink{clock};
};

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

TEST_F(Bandwidth, QueuesAtTheSendersUplink) {
  EXPECT_LT(last_arrival({{1, 2}, {1, 3}, {1, 4}, {1, 2}}), 60ms);
  network.set_bandwidth(member(1), 100'000, 0);
  EXPECT_NEAR(seconds(last_arrival({{1, 2}, {1, 3}, {1, 4}, {1, 2}})), 4 * kSegment / 100'000, 0.1);
  EXPECT_NEAR(seconds(last_arrival({{1, 2}})), kSegment / 100'000, 0.1) << "the queue has emptied";
  EXPECT_LT(last_arrival({{2, 1}, {3, 1}}), 60ms) << "the other direction is free";
  network.set_bandwidth(member(1), 0, 0);
  EXPECT_LT(last_arrival({{1, 2}, {1, 3}}), 60ms);
}

TEST_F(Bandwidth, QueuesAtTheReceiversDownlink) {
  network.set_bandwidth(member(1), 0, 200'000);
  EXPECT_NEAR(seconds(last_arrival({{2, 1}, {3, 1}, {4, 1}, {2, 1}})), 4 * kSegment / 200'000, 0.1);
  EXPECT_LT(last_arrival({{2, 3}, {3, 2}, {4, 2}}), 60ms) << "others are not held up";
}

TEST_F(Bandwidth, CountsTheBytesThatEachMachineSent) {
  last_arrival({{1, 2}, {1, 3}, {2, 3}});
  EXPECT_EQ(network.counters(member(1)).calls, 2U);
  EXPECT_EQ(network.counters(member(1)).messages, 2U);
  EXPECT_NEAR(static_cast<double>(network.counters(member(1)).bytes), 2 * kSegment, 500);
  EXPECT_EQ(network.counters(member(2)).messages, 2U) << "a question and an answer";
  EXPECT_NEAR(static_cast<double>(network.counters(member(2)).bytes), kSegment, 500);
  EXPECT_LT(network.counters(member(3)).bytes, 500U) << "answers alone";
  EXPECT_EQ(network.counters(member(9)).messages, 0U) << "nobody has heard of it";
  std::uint64_t sum = 0;
  for (std::uint8_t number : {1, 2, 3}) sum += network.counters(member(number)).bytes;
  EXPECT_EQ(sum, network.counters().bytes) << "nothing was lost";
}

// Looks into messages.
class Reader final : public VirtualNetwork::Observer {
 public:
  void delivered(const VirtualNetwork::Delivery& delivery) override {
    ASSERT_NE(delivery.request, nullptr);
    EXPECT_EQ(delivery.request->index(), delivery.request_kind);
    EXPECT_EQ(delivery.answer != nullptr, delivery.is_answer);
    const auto* exchange = std::get_if<wire::ExchangeRoster>(delivery.request);
    if (exchange != nullptr) known += exchange->known.size();
    if (delivery.answer == nullptr) return;
    EXPECT_EQ(delivery.answer->has_error(), delivery.error != 0);
    if (delivery.answer->has_error()) return;
    if (const auto* neighbours = std::get_if<wire::Neighbours>(&**delivery.answer)) {
      named.push_back(neighbours->self.id);
    }
  }
  std::size_t known = 0;
  std::vector<wire::MemberId> named;
};

TEST_F(VirtualNetworkFaults, ShowsTheObserverWhatQuestionsAndAnswersSay) {
  Reader reader;
  network.observe(&reader);
  wire::ExchangeRoster question;
  question.known.resize(7);
  (void)clock.run(network.endpoint(member(1)).call(member(2), question));
  EXPECT_EQ(reader.known, 14U) << "with the question, and again with its answer";
  EXPECT_EQ(reader.named, std::vector<wire::MemberId>{member(2)});
  network.detach(member(2));
  EXPECT_EQ(error_of(1, 2), Errc::unreachable);
  VirtualNetwork::Weather weather;
  weather.reordering = 1;
  weather.delay_most = 10h;
  network.set_weather(weather);
  (void)clock.run(network.endpoint(member(2)).call(member(1), question));
  clock.run_for(10h);
  EXPECT_EQ(reader.known, 28U) << "with the answer that timed out, and the question that came late";
  network.observe(nullptr);
}

}  // namespace
}  // namespace peerstore::world
