// Anti-entropy: two members tell each other what only one of them has (Demers et al., PODC 1987).
//
// A list of identifiers that fills a message speaks only of those between its first and its last,
// clockwise, and begins at a random one: rosters of any size agree after some exchanges.
#include <algorithm>
#include <utility>

#include "membership_state.hpp"

namespace peerstore::membership {

namespace {

// Exchanges that are under way at once: a node that comes back needs few, not one with everybody.
constexpr std::size_t kTasksMax = 64;
// Learned by an exchange, more than this is catching up with what others know: no news.
constexpr std::size_t kNewsMax = 64;
// Who was heard this short ago is live, whatever the others say.
constexpr Duration kLately = std::chrono::seconds(10);
// After a new life began whose neighbours follow theirs only.
constexpr Duration kAddressesAfter = std::chrono::minutes(5);
constexpr Duration kLookForTheUnheard = std::chrono::minutes(10);
// Whoever was not told where the others are thinks them away until it meets somebody.
constexpr std::size_t kCatchUpTries = 3;
constexpr Duration kCatchUpPause = std::chrono::milliseconds(250);  // all may have begun at once

bool speaks_of(const std::vector<wire::StatementId>& known, const wire::StatementId& id) {
  if (known.size() < wire::kStatementsMax) return true;
  const ring::Id first{known.front().bytes};
  const ring::Id last{known.back().bytes};
  const ring::Id point{id.bytes};
  return point == first || ring::in_half_open(first, point, last);
}

}  // namespace

// Marks that are missing say nothing.
bool Membership::State::differs_from(const wire::RosterMarks& theirs) const {
  const wire::RosterMarks own = marks();
  const bool in_presences = own.presences != 0 && theirs.presences != 0 && own.presences != theirs.presences;
  return theirs.statements != 0 && (own.statements != theirs.statements || in_presences);
}

void Membership::State::compare(const wire::MemberId& peer, const wire::RosterMarks& theirs) {
  if (peer == self || roster.find(peer) == nullptr) return;
  // One that comes into the ring learns from its successor first.
  if (is_of_another_day() || theirs.statements == 0) return;
  Comparison& comparison = comparisons[peer];
  if (!differs_from(theirs)) {
    comparison.met = true;
    comparison.differs_since.reset();
    return;
  }
  const TimePoint now = clock.now();
  if (comparison.exchanging || scope.running() >= kTasksMax) return;
  if (comparison.exchanged && now - *comparison.exchanged < options.exchange_pause) return;
  // One that is new, or back, is worth less waiting: it may be of the other part of a partition.
  const Duration settle = comparison.met ? options.settle : options.settle / 2;
  if (!comparison.differs_since) comparison.differs_since = now;
  if (now - *comparison.differs_since < settle) return;
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
  comparisons[peer].exchanged = clock.now();
  if (neighbours_only) co_return co_await exchange_statements(peer);
  const Result<wire::PresenceDifference> difference = co_await compare_presences(peer, false);
  if (!difference) co_return difference.error_in("exchanging presences");
  comparisons[peer].met = true;
  comparisons[peer].differs_since.reset();
  if (difference->roster == roster.digest()) co_return Result<void>{};
  co_return co_await exchange_statements(peer);
}

wire::ComparePresences Membership::State::compare_question(bool after_absence) {
  const std::uint64_t salt = random.next();
  const std::size_t parts = Presences::parts_for(roster.members().size(), after_absence);
  return {roster.digest(), salt, presences.sums(parts, salt)};
}

Task<Result<wire::PresenceDifference>> Membership::State::compare_presences(wire::MemberId peer,
                                                                            bool trusting) {
  const wire::ComparePresences question = compare_question(trusting);
  Result<wire::PresenceDifference> difference = co_await wire::ask(network, peer, question);
  note(peer, difference);
  if (!difference) co_return difference;
  const bool is_told_nothing =
      difference->presences.empty() && difference->absences.empty() && !presences.stands(peer);
  if (trusting && is_told_nothing) co_return fail(Errc::busy, "it is catching up itself");
  if (std::exchange(is_behind, false) && !is_client()) scope.spawn(note_the_unheard());
  wire::PushStatements back = presences.lacking(*difference, question.sums.size());
  const std::vector<wire::Absence> outlived = presences.outlived(*difference, question.sums.size(), self);
  Learned learned = take({}, difference->presences);
  if (trusting) {
    // And what it knows itself, is of another day: those who forgot the dead would take it for news.
    (void)believe(difference->absences);
    (void)believe(outlived);
    co_return difference;
  }
  if (is_client()) {
    // It asks those who are away last, and tells nobody anything.
    (void)believe(difference->absences);
    co_return difference;
  }
  doubt(difference->absences);
  if (learned.size() <= kNewsMax) pass_on(learned);
  if (back.presences.empty() && back.absences.empty()) co_return difference;
  // Little is news, and for the whole ring; much is what a partition has kept apart.
  const bool is_news = back.absences.empty() && back.presences.size() <= kNewsMax;
  if (is_news) back.until = peer;
  const Result<wire::Done> pushed = co_await wire::ask(network, peer, std::move(back));
  note(peer, pushed);
  co_return difference;
}

// After a start nobody is known to be away. But of whom the ring knows no word that stands, and who did
// not speak to this one, is.
Task<void> Membership::State::note_the_unheard() {
  // When what the exchange brings has been taken in.
  co_await clock.sleep(Duration::zero());
  for (const auto& [id, member] : roster.members()) {
    const bool heard_lately = liveness.last_heard(id) && clock.now() - *liveness.last_heard(id) < kLately;
    if (!presences.stands(id) && !heard_lately) liveness.failed(roster, id);
  }
  somebody_is_away.notify_all();
}

// Whoever spoke here before it was known elsewhere, and went away before anybody else could miss it, would
// be thought live for ever.
Task<void> Membership::State::look_for_the_unheard() {
  for (;;) {
    co_await clock.sleep(random.jitter(kLookForTheUnheard));
    if (!neighbours_only && !is_of_another_day() && !is_behind) co_await note_the_unheard();
  }
}

Task<void> Membership::State::catch_up(wire::MemberId successor) {
  comparisons[successor] = {};
  comparisons[successor].met = true;
  comparisons[successor].exchanged = clock.now();
  const wire::Presence* own = presences.find(self);
  if (own != nullptr) {
    wire::PushStatements word;
    word.presences.push_back(*own);
    if (!neighbours_only) word.until = successor;
    scope.spawn(tell(successor, std::move(word)));
  }
  if (neighbours_only) {
    // Neighbours compare their statements when they meet.
    entering = is_behind = false;
    if (!std::exchange(learning_addresses, true)) scope.spawn(learn_addresses());
    co_return;
  }
  const std::uint64_t life = ++lives_entered;
  wire::MemberId peer = successor;
  Result<wire::PresenceDifference> difference = co_await compare_presences(peer, true);
  for (std::size_t tries = 1; !difference && tries < kCatchUpTries; ++tries) {
    co_await clock.sleep(kCatchUpPause);
    const std::optional<wire::MemberId> other = liveness.next_live(roster, peer);
    if (life != lives_entered || !other) break;
    peer = *other;
    difference = co_await compare_presences(peer, true);
  }
  if (life != lives_entered) co_return;  // it came anew into the ring meanwhile, and asks anew
  entering = false;
  if (!difference) co_return;
  if (difference->roster != roster.digest()) (void)co_await exchange_statements(peer);
}

// Where the others are, as far as a neighbour knows: chunks go to all of them. A life that ends before cost
// the ring nothing for it.
Task<void> Membership::State::learn_addresses() {
  co_await clock.sleep(random.jitter(kAddressesAfter));
  learning_addresses = false;
  const std::optional<wire::MemberId> peer = liveness.next_live(roster, self);
  if (!peer || !neighbours_only || is_of_another_day()) co_return;
  const wire::ComparePresences question = compare_question(true);
  const Result<wire::PresenceDifference> difference = co_await wire::ask(network, *peer, question);
  note(*peer, difference);
  if (difference) (void)take({}, difference->presences);
}

void Membership::State::doubt(const std::vector<wire::Absence>& absences) {
  std::vector<wire::Absence> believable;
  for (const wire::Absence& absence : absences) {
    if (absence.node.id == self || !presences.is_contradicted_by(absence)) {
      believable.push_back(absence);
    } else if (scope.running() < kTasksMax) {
      scope.spawn(confront(absence));
    }
  }
  (void)believe(believable);
}

Task<void> Membership::State::confront(wire::Absence absence) {
  wire::PushStatements rumour;
  rumour.absences.push_back(absence);
  rumour.until = absence.node.id;
  const Result<wire::Done> denied = co_await wire::ask(network, absence.node.id, std::move(rumour));
  note(absence.node.id, denied);
  if (is_silence(denied)) (void)believe({absence});
}

Task<Result<void>> Membership::State::exchange_statements(wire::MemberId peer) {
  wire::ExchangeRoster question{own_ids(), {}};
  const Result<wire::RosterDifference> difference = co_await wire::ask(network, peer, std::move(question));
  note(peer, difference);
  if (!difference) co_return difference.error_in("exchanging rosters");
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
  // Whoever lacks the present root may lack those that lead to it.
  if (std::ranges::find(wanted, roster.root_id()) != wanted.end()) {
    push.statements.insert(push.statements.begin(), roster.past_roots().begin(), roster.past_roots().end());
  }
  push.presences = presences_of(push.statements);
  return push;
}

std::vector<wire::Presence> Membership::State::presences_of(
    const std::vector<wire::Statement>& statements) const {
  std::vector<wire::Presence> found;
  for (const wire::Statement& statement : statements) {
    const Result<Fact> fact = read_statement(statement);
    const auto* machine = fact ? std::get_if<MachineStatement>(&*fact) : nullptr;
    if (machine == nullptr) continue;
    const wire::MemberId member =
        member_id_of(roster.ring_id(), roster.invitation(machine->person)->position_seed, machine->person,
                     machine->machine);
    const wire::Presence* presence = presences.find(member);
    if (presence != nullptr) found.push_back(*presence);
  }
  return found;
}

wire::RosterDifference Membership::answer(const wire::ExchangeRoster& request) {
  State& state = *state_;
  wire::RosterDifference difference;
  for (wire::Statement& statement : roster_.missing_from(request.known)) {
    if (difference.statements.size() == wire::kStatementsMax) break;
    // Roots are told whole: each leads to the next.
    const bool is_root = statement.kind == static_cast<std::uint8_t>(StatementKind::root);
    if (is_root || speaks_of(request.known, wire::id_of(statement)))
      difference.statements.push_back(std::move(statement));
  }
  difference.presences = state.presences_of(difference.statements);
  for (const wire::StatementId& id : request.known) {
    if (difference.wanted.size() == wire::kStatementsMax) break;
    if (!roster_.contains(id)) difference.wanted.push_back(id);
  }
  const State::Learned learned = state.take({}, request.presences);
  if (learned.size() <= kNewsMax) state.pass_on(learned);
  return difference;
}

wire::PresenceDifference Membership::answer(const wire::ComparePresences& request, bool is_client) const {
  wire::PresenceDifference difference;
  if (!state_->is_of_another_day()) difference = state_->presences.difference(request, is_client);
  difference.roster = roster_.digest();
  return difference;
}

}  // namespace peerstore::membership
