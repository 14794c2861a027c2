// Who is told what would come to a machine that joins, how soon, and how often.
#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/membership/refusal.hpp>
#include <peerstore/runtime/combine.hpp>

#include "node/ring_of_nodes.hpp"

#include <gtest/gtest.h>

namespace peerstore::node::test {
namespace {

class JoinPreviews : public testing::Test {
 protected:
  JoinPreviews() {
    ring.put_chunks(*ring.laptops[0], 30);
    newcomer = &ring.claim("newcomer");
    ring.clock.run_for(10s);  // everybody hears of the invitation
  }
  Task<Result<wire::JoinPreview>> asked() {
    return wire::ask(*link, ring.laptops[1]->identity.member, wire::PreviewJoin{newcomer->identity.proof},
                     30s);
  }
  Result<wire::JoinPreview> ask() { return ring.clock.run(asked()); }

  RingOfNodes ring{6};
  std::unique_ptr<wire::Network> link = ring.hub.joiner();
  Laptop* newcomer = nullptr;
};

// Takes every question, and answers none.
struct Silent final : wire::Service {
  explicit Silent(Clock& a_clock) : clock(a_clock) {}
  Task<Result<wire::Response>> serve(wire::Caller, wire::Request) override {
    co_await clock.sleep(1h);
    co_return fail(Errc::busy, "too late");
  }
  Clock& clock;
};

TEST_F(JoinPreviews, DoNotWaitLongForAFriendThatIsSilent) {
  const membership::Identity& identity = ring.laptops[2]->identity;
  Silent silent(ring.clock);
  ring.hub.detach(identity.member);
  ring.hub.attach(identity.member, &silent, identity.person);
  const TimePoint began = ring.clock.now();
  const auto preview = ask();
  ASSERT_TRUE(preview) << preview.error().message();
  EXPECT_LT(ring.clock.now() - began, 5s);
  ASSERT_EQ(preview->shares.size(), 6u);
  for (const wire::JoinShare& share : preview->shares) {
    EXPECT_EQ(share.answered, share.machine != ring.laptops[2]->name) << share.machine;
  }
  ring.hub.detach(identity.member);
}

TEST_F(JoinPreviews, AreReckonedOneAtATimeAndNotOneUponTheOther) {
  const TimePoint began = ring.clock.now();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(ask());
  EXPECT_GE(ring.clock.now() - began, 9s);
  std::vector<Task<Result<wire::JoinPreview>>> together;
  for (int i = 0; i < 10; ++i) together.push_back(asked());
  const auto answers = ring.clock.run(when_all(ring.clock, std::move(together)));
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& answer) { return answer.has_value(); }), 1);
  for (const auto& answer : answers) EXPECT_TRUE(answer || answer.error().code == Errc::busy);
}

// With keys that the invitation made it could sign one machine after another, whenever it has expired.
TEST_F(JoinPreviews, AreNotToldToAFurtherMachineOfSomebodyWhoIsIn) {
  ASSERT_TRUE(ring.join(*newcomer));
  ring.clock.run_for(10s);
  membership::Identity& identity = newcomer->identity;
  const auto person = std::ranges::find_if(identity.proof, [](const wire::Statement& statement) {
    return statement.kind == static_cast<std::uint8_t>(membership::StatementKind::person);
  });
  ASSERT_NE(person, identity.proof.end());
  const membership::NewMachine second{identity.person, identity.machine + 1, "another", 1 << 30};
  const wire::PreviewJoin question{
      {*person, membership::certify_machine(
                    ring.signatures, membership::ring_id_of(identity.root_key), identity.person_secret,
                    second, membership::make_machine_secrets(ring.signatures, ring.entropy))}};
  const auto told = ring.clock.run(wire::ask(*link, ring.laptops[1]->identity.member, question));
  ASSERT_FALSE(told);
  EXPECT_EQ(membership::refusal_in(told.error()), membership::Refusal::used) << told.error().message();
}

}  // namespace
}  // namespace peerstore::node::test
