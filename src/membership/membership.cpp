#include <peerstore/crypto/hash.hpp>
#include <peerstore/membership/membership.hpp>
#include <peerstore/runtime/check.hpp>

#include <utility>

#include "admission.hpp"
#include "membership_state.hpp"

namespace peerstore::membership {

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
}

void Membership::announce(wire::Presence presence) { learn({}, {std::move(presence)}); }

const wire::Presence* Membership::presence(const wire::MemberId& member) const {
  return state_->presences.find(member);
}

std::vector<wire::Presence> Membership::presences() const { return state_->presences.all(); }

void Membership::learn(const std::vector<wire::Statement>& statements,
                       const std::vector<wire::Presence>& presences) {
  state_->pass_on(state_->take(statements, presences));
}

std::uint64_t Membership::refused() const { return state_->refused; }

crypto::Hash Membership::digest() const { return state_->digest(); }

void Membership::compare(wire::MemberId peer, const crypto::Hash& theirs) { state_->compare(peer, theirs); }

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
  for (const wire::Presence& presence : given_presences) {
    const Presences::Verdict verdict = presences.add(roster, signatures, presence);
    if (verdict == Presences::Verdict::refused) ++refused;
    if (verdict != Presences::Verdict::newer) continue;
    learned.presences.push_back(presence.node.id);
    liveness.may_be_back(presence.node.id);
  }
  if (roster.digest() != digest_before) {
    // By index: a callback may add another.
    for (std::size_t i = 0; i < on_change.size(); ++i) on_change[i]();
  }
  return learned;
}

void Membership::State::pass_on(const Learned& learned) {
  if (!started || learned.size() == 0) return;
  news.statements.insert(news.statements.end(), learned.statements.begin(), learned.statements.end());
  news.presences.insert(learned.presences.begin(), learned.presences.end());
  has_news.notify_all();
}

void Membership::State::note_heard(const wire::MemberId& member) {
  liveness.heard_from(roster, member, clock.now());
}

void Membership::State::note_failed(const wire::MemberId& member) {
  liveness.failed(roster, member);
  comparisons.erase(member);
  somebody_is_away.notify_all();
}

crypto::Hash Membership::State::digest() const {
  return crypto::hash("membership digest", {roster.digest().view(), presences.digest().view()});
}

}  // namespace peerstore::membership
