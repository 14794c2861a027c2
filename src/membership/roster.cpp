#include <peerstore/membership/roster.hpp>
#include <peerstore/wire/messages.hpp>

#include "roster_state.hpp"
#include "shared_states.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_set>

namespace peerstore::membership {

namespace {
// As many as one message can bring, in whatever order.
constexpr std::size_t kWaitingMax = wire::kStatementsMax;

wire::StatementId id_of_statement(const wire::Statement& statement) { return wire::id_of(statement); }

bool is_too_long(const wire::Statement& statement) {
  return statement.body.size() > wire::kStatementBytesMax;
}
}  // namespace

Roster::Roster(crypto::Signatures& signatures, crypto::SigningPublicKey root)
    : signatures_(&signatures),
      root_(root),
      ring_id_(ring_id_of(root)),
      state_(std::make_shared<State>(first_root(root))) {}

Result<bool> Roster::add(const wire::Statement& statement) {
  if (is_too_long(statement)) return fail(Errc::invalid, "a statement that is too long");
  return add(statement, wire::id_of(statement));
}

Result<bool> Roster::add(const wire::Statement& statement, const wire::StatementId& id) {
  if (contains(id)) return false;
  Result<Fact> fact = read_statement(statement);
  if (!fact) return fact.error();
  const State::Judgement judgement = state_->judge(id, statement.signer, *fact);
  if (judgement.standing == State::Standing::never) return fail(Errc::refused, std::string(judgement.why));
  if (judgement.standing == State::Standing::outdated) return false;
  if (!is_signed(*signatures_, ring_id_, statement, *fact)) {
    return fail(Errc::refused, "a statement that was not signed by its signer for this ring");
  }
  Entry entry{id, statement, std::move(*fact)};
  if (judgement.standing == State::Standing::waits) {
    wait(std::move(entry));
    return false;
  }
  enter(entry);
  return true;
}

Roster::Added Roster::add_all(const std::vector<wire::Statement>& statements) {
  Added added;
  std::vector<std::pair<wire::StatementId, const wire::Statement*>> fresh;
  for (const wire::Statement& statement : statements) {
    if (is_too_long(statement)) {
      ++added.refused;
      continue;
    }
    const wire::StatementId id = wire::id_of(statement);
    if (!contains(id)) fresh.emplace_back(id, &statement);
  }
  if (fresh.empty()) return added;

  // Whoever waits here may have a say in what comes of the batch.
  const bool is_alone = waiting_.empty();
  SharedStates& shared = SharedStates::local();
  const crypto::Hash step = is_alone ? shared.name_of_step(*this, fresh) : crypto::Hash{};
  std::optional<SharedStates::Outcome> outcome = is_alone ? shared.find(step) : std::nullopt;
  if (is_alone && !outcome) outcome = shared.find_union(*this, fresh);
  if (outcome) {
    state_ = outcome->state;
    added.refused += outcome->refused;
  } else {
    const crypto::Hash before = digest();
    std::size_t refused = 0;
    for (const auto& [id, statement] : fresh) refused += add(*statement, id) ? 0 : 1;
    added.refused += refused;
    if (is_alone && waiting_.empty() && digest() != before) state_ = shared.keep(*this, step, refused);
  }
  std::unordered_set<wire::StatementId, FixedBytesHash> counted;
  for (const auto& [id, statement] : fresh) {
    if (contains(id) && counted.insert(id).second) added.counted.push_back(id);
  }
  return added;
}

void Roster::wait(Entry entry) {
  const auto same = [&entry](const Entry& other) { return other.id == entry.id; };
  if (std::ranges::any_of(waiting_, same)) return;
  if (waiting_.size() == kWaitingMax) waiting_.pop_front();
  waiting_.push_back(std::move(entry));
}

void Roster::enter(const Entry& entry) {
  // Others who share it keep what they have.
  if (state_.use_count() > 1 || state_->is_shared) {
    state_ = std::make_shared<State>(*state_);
    state_->is_shared = false;
  }
  const wire::StatementId id_of_root = state_->root.id;
  for (wire::Statement& displaced : state_->enter(ring_id_, entry.id, entry.statement, entry.fact)) {
    // A lower statement by the same key may bring it back.
    Fact fact = read_statement(displaced).value();
    wait({wire::id_of(displaced), std::move(displaced), std::move(fact)});
  }
  if (id_of_root != state_->root.id) {
    judge_all_again();
    return;
  }
  const bool others_may_rest_on_it = std::holds_alternative<InvitationStatement>(entry.fact) ||
                                     std::holds_alternative<PersonStatement>(entry.fact);
  if (others_may_rest_on_it && !waiting_.empty()) admit_waiting(*person_of(entry.fact));
}

// There are other admins now: what they may have said counts, and what others said counts no more.
void Roster::judge_all_again() {
  std::vector<Entry> entries;
  for (const wire::Statement& statement : state_->all_but_roots()) {
    entries.push_back({wire::id_of(statement), statement, read_statement(statement).value()});
  }
  for (Entry& entry : waiting_) entries.push_back(std::move(entry));
  std::ranges::sort(entries, {},
                    [](const Entry& entry) { return std::tuple(entry.statement.kind, entry.id); });
  waiting_.clear();
  state_ = std::make_shared<State>(state_->with_roots_alone());
  for (Entry& entry : entries) {
    const State::Judgement judgement = state_->judge(entry.id, entry.statement.signer, entry.fact);
    if (judgement.standing == State::Standing::counts) {
      enter(entry);
    } else if (judgement.standing == State::Standing::waits) {
      wait(std::move(entry));
    }
  }
}

void Roster::admit_waiting(wire::PersonNumber person) {
  for (std::size_t i = 0; i < waiting_.size();) {
    const State::Judgement judgement =
        person_of(waiting_[i].fact) == person
            ? state_->judge(waiting_[i].id, waiting_[i].statement.signer, waiting_[i].fact)
            : State::Judgement{State::Standing::waits, {}};
    if (judgement.standing == State::Standing::waits) {
      ++i;
      continue;
    }
    const Entry entry = std::move(waiting_[i]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    if (judgement.standing != State::Standing::counts) continue;
    enter(entry);
    i = 0;  // the line has moved, and more may count now
  }
}

std::string Roster::ring_name() const {
  return state_->policy ? state_->policy->fact.ring_name : std::string();
}

placement::Policy Roster::policy() const {
  return state_->policy ? state_->policy->fact.policy : placement::Policy{};
}

const RootStatement& Roster::root_record() const { return state_->root.record; }
const wire::StatementId& Roster::root_id() const { return state_->root.id; }
const std::vector<wire::Statement>& Roster::past_roots() const { return state_->past_roots; }

std::vector<wire::Statement> Roster::proposals() const {
  std::vector<wire::Statement> proposals;
  for (const auto& [proposer, proposal] : state_->proposals) {
    proposals.push_back(state_->statements.at(proposal.id));
  }
  return proposals;
}

const std::map<wire::MemberId, Member>& Roster::members() const { return state_->members; }
const std::map<wire::PersonNumber, Person>& Roster::persons() const { return state_->persons; }

const std::vector<wire::MemberId>& Roster::present() const {
  if (!state_->present_members) {
    std::vector<wire::MemberId> present;
    for (const auto& [id, member] : state_->members) {
      if (!member.gone) present.push_back(id);
    }
    state_->present_members = std::make_shared<const std::vector<wire::MemberId>>(std::move(present));
  }
  return *state_->present_members;
}

const Member* Roster::find(const wire::MemberId& id) const {
  const auto found = state_->members.find(id);
  return found == state_->members.end() ? nullptr : &found->second;
}

bool Roster::has_others(const wire::MemberId& self) const {
  return std::ranges::any_of(members(),
                             [&](const auto& entry) { return !entry.second.gone && entry.first != self; });
}

const Member* Roster::find_by_node_key(const crypto::SigningPublicKey& key) const {
  const Member* found = nullptr;
  for (auto at = state_->node_keys.lower_bound({key, {}}); at != state_->node_keys.end() && at->first == key;
       ++at) {
    const Member* member = find(at->second);
    if (!member->gone) return member;
    if (found == nullptr) found = member;
  }
  return found;
}

const InvitationStatement* Roster::invitation(wire::PersonNumber person) const {
  const State::Record* record = state_->find(person);
  return record && record->invitation ? &record->invitation->fact : nullptr;
}

bool Roster::is_revoked(wire::PersonNumber person) const {
  const State::Record* record = state_->find(person);
  return record && record->revocations.contains(std::nullopt);
}

std::vector<InvitationStatement> Roster::invitations() const {
  std::vector<InvitationStatement> all;
  for (const auto& [number, record] : state_->records) {
    if (record.invitation) all.push_back(record.invitation->fact);
  }
  return all;
}

std::vector<InvitationStatement> Roster::open_invitations() const {
  std::vector<InvitationStatement> open;
  for (const auto& [number, record] : state_->records) {
    if (record.invitation && !record.person && !record.is_ended(std::nullopt)) {
      open.push_back(record.invitation->fact);
    }
  }
  return open;
}

wire::PersonNumber Roster::next_person() const {
  return state_->records.empty() ? 0 : state_->records.rbegin()->first + 1;
}

std::uint8_t Roster::least_used_colour(std::int64_t now) const {
  std::array<std::size_t, wire::kClasses> used{};
  for (const auto& [number, record] : state_->records) {
    if (!record.invitation || record.is_ended(std::nullopt)) continue;
    const InvitationStatement& invitation = record.invitation->fact;
    const bool is_expired = invitation.expires_at != 0 && invitation.expires_at <= now;
    const bool has_machine = std::ranges::any_of(
        record.members, [this](const wire::MemberId& id) { return !state_->members.at(id).gone; });
    if (record.person ? has_machine : !is_expired) ++used[invitation.colour];
  }
  return static_cast<std::uint8_t>(std::ranges::min_element(used) - used.begin());
}

std::shared_ptr<const placement::Map> Roster::map() const {
  if (state_->map) return state_->map;
  std::vector<placement::Machine> machines;
  for (const auto& [id, member] : state_->members) {
    if (member.gone) continue;
    machines.push_back({id, member.person, state_->persons.at(member.person).colour, member.bytes_given});
  }
  state_->map = std::make_shared<const placement::Map>(policy(), std::move(machines));
  return state_->map;
}

crypto::Hash Roster::digest() const { return state_->digest.value(); }

std::vector<wire::StatementId> Roster::statement_ids() const {
  std::vector<wire::StatementId> ids;
  ids.reserve(state_->statements.size());
  for (const auto& [id, statement] : state_->statements) ids.push_back(id);
  return ids;
}

std::vector<wire::Statement> Roster::statements() const { return missing_from({}); }

std::vector<wire::Statement> Roster::missing_from(std::span<const wire::StatementId> known) const {
  const std::unordered_set<wire::StatementId, FixedBytesHash> has(known.begin(), known.end());
  std::map<std::uint8_t, std::vector<const wire::Statement*>> by_kind;
  for (const auto& [id, statement] : state_->statements) {
    if (!has.contains(id)) by_kind[statement.kind].push_back(&statement);
  }
  std::vector<wire::Statement> missing;
  if (state_->statements.contains(root_id()) && !has.contains(root_id())) missing = state_->past_roots;
  for (const auto& [kind, statements] : by_kind) {
    for (const wire::Statement* statement : statements) missing.push_back(*statement);
  }
  return missing;
}

std::optional<wire::Statement> Roster::statement(const wire::StatementId& id) const {
  const auto found = state_->statements.find(id);
  if (found != state_->statements.end()) return found->second;
  const auto past = std::ranges::find(state_->past_roots, id, id_of_statement);
  if (past == state_->past_roots.end()) return std::nullopt;
  return *past;
}

bool Roster::contains(const wire::StatementId& id) const {
  return state_->statements.contains(id) ||
         std::ranges::find(state_->past_roots, id, id_of_statement) != state_->past_roots.end();
}

std::size_t Roster::size() const { return state_->statements.size(); }

std::optional<MachineStatement> Roster::machine_statement(const wire::MemberId& id) const {
  const Member* member = find(id);
  if (member == nullptr) return std::nullopt;
  return state_->find(member->person)->machines.at(member->machine).fact;
}

std::vector<wire::Statement> Roster::proof_of(const wire::MemberId& id) const {
  const Member* member = find(id);
  if (member == nullptr) return {};
  const State::Record& record = *state_->find(member->person);
  return {state_->statements.at(record.invitation->id), state_->statements.at(record.person->id),
          state_->statements.at(record.machines.at(member->machine).id)};
}

}  // namespace peerstore::membership
