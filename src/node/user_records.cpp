#include "node/user_records.hpp"

#include <peerstore/account/user_keys.hpp>
#include <peerstore/replica/head_keepers.hpp>

#include <algorithm>

namespace peerstore::node {

namespace {

// Strangers together: so many at once, and then one in so long.
constexpr double kQuestionsAtOnce = 8;
constexpr Duration kQuestionPeriod = std::chrono::seconds(2);
constexpr Duration kLookAround = std::chrono::seconds(10);
constexpr Duration kTryAgain = std::chrono::seconds(1);

// What concerns nobody in particular, or this person: enough to check the record and its person's machines.
bool concerns(const membership::Fact& fact, wire::PersonNumber person) {
  return std::visit(
      [person](const auto& about) {
        if constexpr (requires { about.person; }) return about.person == person;
        return true;
      },
      fact);
}

}  // namespace

UserRecords::UserRecords(Clock& clock, crypto::Signatures& signatures, wire::Network& network,
                         const membership::Membership& membership, const replica::RingView& view,
                         store::HeadStore& store, wire::MemberId self, wire::PersonNumber person)
    : clock_(clock),
      signatures_(signatures),
      network_(network),
      membership_(membership),
      view_(view),
      store_(store),
      self_(self),
      person_(person),
      questions_left_(kQuestionsAtOnce),
      counted_at_(clock.now()) {}

bool UserRecords::may_be_asked_by_strangers() {
  const TimePoint now = clock_.now();
  const double passed = std::chrono::duration<double>(now - counted_at_) / kQuestionPeriod;
  questions_left_ = std::min(kQuestionsAtOnce, questions_left_ + passed);
  counted_at_ = now;
  if (questions_left_ < 1) return false;
  questions_left_ -= 1;
  return true;
}

Result<wire::Response> UserRecords::answer_stranger(const wire::LookupKey& lookup) {
  for (wire::UserRecord& record : store_.records()) {
    const auto body = account::decode_record_body(record.body.view());
    if (!body || !account::answers_to(*body, lookup)) continue;
    wire::UserRecordReply reply;
    reply.root_key = membership_.roster().root();
    for (wire::Statement& statement : membership_.roster().statements()) {
      const auto fact = membership::read_statement(statement);
      if (fact && concerns(*fact, record.person)) reply.statements.push_back(std::move(statement));
    }
    reply.record = std::move(record);
    return wire::Response(std::move(reply));
  }
  // Who has the key is answered always; who guesses, seldom.
  if (!may_be_asked_by_strangers()) {
    return fail(Errc::busy, "too many ask for their records just now; try again in a few seconds");
  }
  return fail(Errc::not_found, "no record here opens with this");
}

Task<Result<wire::Response>> UserRecords::serve(wire::Caller caller, wire::GetUserRecord request) {
  if (caller.is_joiner) co_return answer_stranger(request.lookup);
  std::optional<wire::UserRecord> record = store_.record_of(request.person);
  if (!record) co_return fail(Errc::not_found, "no record of this person is kept here");
  co_return wire::Response(wire::UserRecordReply{std::move(*record), membership_.roster().root(), {}});
}

Task<Result<wire::Response>> UserRecords::serve(wire::Caller caller, wire::PutUserRecord request) {
  if (caller.is_joiner) co_return fail(Errc::refused, "only members bring records");
  const auto key = view_.person_key(request.record.person);
  if (!key) co_return fail(Errc::refused, "the record of a person who is not known here");
  const auto body = account::check_record(signatures_, view_.ring_id(), *key, request.record);
  if (!body) co_return body.error();
  if (const auto held = store_.record_of(request.record.person)) {
    const auto held_body = account::decode_record_body(held->body.view());
    if (held_body && !account::keeps_epochs_of(*held_body, *body)) {
      co_return fail(Errc::refused,
                     "a record that lacks keys of the one that is held: changed on two machines?");
    }
  }
  const Result<void> put = co_await store_.put(std::move(request.record));
  if (!put) co_return put.error();
  co_return wire::Response(wire::Done{});
}

Task<void> UserRecords::bring_own_to_keepers() {
  for (;;) {
    const auto map = view_.map();
    const std::optional<wire::UserRecord> own = store_.record_of(person_);
    std::vector<wire::MemberId> keepers;
    bool all_told = true;
    if (own) keepers = replica::head_walk(*map, person_, replica::keepers_wanted(*map));
    for (const wire::MemberId& keeper : keepers) {
      const Told now{view_.incarnation(keeper), own->version};
      const auto told = told_.find(keeper);
      const bool knows = told != told_.end() && told->second == now;
      if (keeper == self_ || knows || view_.standing(keeper) != replica::Standing::live) continue;
      const wire::PutUserRecord question{*own};
      const auto done = co_await wire::ask(network_, keeper, question);
      // A refusal is an answer: it has a newer one, or another.
      const bool is_settled = done || done.error().code == Errc::refused;
      if (is_settled) told_.insert_or_assign(keeper, now);
      all_told = all_told && is_settled;
    }
    co_await clock_.sleep(own && !all_told ? kTryAgain : kLookAround);
  }
}

}  // namespace peerstore::node
