#include <peerstore/crypto/hash.hpp>
#include <peerstore/membership/membership.hpp>
#include <peerstore/membership/refusal.hpp>
#include <peerstore/runtime/check.hpp>

#include <utility>

#include "admission.hpp"
#include "membership_state.hpp"

namespace peerstore::membership {

namespace {
constexpr std::size_t kWordsOfStrangersMax = 64;
}

Membership::Membership(Clock& clock, Random& random, crypto::Signatures& signatures, wire::Network& network,
                       Roster roster, wire::MemberId self, Options options)
    : roster_(std::move(roster)),
      state_(std::make_unique<State>(clock, random, signatures, network, roster_, self, options)) {}

Membership::~Membership() = default;

void Membership::on_change(std::function<void()> callback) {
  state_->on_change.push_back(std::move(callback));
}

void Membership::start() {
  CHECK(!state_->started);
  state_->started = true;
  state_->scope.spawn(state_->spread());
  state_->scope.spawn(state_->ask_those_away());
  if (!state_->is_client()) state_->scope.spawn(state_->look_for_the_unheard());
}

void Membership::announce(wire::Presence presence) { state_->pass_on(state_->take_own(std::move(presence))); }
void Membership::announce_now(wire::Presence presence) {
  State& state = *state_;
  const State::Learned learned = state.take_own(std::move(presence));
  if (state.started) state.tell_ring(state.contents_of(learned), state.self);
}
void Membership::set_presence(wire::Presence presence) { (void)state_->take_own(std::move(presence)); }
void Membership::on_denial(std::function<void(std::uint64_t)> callback) {
  state_->on_denial = std::move(callback);
}
void Membership::on_return(std::function<void(const wire::MemberId&)> callback) {
  state_->on_return = std::move(callback);
}
void Membership::on_stale(std::function<bool()> is_stale) { state_->is_stale = std::move(is_stale); }
void Membership::follow_neighbours_only(bool neighbours_only) {
  state_->neighbours_only = neighbours_only;
  if (neighbours_only) state_->news.presences.clear();
}
void Membership::tell(const std::vector<wire::MemberId>& members) {
  const wire::Presence* own = state_->presences.find(state_->self);
  if (own == nullptr) return;
  for (const wire::MemberId& member : members) {
    wire::PushStatements word;
    word.presences.push_back(*own);
    state_->scope.spawn(state_->tell(member, std::move(word)));
  }
}
std::uint64_t Membership::departures() const { return state_->departures; }
void Membership::enter(wire::MemberId successor) {
  state_->entering = true;
  state_->is_behind = true;
  state_->scope.spawn(state_->catch_up(successor));
}

bool Membership::is_catching_up() const { return state_->is_of_another_day(); }

const wire::Presence* Membership::presence(const wire::MemberId& member) const {
  return state_->presences.find(member);
}

std::vector<wire::Presence> Membership::presences() const { return state_->presences.all(); }

void Membership::learn(const std::vector<wire::Statement>& statements,
                       const std::vector<wire::Presence>& presences) {
  state_->pass_on(state_->take(statements, presences));
}

void Membership::hear(wire::PushStatements news) {
  State& state = *state_;
  State::Learned learned = state.take(news.statements, news.presences);
  if (!news.until) {
    state.doubt(news.absences);
    return;
  }
  learned.absences = state.believe(news.absences);
  state.departures += learned.absences.size();
  if (state.started && learned.size() > 0) state.tell_ring(state.contents_of(learned), *news.until);
}

void Membership::lost(const wire::MemberId& member) {
  State& state = *state_;
  state.note_failed(member);
  const std::optional<wire::Absence> absence = state.presences.absence_of(member);
  if (!absence) return;
  const bool is_news = state.presences.end(*absence);
  const bool was_contested = state.contested.erase(member) > 0;
  if (!is_news && !was_contested) return;
  if (is_news) ++state.departures;
  wire::PushStatements news;
  news.absences.push_back(*absence);
  if (state.started) state.tell_ring(std::move(news), state.self);
}

std::uint64_t Membership::refused() const { return state_->refused; }

crypto::Hash Membership::digest() const {
  return state_->is_of_another_day() ? crypto::Hash{} : state_->digest();
}

wire::RosterMarks Membership::marks() const {
  return state_->is_of_another_day() ? wire::RosterMarks{} : state_->marks();
}

void Membership::compare(wire::MemberId peer, const wire::RosterMarks& theirs) {
  state_->compare(peer, theirs);
}

Task<Result<void>> Membership::exchange(wire::MemberId peer) { return state_->exchange(peer); }

Result<wire::Welcome> Membership::admit(const wire::Join& request, WallTime now) {
  const Result<Claim> claim = check_claim(state_->signatures, roster_, request, now);
  if (!claim) return claim.error();
  learn({claim->person, claim->machine}, {});
  wire::Welcome welcome{roster_.statements(), state_->presences.all()};
  // Of a roster too large for one message the joiner gets the rest by exchange, but its own now.
  if (welcome.statements.size() > wire::kStatementsMax) {
    const std::vector<wire::Statement> own = roster_.proof_of(claim->member);
    welcome.statements.resize(wire::kStatementsMax - own.size());
    welcome.statements.insert(welcome.statements.end(), own.begin(), own.end());
  }
  if (welcome.presences.size() > wire::kPresencesMax) welcome.presences.resize(wire::kPresencesMax);
  return welcome;
}

Result<placement::Machine> Membership::would_admit(const wire::PreviewJoin& request, WallTime now) const {
  const Result<Claim> claim = check_claim(state_->signatures, roster_, wire::Join{request.statements}, now);
  if (!claim) return claim.error();
  const Result<Fact> person = read_statement(claim->person);
  if (!person) return person.error();
  const wire::PersonNumber number = std::get<PersonStatement>(*person).person;
  // Whoever is in by this invitation, under whatever machine, could ask for ever.
  const auto holder = roster_.persons().find(number);
  if (holder != roster_.persons().end()) {
    return fail(Errc::refused, std::string(words_of(Refusal::used)) + ", by " + holder->second.name);
  }
  return placement::Machine{claim->member, number, roster_.invitation(number)->colour, claim->bytes_given};
}

void Membership::heard_from(const wire::MemberId& member) { state_->note_heard(member); }
void Membership::failed(const wire::MemberId& member) { state_->note_failed(member); }

bool Membership::is_live(const wire::MemberId& member) const {
  return state_->liveness.is_live(roster_, member);
}

std::optional<TimePoint> Membership::last_heard(const wire::MemberId& member) const {
  return state_->liveness.last_heard(member);
}

std::vector<wire::MemberId> Membership::live_members() const { return live(); }

const std::vector<wire::MemberId>& Membership::live() const { return state_->liveness.live(roster_); }

// ---- state ----

Membership::State::Learned Membership::State::take(const std::vector<wire::Statement>& statements,
                                                   const std::vector<wire::Presence>& given_presences) {
  Learned learned;
  const std::size_t size_before = roster.size();
  const crypto::Hash digest_before = roster.digest();
  Roster::Added added = roster.add_all(statements);
  refused += added.refused;
  learned.statements = std::move(added.counted);
  // Nothing was ended or displaced by what only made the roster longer.
  const bool only_longer = roster.size() - size_before == learned.statements.size();
  if (roster.digest() != digest_before) {
    bool ends_something = !only_longer;
    for (const wire::Statement& statement : statements) {
      ends_something |= statement.kind >= static_cast<std::uint8_t>(StatementKind::departure);
    }
    if (ends_something) presences.drop_strangers(roster);
  }
  std::vector<wire::Presence> words = no_longer_strangers();
  words.insert(words.end(), given_presences.begin(), given_presences.end());
  for (const wire::Presence& presence : words) {
    const Presences::Verdict verdict = presences.add(roster, signatures, presence);
    if (verdict == Presences::Verdict::refused) ++refused;
    if (verdict == Presences::Verdict::of_a_stranger) wait_for_statements(presence);
    const bool is_contested = verdict == Presences::Verdict::outdated && presences.contests(presence);
    if (is_contested) {
      // Somebody takes a word for news that was ended here. Who should be its predecessor finds out.
      contested.insert(presence.node.id);
      if (on_return) on_return(presence.node.id);
    }
    if (verdict != Presences::Verdict::newer) continue;
    learned.presences.push_back(presence.node.id);
    if (!presences.stands(presence.node.id)) continue;
    if (presence.node.id == self) {
      if (on_denial && presence.node.incarnation > own_life) on_denial(presence.node.incarnation);
      continue;
    }
    liveness.may_be_back(presence.node.id);
    if (on_return) on_return(presence.node.id);
  }
  if (roster.digest() != digest_before) {
    // By index: a callback may add another.
    for (std::size_t i = 0; i < on_change.size(); ++i) on_change[i]();
  }
  return learned;
}

void Membership::State::wait_for_statements(const wire::Presence& presence) {
  of_strangers.push_back(presence);
  if (of_strangers.size() > kWordsOfStrangersMax) of_strangers.pop_front();
}

std::vector<wire::Presence> Membership::State::no_longer_strangers() {
  std::vector<wire::Presence> known;
  std::erase_if(of_strangers, [&](const wire::Presence& presence) {
    const bool is_known = roster.find(presence.node.id) != nullptr;
    if (is_known) known.push_back(presence);
    return is_known;
  });
  return known;
}

Membership::State::Learned Membership::State::take_own(wire::Presence presence) {
  own_life = presence.node.incarnation;
  return take({}, {std::move(presence)});
}

std::vector<wire::Absence> Membership::State::believe(const std::vector<wire::Absence>& absences) {
  std::vector<wire::Absence> believed;
  std::optional<std::uint64_t> about_self;
  for (const wire::Absence& absence : absences) {
    if (absence.node.id == self) {
      const std::optional<wire::Absence> own = presences.absence_of(self);
      const bool denies = own && age_of(absence) >= age_of(*own);
      if (denies) about_self = std::max(about_self.value_or(0), absence.node.incarnation);
      continue;
    }
    if (presences.end(absence)) believed.push_back(absence);
    if (!presences.stands(absence.node.id)) liveness.failed(roster, absence.node.id);
  }
  if (about_self && on_denial) on_denial(*about_self);
  return believed;
}

void Membership::State::pass_on(const Learned& learned) {
  if (!started || learned.size() == 0) return;
  news.statements.insert(news.statements.end(), learned.statements.begin(), learned.statements.end());
  if (!neighbours_only) news.presences.insert(learned.presences.begin(), learned.presences.end());
  has_news.notify_all();
}

bool Membership::State::is_of_another_day() const { return entering || (is_stale && is_stale()); }

void Membership::State::note_heard(const wire::MemberId& member) {
  const bool was_live = liveness.is_live(roster, member);
  liveness.heard_from(roster, member, clock.now());
  if (!was_live && on_return && liveness.is_live(roster, member)) on_return(member);
}

void Membership::State::note_failed(const wire::MemberId& member) {
  liveness.failed(roster, member);
  comparisons.erase(member);
  somebody_is_away.notify_all();
}

wire::RosterMarks Membership::State::marks() const {
  return {wire::mark_of(roster.digest()), neighbours_only ? 0 : wire::mark_of(presences.digest())};
}

crypto::Hash Membership::State::digest() const {
  return crypto::hash("membership digest", {roster.digest().view(), presences.digest().view()});
}

}  // namespace peerstore::membership
