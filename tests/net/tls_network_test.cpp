#include <link/limits.hpp>
#include <net/ring_of_machines.hpp>

namespace peerstore::net {
namespace {

using wire::ask;

Task<Result<wire::MemberId>> who_is(Machine& asker, wire::MemberId peer) {
  const Result<wire::Neighbours> answer = co_await ask(*asker.network, peer, wire::GetNeighbours{});
  if (!answer) co_return answer.error();
  co_return answer->self.id;
}

TEST_F(RingOfMachines, MembersAskOneAnotherBothWays) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  EXPECT_EQ(run(loop, who_is(anna, bob.id)).value(), bob.id);
  EXPECT_EQ(run(loop, who_is(bob, anna.id)).value(), anna.id);
  ASSERT_EQ(bob.service.callers.size(), 1u);
  EXPECT_EQ(bob.service.callers[0].member, anna.id);
  EXPECT_EQ(bob.service.callers[0].person, 1u);
  EXPECT_FALSE(bob.service.callers[0].is_client);
  EXPECT_FALSE(bob.service.callers[0].is_joiner);
}

TEST_F(RingOfMachines, ALinkServesBothDirectionsAndAllCalls) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  known.members[anna.id].addresses.clear();  // bob cannot dial anna
  EXPECT_EQ(run(loop, who_is(bob, anna.id)).error().code, Errc::unreachable);
  EXPECT_TRUE(run(loop, who_is(anna, bob.id)));
  EXPECT_EQ(run(loop, who_is(bob, anna.id)).value(), anna.id);
  EXPECT_EQ(anna.network->counters().links, 1u);
  EXPECT_EQ(bob.network->counters().links, 1u);
}

Task<Result<wire::Reserved>> reserve(Machine& asker, wire::MemberId peer, std::uint64_t number) {
  return ask(*asker.network, peer, wire::Reserve{number});
}

TEST_F(RingOfMachines, AThousandQuestionsInFlightAreAnsweredOutOfOrder) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  std::vector<Task<Result<wire::Reserved>>> calls;
  for (std::uint64_t i = 0; i < 1000; ++i) calls.push_back(reserve(anna, bob.id, (i * 7919) % 50'000));
  const auto answers = run(loop, when_all(loop, std::move(calls)));
  for (std::uint64_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i]) << answers[i].error().message();
    EXPECT_EQ(answers[i]->reservation, (i * 7919) % 50'000);
  }
  EXPECT_EQ(anna.network->counters().links, 1u) << "concurrent callers share one dial";
}

TEST_F(RingOfMachines, MoreQuestionsThanMayBeInFlightWaitAndAreAllAnswered) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  std::vector<Task<Result<wire::Reserved>>> calls;
  for (std::uint64_t i = 0; i < 3 * link::kCallsInFlightMax; ++i)
    calls.push_back(reserve(anna, bob.id, 1000));
  for (const auto& answer : run(loop, when_all(loop, std::move(calls)))) EXPECT_TRUE(answer);
  EXPECT_LE(bob.service.most_at_once, static_cast<int>(link::kCallsInFlightMax));
}

Task<Result<wire::SegmentTaken>> put_segment(Machine& asker, wire::MemberId peer, SharedBytes data) {
  wire::PutSegment put;
  put.data = std::move(data);
  return ask(*asker.network, peer, std::move(put), 60s);
}

Task<Result<wire::SegmentReply>> get_segment(Machine& asker, wire::MemberId peer, std::uint32_t index) {
  wire::GetSegment get;
  get.index = index;
  return ask(*asker.network, peer, get, 60s);
}

TEST_F(RingOfMachines, BulkTravelsInBothDirections) {
  constexpr std::size_t kSegments = 1600;  // 100 MB
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  const SharedBytes data(Bytes(wire::kSegmentBytes, 9));
  std::vector<Task<Result<wire::SegmentTaken>>> puts;
  for (std::size_t i = 0; i < kSegments / 2; ++i) puts.push_back(put_segment(anna, bob.id, data));
  for (const auto& answer : run(loop, when_all(loop, std::move(puts)))) EXPECT_TRUE(answer);
  EXPECT_EQ(bob.service.bytes_put, kSegments / 2 * wire::kSegmentBytes);
  EXPECT_LE(bob.service.most_at_once, static_cast<int>(link::kBulkInFlightMax));

  std::vector<Task<Result<wire::SegmentReply>>> gets;
  for (std::uint32_t i = 0; i < kSegments / 2; ++i) gets.push_back(get_segment(anna, bob.id, i % 16));
  const auto segments = run(loop, when_all(loop, std::move(gets)));
  for (std::uint32_t i = 0; i < segments.size(); ++i) {
    ASSERT_TRUE(segments[i]) << segments[i].error().message();
    EXPECT_EQ(segments[i]->data.size(), wire::kSegmentBytes);
    EXPECT_EQ(segments[i]->data.view()[i], i % 16);
  }
  EXPECT_GE(anna.network->counters().bytes_sent, kSegments / 2 * wire::kSegmentBytes);
  EXPECT_GE(anna.network->counters().bytes_received, kSegments / 2 * wire::kSegmentBytes);

  // The kernel has measured the way there; to somebody without a link it is not known.
  EXPECT_GT(anna.network->send_rate(bob.id), 1'000'000u);
  EXPECT_GT(bob.network->send_rate(anna.id), 1'000'000u);
  EXPECT_EQ(anna.network->send_rate(add_node(3).id), 0u);
}

TEST_F(RingOfMachines, AnErrorIsThePeersOwnAnswer) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  const auto refused = run(loop, ask(*anna.network, bob.id, wire::PutHead{}));
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_EQ(refused.error().context, "not your head");
  // What timed out behind the peer is no sign that the peer is away.
  EXPECT_EQ(run(loop, ask(*anna.network, bob.id, wire::HaveChunks{})).error().code, Errc::busy);
}

TEST_F(RingOfMachines, WhatIsTooLargeForOneMessageIsNotSent) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  wire::PushStatements push;
  push.statements.resize(3000);
  for (auto& statement : push.statements) statement.body = SharedBytes(Bytes(wire::kStatementBytesMax));
  EXPECT_EQ(run(loop, ask(*anna.network, bob.id, push)).error().code, Errc::invalid);
  EXPECT_EQ(run(loop, who_is(anna, bob.id)).value(), bob.id);
  EXPECT_EQ(anna.network->counters().links, 1u);
}

TEST_F(RingOfMachines, ACallEndsAtItsPatience) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  std::vector<std::pair<wire::MemberId, bool>> outcomes;
  anna.network->on_outcome(
      [&](const wire::MemberId& peer, bool answered) { outcomes.emplace_back(peer, answered); });
  EXPECT_EQ(run(loop, ask(*anna.network, bob.id, wire::GetHeads{}, 50ms)).error().code, Errc::timed_out);
  EXPECT_EQ(run(loop, who_is(anna, bob.id)).value(), bob.id);
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0], std::make_pair(bob.id, false));
  EXPECT_EQ(outcomes[1], std::make_pair(bob.id, true));
}

Task<void> ask_and_drop(Loop& loop, Machine& anna, Machine& bob) {
  {
    TaskScope scope(loop);
    for (int i = 0; i < 10; ++i) scope.spawn(discard(ask(*anna.network, bob.id, wire::GetHeads{})));
    while (bob.service.waiting_for_ever < 10) co_await loop.sleep(1ms);
  }
  {
    // Answers that come to a question whose asker has left.
    TaskScope scope(loop);
    for (std::uint64_t i = 0; i < 100; ++i) scope.spawn(discard(reserve(anna, bob.id, 2000)));
    while (bob.service.callers.size() < 110) co_await loop.sleep(0ms);
  }
  const auto answer = co_await reserve(anna, bob.id, 5000);
  EXPECT_TRUE(answer);
}

TEST_F(RingOfMachines, TasksCanBeDroppedWhileTheirQuestionIsInFlight) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  run(loop, ask_and_drop(loop, anna, bob));
}

Task<void> drop_while_dialling(Loop& loop, Machine& anna, Machine& bob) {
  for (int turns = 0; turns < 20; ++turns) {
    TaskScope scope(loop);
    scope.spawn(discard(who_is(anna, bob.id)));
    for (int i = 0; i < turns; ++i) co_await loop.sleep(0ms);
  }
  const auto answer = co_await who_is(anna, bob.id);
  EXPECT_TRUE(answer);
}

TEST_F(RingOfMachines, TasksCanBeDroppedWhileDialling) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  run(loop, drop_while_dialling(loop, anna, bob));
}

Task<void> kill_when_asked(Loop& loop, Machine& victim) {
  while (victim.service.waiting_for_ever == 0) co_await loop.sleep(1ms);
  victim.network.reset();
}

Task<void> ask_a_dying_peer(Loop& loop, Machine& anna, Machine& bob) {
  TaskScope scope(loop);
  scope.spawn(kill_when_asked(loop, bob));
  const auto lost = co_await ask(*anna.network, bob.id, wire::GetHeads{});
  EXPECT_EQ(lost.error().code, Errc::unreachable) << lost.error().message();
  co_await scope.join();
  const auto gone = co_await who_is(anna, bob.id);
  EXPECT_EQ(gone.error().code, Errc::unreachable) << gone.error().message();
}

TEST_F(RingOfMachines, APeerThatDiesDuringACallIsUnreachable) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  run(loop, ask_a_dying_peer(loop, anna, bob));
  EXPECT_EQ(anna.network->counters().links, 0u);
}

Task<void> ask_a_reborn_peer(Loop& loop, Known& known, Machine& anna, Machine& bob) {
  const auto before = co_await who_is(anna, bob.id);
  EXPECT_TRUE(before);
  bob.network = bob.network_as(TlsNetwork::Role::node);
  bob.listen(known);
  Result<wire::MemberId> after = fail(Errc::unreachable, "");
  while (!after) {
    after = co_await who_is(anna, bob.id);
    co_await loop.sleep(1ms);
  }
  EXPECT_EQ(*after, bob.id);
}

TEST_F(RingOfMachines, APeerThatCameBackElsewhereIsFoundAgain) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  run(loop, ask_a_reborn_peer(loop, known, anna, bob));
}

TEST_F(RingOfMachines, AFailedDialIsNotRepeatedAtOnce) {
  Machine& anna = add_node(1);
  Machine& bob = add(2, TlsNetwork::Role::node, true);
  Machine& carl = add(3, TlsNetwork::Role::node, false);
  carl.listen(known);
  known.members[bob.id].addresses = {carl.address};  // somebody else answers there
  const TimePoint began = loop.now();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(run(loop, who_is(anna, bob.id)).error().code, Errc::unreachable);
  }
  const Duration took = loop.now() - began;
  run(loop, until(loop, [&] { return carl.network->counters().refused_links > 0; }));
  EXPECT_LE(carl.network->counters().refused_links, static_cast<std::uint64_t>(1 + took / 1s));
}

TEST_F(RingOfMachines, AddressesAreTriedInTurn) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  auto& addresses = known.members[bob.id].addresses;
  addresses = {"127.0.0.1:1", "nonsense", "[::1]:1", bob.address};
  EXPECT_EQ(run(loop, who_is(anna, bob.id)).value(), bob.id);
}

TEST_F(RingOfMachines, ConnectFindsOutWhoIsThere) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  EXPECT_EQ(run(loop, anna.network->connect(bob.address, std::nullopt)).value(), bob.id);
  EXPECT_EQ(run(loop, anna.network->connect(bob.address, bob.keys.public_key)).value(), bob.id);
  EXPECT_EQ(run(loop, anna.network->connect(bob.address, anna.keys.public_key)).error().code,
            Errc::unreachable);
  EXPECT_EQ(run(loop, anna.network->connect("127.0.0.1:1", std::nullopt)).error().code, Errc::unreachable);
  EXPECT_EQ(run(loop, anna.network->connect("no port", std::nullopt)).error().code, Errc::invalid);
}

TEST_F(RingOfMachines, ACommandOfAMemberAsksAsItsClientAndDoesNotReplaceItsNode) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  known.members[anna.id].addresses.clear();
  EXPECT_TRUE(run(loop, who_is(anna, bob.id)));
  const auto command = anna.network_as(TlsNetwork::Role::client);
  EXPECT_TRUE(run(loop, ask(*command, bob.id, wire::GetNeighbours{})));
  EXPECT_TRUE(bob.service.callers.back().is_client);
  EXPECT_EQ(bob.service.callers.back().member, anna.id);
  EXPECT_EQ(bob.network->counters().links, 2u);
  EXPECT_EQ(run(loop, who_is(bob, anna.id)).value(), anna.id);  // answered by the node, not the command
}

TEST_F(RingOfMachines, ProofInTheHelloIsLearnedBeforeTheKeyIsJudged) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  anna.directory.proof.resize(1);
  anna.directory.proof[0].kind = 3;
  bob.directory.strangers[anna.id] = true;
  bob.directory.on_learn = [&](const wire::Statement& statement) {
    if (statement.kind == 3) bob.directory.strangers.clear();
  };
  EXPECT_EQ(run(loop, who_is(anna, bob.id)).value(), bob.id);
}

TEST_F(RingOfMachines, DroppedStrangersAreToldWhy) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  Machine& carl = add_node(3);
  EXPECT_TRUE(run(loop, who_is(anna, bob.id)));
  EXPECT_TRUE(run(loop, who_is(carl, bob.id)));
  bob.directory.strangers[anna.id] = true;
  bob.network->drop_strangers();
  run(loop, until(loop, [&] { return anna.network->counters().links == 0; }));
  const auto refused = run(loop, who_is(anna, bob.id));
  EXPECT_EQ(refused.error().code, Errc::refused) << refused.error().message();
  EXPECT_EQ(run(loop, who_is(carl, bob.id)).value(), bob.id);
}

TEST_F(RingOfMachines, APortInUseIsSaidPlainly) {
  Machine& anna = add_node(1);
  Machine& bob = add(2, TlsNetwork::Role::node, true);
  const auto taken = bob.network->listen(anna.address, bob.service);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::io);
  EXPECT_NE(taken.error().context.find(anna.address), std::string::npos) << taken.error().context;
  EXPECT_NE(taken.error().context.find("in use"), std::string::npos) << taken.error().context;
  EXPECT_EQ(bob.network->listen("nowhere", bob.service).error().code, Errc::invalid);
}

TEST_F(RingOfMachines, NetworksCanBeDestroyedWithEverythingInFlight) {
  Machine& anna = add_node(1);
  Machine& bob = add_node(2);
  (void)add_node(3);
  EXPECT_TRUE(run(loop, who_is(anna, bob.id)));
  TaskScope scope(loop);
  for (int i = 0; i < 10; ++i) scope.spawn(discard(ask(*anna.network, bob.id, wire::GetHeads{})));
  for (int i = 0; i < 10; ++i) scope.spawn(discard(ask(*bob.network, machines[2]->id, wire::GetHeads{})));
  run(loop, until(loop, [&] { return bob.service.waiting_for_ever == 10; }));
}

}  // namespace
}  // namespace peerstore::net
