#include <peerstore/runtime/combine.hpp>

#include <conformance/network_worlds.hpp>

namespace peerstore::conformance {
namespace {

class NetworkContract : public ::testing::TestWithParam<Maker<NetworkSubject>> {
 protected:
  template <class Ask>
  Result<typename Ask::Reply> ask(wire::Network& from, std::size_t to, Ask question,
                                  Duration patience = wire::kPatience) {
    std::optional<Result<typename Ask::Reply>> answer;
    subject->run(world::detail::keep(wire::ask(from, member(to), std::move(question), patience), answer));
    return std::move(*answer);
  }
  template <class T>
  Errc error_of(const Result<T>& result) {
    EXPECT_TRUE(result.has_error());
    return result.has_error() ? result.error().code : Errc::cancelled;
  }
  std::unique_ptr<NetworkSubject> subject = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(Worlds, NetworkContract,
                         (both_worlds<NetworkSubject, VirtualNetworkSubject, RealNetworkSubject>()),
                         name_of<NetworkSubject>);

TEST_P(NetworkContract, AsksAndIsAnsweredBothWays) {
  EXPECT_EQ(ask(subject->network(0), 1, wire::GetNeighbours{})->self.id, member(1));
  EXPECT_EQ(ask(subject->network(1), 0, wire::GetNeighbours{})->self.id, member(0));
}

TEST_P(NetworkContract, TellsTheServiceWhoAsks) {
  ASSERT_TRUE(ask(subject->network(0), 1, wire::GetNeighbours{}));
  const auto& caller = subject->service(1).last_caller;
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->member, member(0));
  EXPECT_EQ(caller->person, person(0));
  EXPECT_FALSE(caller->is_client);
  EXPECT_FALSE(caller->is_joiner);
  ASSERT_TRUE(ask(subject->client(), 1, wire::GetNeighbours{}));
  EXPECT_EQ(caller->member, member(0));
  EXPECT_EQ(caller->person, person(0));
  EXPECT_TRUE(caller->is_client);
}

TEST_P(NetworkContract, PassesOnThePeersOwnError) {
  const auto answer = ask(subject->network(0), 1, wire::PutHead{});
  EXPECT_EQ(error_of(answer), Errc::refused);
  EXPECT_NE(answer.error().context.find("not your head"), std::string::npos) << answer.error().context;
}

TEST_P(NetworkContract, SaysThatNobodyIsThere) {
  EXPECT_EQ(error_of(ask(subject->network(0), 2, wire::GetNeighbours{})), Errc::unreachable);
}

TEST_P(NetworkContract, GivesUpWhenPatienceEnds) {
  const TimePoint began = subject->clock().now();
  const auto late = ask(subject->network(0), 1, wire::Reserve{60'000}, 200ms);
  EXPECT_EQ(error_of(late), Errc::timed_out);
  EXPECT_GE(subject->clock().now() - began, 200ms);
  EXPECT_LT(subject->clock().now() - began, 20s);
  EXPECT_TRUE(ask(subject->network(0), 1, wire::GetNeighbours{})) << "the link is as good as before";
}

TEST_P(NetworkContract, CarriesSegmentsWhole) {
  for (const std::uint32_t index : {0U, 15U}) {
    wire::GetSegment question;
    question.index = index;
    const auto answer = ask(subject->network(0), 1, question);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->data, SharedBytes(Bytes(wire::kSegmentBytes, static_cast<std::uint8_t>(index))));
  }
  wire::PutSegment put;
  put.data = SharedBytes(Bytes(wire::kSegmentBytes, 7));
  ASSERT_TRUE(ask(subject->network(0), 1, put));
  EXPECT_EQ(subject->service(1).bytes_put, wire::kSegmentBytes);
}

Task<bool> answers_in_time(wire::Network& network, std::uint64_t wait) {
  const wire::Reserve question{wait};
  const auto answer = co_await wire::ask(network, member(1), question);
  co_return answer && answer->reservation == wait;
}
Task<void> ask_many(Clock& clock, wire::Network& network, std::vector<bool>& answered) {
  std::vector<Task<bool>> tasks;
  // The first asked are the last answered.
  for (std::uint64_t wait = 40; wait > 0; --wait) tasks.push_back(answers_in_time(network, wait));
  answered = co_await when_all(clock, std::move(tasks));
}

TEST_P(NetworkContract, KeepsManyQuestionsInFlightAndTheirAnswersApart) {
  std::vector<bool> answered;
  subject->run(ask_many(subject->clock(), subject->network(0), answered));
  EXPECT_EQ(answered, std::vector<bool>(40, true));
}

Task<void> ask_and_drop(NetworkSubject& subject) {
  {
    TaskScope scope(subject.clock());
    std::vector<bool> never;
    scope.spawn(ask_many(subject.clock(), subject.network(0), never));
    co_await subject.clock().sleep(1ms);
  }
  const wire::GetNeighbours question;
  const auto answer = co_await wire::ask(subject.network(0), member(1), question);
  EXPECT_TRUE(answer.has_value());
}

TEST_P(NetworkContract, DropsAnswersThatNobodyWaitsFor) { subject->run(ask_and_drop(*subject)); }

}  // namespace
}  // namespace peerstore::conformance
