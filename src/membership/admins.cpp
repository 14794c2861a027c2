#include <peerstore/membership/admins.hpp>

#include "root_chain.hpp"

#include <algorithm>

namespace peerstore::membership {

namespace {

using Key = crypto::SigningPublicKey;

// Does this statement count by who its admins are, so that it falls with them? Nothing if it does not.
std::optional<bool> stands_under(const RootStatement& next, const Roster& roster,
                                 const wire::Statement& statement) {
  const Fact fact = read_statement(statement).value();
  if (const auto* policy = std::get_if<PolicyStatement>(&fact)) {
    return signatures_among(next.admins, statement.signer, policy->also) >= next.threshold;
  }
  const auto* invitation = std::get_if<InvitationStatement>(&fact);
  const auto* revocation = std::get_if<RevocationStatement>(&fact);
  if (invitation == nullptr && revocation == nullptr) return std::nullopt;
  const wire::PersonNumber person = invitation != nullptr ? invitation->person : revocation->person;
  // An invitation that was withdrawn unused: it may fall, and its end with it.
  if (roster.is_revoked(person) && !roster.persons().contains(person)) return std::nullopt;
  return is_admin(next, statement.signer);
}

}  // namespace

std::optional<crypto::SigningKeyPair> admin_keys(crypto::Signatures& signatures, const Roster& roster,
                                                 const Identity& identity) {
  const RootStatement& root = roster.root_record();
  if (identity.root_secret && is_admin(root, identity.root_key)) {
    return signatures.key_pair_from(*identity.root_secret);
  }
  const crypto::SigningKeyPair person = signatures.key_pair_from(identity.person_secret);
  if (is_admin(root, person.public_key)) return person;
  return std::nullopt;
}

Key admin_key_of(const Roster& roster, const Person& person) {
  const bool is_founder = person.number == 0;
  return is_founder ? roster.root() : person.signing_key;
}

const Person* person_of_admin(const Roster& roster, const Key& key) {
  for (const auto& [number, person] : roster.persons()) {
    if (admin_key_of(roster, person) == key) return &person;
  }
  return nullptr;
}

Result<wire::Statement> propose_root(crypto::Signatures& signatures, const Roster& roster,
                                     const crypto::SigningKeyPair& proposer, std::vector<Key> admins,
                                     unsigned threshold) {
  std::ranges::sort(admins);
  const auto twice = std::ranges::unique(admins);
  admins.erase(twice.begin(), twice.end());
  if (admins.empty()) return fail(Errc::invalid, "a ring needs at least one admin");
  if (admins.size() > kAdminsMax) {
    return fail(Errc::invalid, "a ring has at most " + std::to_string(kAdminsMax) + " admins");
  }
  if (threshold == 0 || threshold > admins.size()) {
    return fail(Errc::invalid, "of " + std::to_string(admins.size()) +
                                   " admins between 1 and all must agree, not " + std::to_string(threshold));
  }
  RootStatement next;
  next.version = roster.root_record().version + 1;
  next.threshold = static_cast<std::uint8_t>(threshold);
  next.admins = std::move(admins);
  for (const wire::Statement& proposal : roster.proposals()) {
    const auto root = std::get<RootStatement>(read_statement(proposal).value());
    if (proposal.signer == proposer.public_key) next.attempt = root.attempt + 1;
  }
  for (const wire::Statement& statement : roster.statements()) {
    if (stands_under(next, roster, statement) == false) next.kept.push_back(wire::id_of(statement));
  }
  if (next.kept.size() > kKeptMax) {
    return fail(Errc::full, "those who would be admins no longer have stated " +
                                std::to_string(next.kept.size()) +
                                " facts that count, and a record can keep " + std::to_string(kKeptMax));
  }
  std::ranges::sort(next.kept);
  return sign_statement(signatures, roster.ring_id(), next, proposer);
}

Lacking lacking_signatures(const Roster& roster, const wire::Statement& proposal) {
  const auto root = std::get<RootStatement>(read_statement(proposal).value());
  const auto lacking = [&](const RootStatement& of) {
    const std::size_t signed_by = signatures_among(of.admins, proposal.signer, root.also);
    return of.threshold > signed_by ? of.threshold - signed_by : std::size_t{0};
  };
  return {lacking(roster.root_record()), lacking(root)};
}

bool has_signed(const wire::Statement& proposal, const Key& key) {
  const auto root = std::get<RootStatement>(read_statement(proposal).value());
  return proposal.signer == key || std::ranges::count(root.also, key, &Countersignature::key) > 0;
}

}  // namespace peerstore::membership
