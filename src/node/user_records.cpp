#include "node/user_records.hpp"

#include <peerstore/account/user_keys.hpp>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <algorithm>

namespace peerstore::node {

namespace {

// Strangers together: so many at once, and then one in so long.
constexpr double kQuestionsAtOnce = 8;
constexpr Duration kQuestionPeriod = std::chrono::seconds(2);
// Each person's record: replaced so many times at once, and then once in so long. A person changes the
// passphrase, makes a kit and begins an epoch in a row; a program of somebody's could make every machine
// write without end.
constexpr double kRenewalsAtOnce = 8;
constexpr Duration kRenewalPeriod = std::chrono::seconds(20);
// How often a machine looks whether something is new here; it asks another one then, and after that less and
// less often, until at most this.
constexpr Duration kLookAround = std::chrono::seconds(10);
constexpr Duration kSeldom = std::chrono::minutes(30);
constexpr Duration kComparisonMost = std::chrono::seconds(30);

// What concerns nobody in particular, or this person: enough to check the record and its person's machines.
bool concerns(const membership::Fact& fact, wire::PersonNumber person) {
  return std::visit(
      [person](const auto& about) {
        if constexpr (requires { about.person; }) return about.person == person;
        return true;
      },
      fact);
}

wire::RecordMark mark_of(const wire::UserRecord& record) {
  return {record.person, record.version, ByteReader(record.signature.view()).u64()};
}

crypto::Hash digest_of(const std::vector<wire::RecordMark>& marks) {
  ByteWriter out;
  for (const wire::RecordMark& mark : marks) out.u32(mark.person).u64(mark.version).u64(mark.tag);
  return crypto::hash("user records", {out.view()});
}

}  // namespace

UserRecords::UserRecords(Clock& clock, Random& random, crypto::Signatures& signatures, wire::Network& network,
                         const membership::Membership& membership, const replica::RingView& view,
                         store::HeadStore& store, wire::MemberId self)
    : clock_(clock),
      random_(random),
      signatures_(signatures),
      network_(network),
      membership_(membership),
      view_(view),
      store_(store),
      self_(self),
      questions_{kQuestionsAtOnce, clock.now()} {}

bool UserRecords::Allowance::take(TimePoint now, double at_once, Duration period) {
  const double passed = std::chrono::duration<double>(now - counted_at) / period;
  left = std::min(at_once, left + passed);
  counted_at = now;
  if (left < 1) return false;
  left -= 1;
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
  if (!questions_.take(clock_.now(), kQuestionsAtOnce, kQuestionPeriod)) {
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
  const Result<void> kept = co_await keep(std::move(request.record));
  if (!kept) co_return kept.error();
  co_return wire::Response(wire::Done{});
}

Task<Result<wire::Response>> UserRecords::serve(wire::CompareRecords request) {
  wire::RecordDifference reply;
  reply.marks = marks();
  reply.digest = digest_of(reply.marks);
  if (reply.digest == request.digest) reply.marks.clear();
  co_return wire::Response(std::move(reply));
}

Task<Result<void>> UserRecords::keep(wire::UserRecord record) {
  const auto key = view_.person_key(record.person);
  if (!key) co_return fail(Errc::refused, "the record of a person who is not known here");
  const auto body = account::check_record(signatures_, view_.ring_id(), *key, record);
  if (!body) co_return body.error();
  auto held = store_.record_of(record.person);
  if (held == record) co_return Result<void>();
  // An invitation was used twice, and this one was of whoever is out now.
  if (held && !account::check_record(signatures_, view_.ring_id(), *key, *held)) held.reset();
  if (held && !account::outranks(record, *body, *held)) {
    co_return fail(Errc::refused, account::is_fork(record, *held)
                                      ? "another record is held: changed on two machines at once?"
                                      : "a newer user record is held, or one with other keys");
  }
  const auto held_body = held ? account::decode_record_body(held->body.view()) : fail(Errc::not_found, "");
  // What begins an epoch ends a thief's renewals, and there are only so many epochs.
  if (held && !(held_body && body->epoch > held_body->epoch)) {
    const TimePoint now = clock_.now();
    // Of persons whom the roster knows, so they are few.
    Allowance& renewals = renewals_.try_emplace(record.person, kRenewalsAtOnce, now).first->second;
    if (!renewals.take(now, kRenewalsAtOnce, kRenewalPeriod)) {
      co_return fail(Errc::busy, "this record was changed too often just now; try again in a minute");
    }
  }
  co_return co_await store_.put(std::move(record), true);
}

// ---- everybody keeps them all ----

std::vector<wire::UserRecord> UserRecords::records() const {
  std::vector<wire::UserRecord> records = store_.records();
  std::erase_if(records, [this](const wire::UserRecord& record) { return !view_.person_key(record.person); });
  if (records.size() > wire::kRecordMarksMax) records.resize(wire::kRecordMarksMax);
  return records;
}

std::vector<wire::RecordMark> UserRecords::marks() const {
  std::vector<wire::RecordMark> marks;
  for (const wire::UserRecord& record : records()) marks.push_back(mark_of(record));
  return marks;
}

// From a random place on, whoever is the first.
std::optional<wire::MemberId> UserRecords::somebody_live() {
  const auto map = view_.map();
  const auto& machines = map->machines();
  const std::size_t start = machines.empty() ? 0 : random_.below(machines.size());
  for (std::size_t i = 0; i < machines.size(); ++i) {
    const wire::MemberId& member = machines[(start + i) % machines.size()].id;
    if (member != self_ && view_.standing(member) == replica::Standing::live) return member;
  }
  return std::nullopt;
}

Task<void> UserRecords::compare_with_others() {
  Duration patience = kLookAround;
  TimePoint next = clock_.now();
  crypto::Hash before;
  std::uint64_t life = 0;
  for (;;) {
    co_await clock_.sleep(kLookAround);
    // What is new here is passed on, and whoever wakes may have missed something.
    const crypto::Hash now = digest_of(marks());
    if (now != before || life != view_.incarnation(self_)) {
      patience = kLookAround;
      next = clock_.now();
    }
    if (clock_.now() < next) continue;
    const auto partner = somebody_live();
    if (!partner) continue;
    before = now;
    life = view_.incarnation(self_);
    const bool answered = co_await compare_with(*partner);
    if (!answered) continue;
    next = clock_.now() + patience;
    patience = std::min(2 * patience, kSeldom);
  }
}

Task<bool> UserRecords::compare_with(wire::MemberId partner) {
  const wire::CompareRecords question{digest_of(marks())};
  const Result<wire::RecordDifference> reply = co_await wire::ask(network_, partner, question);
  if (!reply) co_return false;
  if (reply->digest == question.digest) co_return true;
  // Whoever lies about what it has costs no more time than that.
  const TimePoint limit = clock_.now() + kComparisonMost;
  std::map<wire::PersonNumber, wire::RecordMark> theirs;
  for (const wire::RecordMark& mark : reply->marks) {
    if (clock_.now() >= limit) co_return true;
    if (!theirs.emplace(mark.person, mark).second) continue;
    const auto held = store_.record_of(mark.person);
    const bool may_be_news = !held || (mark.version >= held->version && mark != mark_of(*held));
    if (may_be_news && view_.person_key(mark.person)) co_await fetch(partner, mark.person);
  }
  for (const wire::UserRecord& record : records()) {
    if (clock_.now() >= limit) co_return true;
    const auto there = theirs.find(record.person);
    if (there != theirs.end() && there->second == mark_of(record)) continue;
    const wire::PutUserRecord news{record};
    const auto put = co_await wire::ask(network_, partner, news);
    // It may be of a lower version, and have keys that this one lacks.
    const bool is_outranked = !put && put.error().code == Errc::refused && there != theirs.end() &&
                              there->second.version < record.version;
    if (is_outranked) co_await fetch(partner, record.person);
  }
  co_return true;
}

Task<void> UserRecords::fetch(wire::MemberId partner, wire::PersonNumber person) {
  const wire::GetUserRecord question{person, {}};
  Result<wire::UserRecordReply> reply = co_await wire::ask(network_, partner, question);
  if (!reply || reply->record.person != person) co_return;
  (void)co_await keep(std::move(reply->record));
}

}  // namespace peerstore::node
