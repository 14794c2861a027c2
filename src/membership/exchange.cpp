// Anti-entropy: two members tell each other what only one of them has (Demers et al., PODC 1987).
//
// A list of identifiers that fills a message speaks only of those between its first and its last,
// clockwise, and begins at a random one: rosters of any size agree after some exchanges.
#include <algorithm>

#include "membership_state.hpp"

namespace peerstore::membership {

namespace {

// Exchanges that are under way at once: a node that comes back needs few, not one with everybody.
constexpr std::size_t kTasksMax = 64;
// Learned by an exchange, more than this is catching up with what others know: no news.
constexpr std::size_t kNewsMax = 64;

bool speaks_of(const std::vector<wire::StatementId>& known, const wire::StatementId& id) {
  if (known.size() < wire::kStatementsMax) return true;
  const ring::Id first{known.front().bytes};
  const ring::Id last{known.back().bytes};
  const ring::Id point{id.bytes};
  return point == first || ring::in_half_open(first, point, last);
}

}  // namespace

void Membership::State::compare(const wire::MemberId& peer, const crypto::Hash& theirs) {
  if (peer == self || roster.find(peer) == nullptr) return;
  Comparison& comparison = comparisons[peer];
  const bool met_before = std::exchange(comparison.met, true);
  if (theirs == digest()) {
    comparison.differs_since.reset();
    return;
  }
  const TimePoint now = clock.now();
  if (comparison.exchanging || scope.running() >= kTasksMax) return;
  if (comparison.exchanged && now - *comparison.exchanged < options.exchange_pause) return;
  if (met_before) {
    if (!comparison.differs_since) comparison.differs_since = now;
    if (now - *comparison.differs_since < options.settle) return;
  }
  scope.spawn(exchange_in_background(peer));
}

Task<void> Membership::State::exchange_in_background(wire::MemberId peer) {
  comparisons[peer].exchanging = true;
  // A failure was noted, and the next comparison tries again.
  (void)co_await exchange(peer);
  const auto comparison = comparisons.find(peer);
  if (comparison != comparisons.end()) comparison->second.exchanging = false;
}

Task<Result<void>> Membership::State::exchange(wire::MemberId peer) {
  wire::ExchangeRoster question{own_ids(), presences.all()};
  if (question.presences.size() > wire::kPresencesMax) question.presences.resize(wire::kPresencesMax);
  comparisons[peer].exchanged = clock.now();
  const Result<wire::RosterDifference> difference = co_await wire::ask(network, peer, std::move(question));
  note(peer, difference);
  if (!difference) co_return difference.error_in("exchanging rosters");
  comparisons[peer].differs_since.reset();
  const Learned learned = take(difference->statements, difference->presences);
  if (learned.size() <= kNewsMax) pass_on(learned);
  if (difference->wanted.empty()) co_return Result<void>{};

  wire::PushStatements push = requested(difference->wanted);
  const Result<wire::Done> pushed = co_await wire::ask(network, peer, std::move(push));
  note(peer, pushed);
  if (!pushed) co_return pushed.error_in("exchanging rosters");
  co_return Result<void>{};
}

std::vector<wire::StatementId> Membership::State::own_ids() {
  std::vector<wire::StatementId> ids = roster.statement_ids();
  if (ids.size() <= wire::kStatementsMax) return ids;
  const std::uint64_t begin = random.below(ids.size());
  std::ranges::rotate(ids, ids.begin() + static_cast<std::ptrdiff_t>(begin));
  ids.resize(wire::kStatementsMax);
  return ids;
}

// The statements, and the presences of the machines among them: without the statement they were
// strangers' words.
wire::PushStatements Membership::State::requested(const std::vector<wire::StatementId>& wanted) const {
  wire::PushStatements push;
  for (const wire::StatementId& id : wanted) {
    if (push.statements.size() == wire::kStatementsMax) break;
    if (auto statement = roster.statement(id)) push.statements.push_back(std::move(*statement));
  }
  std::ranges::sort(push.statements, {}, &wire::Statement::kind);
  for (const wire::Statement& statement : push.statements) {
    const Result<Fact> fact = read_statement(statement);
    const auto* machine = fact ? std::get_if<MachineStatement>(&*fact) : nullptr;
    if (machine == nullptr) continue;
    const wire::MemberId member =
        member_id_of(roster.ring_id(), roster.invitation(machine->person)->position_seed, machine->machine);
    const wire::Presence* presence = presences.find(member);
    if (presence != nullptr) push.presences.push_back(*presence);
  }
  return push;
}

wire::RosterDifference Membership::answer(const wire::ExchangeRoster& request) {
  State& state = *state_;
  wire::RosterDifference difference;
  difference.presences = state.presences.newer_than(request.presences);
  if (difference.presences.size() > wire::kPresencesMax) difference.presences.resize(wire::kPresencesMax);
  for (wire::Statement& statement : roster_.missing_from(request.known)) {
    if (difference.statements.size() == wire::kStatementsMax) break;
    if (speaks_of(request.known, wire::id_of(statement)))
      difference.statements.push_back(std::move(statement));
  }
  for (const wire::StatementId& id : request.known) {
    if (difference.wanted.size() == wire::kStatementsMax) break;
    if (!roster_.contains(id)) difference.wanted.push_back(id);
  }
  const State::Learned learned = state.take({}, request.presences);
  if (learned.size() <= kNewsMax) state.pass_on(learned);
  return difference;
}

}  // namespace peerstore::membership
