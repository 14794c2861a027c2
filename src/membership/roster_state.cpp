#include "roster_state.hpp"

#include <algorithm>
#include <limits>

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
      Match{[](const PolicyStatement&) -> std::optional<wire::PersonNumber> { return std::nullopt; },
            [](const auto& about) -> std::optional<wire::PersonNumber> { return about.person; }},
      fact);
}

Roster::State::Judgement Roster::State::judge(const Key& root, const wire::StatementId& id, const Key& signer,
                                              const Fact& fact) const {
  static constexpr Judgement kCounts{};
  static constexpr Judgement kOutdated{Standing::outdated, {}};
  static constexpr Judgement kWaits{Standing::waits, {}};
  static constexpr Judgement kNotRoot{Standing::never, "only the ring's root may state this"};
  const auto about = person_of(fact);
  const Record* record = about ? find(*about) : nullptr;
  const bool by_root = signer == root;
  const bool by_person = record && record->person && record->person->fact.signing_key == signer;

  return std::visit(
      Match{[&](const PolicyStatement& claim) -> Judgement {
              if (!by_root) return kNotRoot;
              if (!policy) return kCounts;
              const bool newer = claim.version > policy->fact.version ||
                                 (claim.version == policy->fact.version && id < policy->id);
              return newer ? kCounts : kOutdated;
            },
            [&](const InvitationStatement&) -> Judgement {
              if (!by_root) return kNotRoot;
              if (!record || !record->invitation || id < record->invitation->id) return kCounts;
              return {Standing::never, "another invitation has this number"};
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
              if (claim.node_key < holder.node_key || claim.version > holder.version) return kCounts;
              return claim.version == holder.version && id < filed->second.id ? kCounts : kOutdated;
            },
            [&](const DepartureStatement& claim) -> Judgement {
              if (!by_person) return kWaits;
              return record->departures.contains(claim.machine) ? kOutdated : kCounts;
            },
            [&](const RevocationStatement& claim) -> Judgement {
              if (!by_root) return kNotRoot;
              return record && record->revocations.contains(claim.machine) ? kOutdated : kCounts;
            }},
      fact);
}

std::vector<wire::Statement> Roster::State::enter(const wire::RingId& ring, const wire::StatementId& id,
                                                  const wire::Statement& statement, const Fact& fact) {
  std::vector<wire::Statement> displaced;
  if (const auto* claim = std::get_if<PolicyStatement>(&fact)) {
    if (policy) forget(policy->id);
    policy = {id, *claim};
  } else {
    Record& record = records[*person_of(fact)];
    if (const auto* invitation = std::get_if<InvitationStatement>(&fact)) {
      if (record.invitation) forget(record.invitation->id);
      const bool other_token =
          record.invitation && record.invitation->fact.token_key != invitation->token_key;
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
      record.revocations.emplace(revocation->machine, id);
    }
    derive(ring, *person_of(fact));
  }
  statements.emplace(id, statement);
  digest.add(id.view());
  map.reset();
  return displaced;
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
    member.id = member_id_of(ring, invitation.position_seed, machine);
    member.person = number;
    member.machine = machine;
    member.name = filed.fact.name;
    member.node_key = filed.fact.node_key;
    member.writer_key = filed.fact.writer_key;
    member.bytes_given = filed.fact.bytes_given;
    member.gone = gone;
    const auto [entry, is_new] = members.try_emplace(member.id, member);
    if (!is_new) continue;  // the root gave one seed to two persons: the place stays with the first
    record.members.push_back(member.id);
    node_keys.emplace(member.node_key, member.id);
    if (invitation.bytes_quota == 0 && !member.gone) {
      const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - person.bytes_quota;
      person.bytes_quota += std::min(room, member.bytes_given);
    }
  }
  persons.emplace(number, std::move(person));
}

}  // namespace peerstore::membership
