#include "roster_state.hpp"

#include <algorithm>

namespace peerstore::membership {

namespace {

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Match(Cases...) -> Match<Cases...>;

using Key = crypto::SigningPublicKey;

}  // namespace

std::optional<wire::PersonNumber> person_of(const Fact& fact) {
  return std::visit(
      Match{[](const RootStatement&) -> std::optional<wire::PersonNumber> { return std::nullopt; },
            [](const PolicyStatement&) -> std::optional<wire::PersonNumber> { return std::nullopt; },
            [](const auto& about) -> std::optional<wire::PersonNumber> { return about.person; }},
      fact);
}

bool Roster::State::is_by_admin(const wire::StatementId& id, const Key& signer) const {
  return is_admin(root.record, signer) || std::ranges::binary_search(root.record.kept, id);
}

Roster::State::Judgement Roster::State::judge_root(const SignedRoot& claim) const {
  const std::uint32_t version = claim.record.version;
  if (version < root.record.version) return {Standing::outdated, {}};
  if (version > root.record.version + 1) return {Standing::waits, {}};
  const bool is_present = version == root.record.version;
  const RootStatement& before = is_present ? root_before : root.record;
  if (!is_signed_by_admins(before, claim)) return {Standing::waits, {}};
  const bool is_agreed = follows(before, claim);
  if (is_present) {
    return {is_agreed && replaces(before, root, claim) ? Standing::counts : Standing::outdated, {}};
  }
  if (is_agreed) return {};
  // A proposal, for others to sign.
  if (!is_admin(root.record, claim.signer)) return {Standing::waits, {}};
  const auto present = proposals.find(claim.signer);
  if (present == proposals.end() || is_better_proposal(present->second, claim)) return {};
  return {Standing::outdated, {}};
}

// What an admin stated and does not count now may count under the next root, so it waits.
Roster::State::Judgement Roster::State::judge(const wire::StatementId& id, const Key& signer,
                                              const Fact& fact) const {
  static constexpr Judgement kCounts{};
  static constexpr Judgement kOutdated{Standing::outdated, {}};
  static constexpr Judgement kWaits{Standing::waits, {}};
  const auto about = person_of(fact);
  const Record* record = about ? find(*about) : nullptr;
  const bool by_person = record && record->person && record->person->fact.signing_key == signer;

  return std::visit(
      Match{[&](const RootStatement& claim) -> Judgement { return judge_root({id, signer, claim}); },
            [&](const PolicyStatement& claim) -> Judgement {
              const std::vector<Key>& admins = root.record.admins;
              const std::size_t signed_by = signatures_among(admins, signer, claim.also);
              const bool is_agreed = signed_by == 1 + claim.also.size() && signed_by >= root.record.threshold;
              if (!is_agreed && !std::ranges::binary_search(root.record.kept, id)) return kWaits;
              if (!policy) return kCounts;
              const bool newer = claim.version > policy->fact.version ||
                                 (claim.version == policy->fact.version && id < policy->id);
              return newer ? kCounts : kWaits;
            },
            [&](const InvitationStatement&) -> Judgement {
              if (!is_by_admin(id, signer)) return kWaits;
              return !record || !record->invitation || id < record->invitation->id ? kCounts : kWaits;
            },
            [&](const PersonStatement&) -> Judgement {
              if (!record || !record->invitation || record->invitation->fact.token_key != signer)
                return kWaits;
              if (!record->person || id < record->person->id) return kCounts;
              return {Standing::never, "the invitation was used by another"};
            },
            [&](const MachineStatement& claim) -> Judgement {
              if (!by_person) return kWaits;
              const auto filed = record->machines.find(claim.machine);
              if (filed == record->machines.end()) return kCounts;
              const MachineStatement& holder = filed->second.fact;
              if (claim.node_key > holder.node_key) return {Standing::never, "the machine has another key"};
              if (claim.node_key < holder.node_key) return kCounts;
              // First what only ever grows: of two words said apart from each other none may bring back a key
              // that the other ended.
              const auto age = [](const MachineStatement& said) {
                return std::pair(said.former_writers.size(), said.version);
              };
              if (age(claim) != age(holder)) return age(claim) > age(holder) ? kCounts : kOutdated;
              return id < filed->second.id ? kCounts : kOutdated;
            },
            [&](const DepartureStatement& claim) -> Judgement {
              if (!by_person) return kWaits;
              return record->departures.contains(claim.machine) ? kOutdated : kCounts;
            },
            [&](const RevocationStatement& claim) -> Judgement {
              if (!is_by_admin(id, signer)) return kWaits;
              if (!record) return kCounts;
              const auto said = record->revocations.find(claim.machine);
              const bool is_known = said != record->revocations.end() && said->second.contains(signer);
              return is_known ? kOutdated : kCounts;
            }},
      fact);
}

std::vector<wire::Statement> Roster::State::enter(const wire::RingId& ring, const wire::StatementId& id,
                                                  const wire::Statement& statement, const Fact& fact) {
  std::vector<wire::Statement> displaced;
  if (const auto* claim = std::get_if<RootStatement>(&fact)) {
    enter_root({id, statement.signer, *claim});
  } else if (const auto* rules = std::get_if<PolicyStatement>(&fact)) {
    if (policy) displace(policy->id, displaced);
    policy = {id, *rules};
  } else {
    enter_about(id, statement, fact, displaced);
    derive(ring, *person_of(fact));
  }
  statements.emplace(id, statement);
  digest.add(id.view());
  map.reset();
  present_members.reset();
  return displaced;
}

void Roster::State::enter_root(const SignedRoot& claim) {
  const bool is_next = claim.record.version > root.record.version;
  if (is_next && !follows(root.record, claim)) {
    const auto present = proposals.find(claim.signer);
    if (present != proposals.end()) forget(present->second.id);
    proposals.insert_or_assign(claim.signer, claim);
    return;
  }
  const auto present = statements.find(root.id);
  if (is_next) {
    if (present != statements.end()) past_roots.push_back(present->second);
    root_before = root.record;
  }
  forget(root.id);
  root = claim;
  for (const auto& [proposer, proposal] : proposals) forget(proposal.id);
  proposals.clear();
}

Roster::State Roster::State::with_roots_alone() const {
  State bare(root);
  bare.root_before = root_before;
  bare.past_roots = past_roots;
  bare.proposals = proposals;
  for (const auto& [id, statement] : statements) {
    if (statement.kind != static_cast<std::uint8_t>(StatementKind::root)) continue;
    bare.statements.emplace(id, statement);
    bare.digest.add(id.view());
  }
  return bare;
}

std::vector<wire::Statement> Roster::State::all_but_roots() const {
  std::vector<wire::Statement> all;
  for (const auto& [id, statement] : statements) {
    if (statement.kind != static_cast<std::uint8_t>(StatementKind::root)) all.push_back(statement);
  }
  std::ranges::sort(all, {}, &wire::Statement::kind);
  return all;
}

void Roster::State::enter_about(const wire::StatementId& id, const wire::Statement& statement,
                                const Fact& fact, std::vector<wire::Statement>& displaced) {
  Record& record = records[*person_of(fact)];
  if (const auto* invitation = std::get_if<InvitationStatement>(&fact)) {
    if (record.invitation) displace(record.invitation->id, displaced);
    const bool other_token = record.invitation && record.invitation->fact.token_key != invitation->token_key;
    if (other_token && record.person) {
      displace(record.person->id, displaced);
      displace_what_the_person_signed(record, displaced);
      record.person.reset();
    }
    record.invitation = {id, *invitation};
  } else if (const auto* person = std::get_if<PersonStatement>(&fact)) {
    if (record.person) {
      forget(record.person->id);
      if (record.person->fact.signing_key != person->signing_key) {
        displace_what_the_person_signed(record, displaced);
      }
    }
    record.person = {id, *person};
  } else if (const auto* machine = std::get_if<MachineStatement>(&fact)) {
    const auto filed = record.machines.find(machine->machine);
    if (filed != record.machines.end()) forget(filed->second.id);
    record.machines.insert_or_assign(machine->machine, Filed<MachineStatement>{id, *machine});
  } else if (const auto* departure = std::get_if<DepartureStatement>(&fact)) {
    record.departures.emplace(departure->machine, id);
  } else if (const auto* revocation = std::get_if<RevocationStatement>(&fact)) {
    record.revocations[revocation->machine].emplace(statement.signer, id);
  }
}

void Roster::State::forget(const wire::StatementId& id) {
  if (statements.erase(id) != 0) digest.remove(id.view());
}

void Roster::State::displace(const wire::StatementId& id, std::vector<wire::Statement>& displaced) {
  displaced.push_back(statements.at(id));
  forget(id);
}

void Roster::State::displace_what_the_person_signed(Record& record, std::vector<wire::Statement>& displaced) {
  for (const auto& [number, filed] : record.machines) displace(filed.id, displaced);
  for (const auto& [machine, id] : record.departures) displace(id, displaced);
  record.machines.clear();
  record.departures.clear();
}

void Roster::State::derive(const wire::RingId& ring, wire::PersonNumber number) {
  Record& record = records[number];
  for (const wire::MemberId& id : record.members) {
    const auto found = members.find(id);
    node_keys.erase({found->second.node_key, id});
    members.erase(found);
  }
  record.members.clear();
  persons.erase(number);
  if (!record.invitation || !record.person) return;

  const InvitationStatement& invitation = record.invitation->fact;
  const PersonStatement& claim = record.person->fact;
  Person person;
  person.number = number;
  person.name = claim.name;
  person.colour = invitation.colour;
  person.signing_key = claim.signing_key;
  person.box_key = claim.box_key;
  person.purge_key = claim.purge_key;
  person.bytes_quota = invitation.bytes_quota;
  person.gone = record.is_ended(std::nullopt);
  std::size_t live = 0;
  for (const auto& [machine, filed] : record.machines) {
    const bool gone = person.gone || record.is_ended(machine);
    if (!gone && ++live > kMachinesPerPersonMax) continue;
    Member member;
    member.id = member_id_of(ring, invitation.position_seed, number, machine);
    member.person = number;
    member.machine = machine;
    member.name = filed.fact.name;
    member.node_key = filed.fact.node_key;
    member.writer_key = filed.fact.writer_key;
    member.former_writers = filed.fact.former_writers;
    member.bytes_given = filed.fact.bytes_given;
    member.gone = gone;
    members.emplace(member.id, member);
    record.members.push_back(member.id);
    node_keys.emplace(member.node_key, member.id);
    if (invitation.bytes_quota == 0 && !member.gone) {
      const std::uint64_t room = kUnfixedQuotaMax - person.bytes_quota;
      person.bytes_quota += std::min(room, member.bytes_given);
    }
  }
  persons.emplace(number, std::move(person));
}

}  // namespace peerstore::membership
