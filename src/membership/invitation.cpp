#include <array>
#include <cstring>

#include <peerstore/crypto/hash.hpp>
#include <peerstore/membership/admins.hpp>
#include <peerstore/membership/invitation.hpp>
#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/membership/refusal.hpp>
#include <peerstore/runtime/check.hpp>

#include "box_key.hpp"
#include "roster_state.hpp"

namespace peerstore::membership {

namespace {

crypto::SigningKeyPair pair_of(crypto::Signatures& signatures, const crypto::SigningSecretKey& secret) {
  return signatures.key_pair_from(secret);
}

// New keys of a person and its first machine, and the two statements that claim the place `number`.
// `token` signs for the person.
Identity claim(crypto::Signatures& signatures, Entropy& entropy, const crypto::SigningPublicKey& root,
               wire::PersonNumber number, const crypto::SigningKeyPair& token, const std::string& person_name,
               const std::string& machine_name, std::uint64_t bytes_given) {
  CHECK(!person_name.empty() && is_name(person_name) && !machine_name.empty() && is_name(machine_name));
  const wire::RingId ring = ring_id_of(root);
  const crypto::SigningKeyPair person_keys = signatures.make_key_pair(entropy);
  const MachineSecrets machine_secrets = make_machine_secrets(signatures, entropy);
  Identity identity;
  identity.root_key = root;
  identity.person = number;
  identity.person_name = person_name;
  identity.person_secret = person_keys.secret_key;
  identity.drive_secret = entropy.make<crypto::SecretKey>();
  identity.node_secret = machine_secrets.node_secret;
  identity.writer_secret = machine_secrets.writer_secret;

  PersonStatement person;
  person.person = number;
  person.name = person_name;
  person.signing_key = person_keys.public_key;
  person.box_key = box_key_of(identity.drive_secret);
  const NewMachine machine{number, identity.machine, machine_name, bytes_given};
  identity.proof = {sign_statement(signatures, ring, person, token),
                    certify_machine(signatures, ring, identity.person_secret, machine, machine_secrets)};
  return identity;
}

}  // namespace

crypto::SigningKeyPair token_key_pair(crypto::Signatures& signatures, const InvitationToken& token) {
  return pair_of(signatures,
                 crypto::SigningSecretKey{crypto::hash("invitation token", {token.view()}).bytes});
}

Identity found_ring(crypto::Signatures& signatures, Entropy& entropy, const PolicyStatement& policy,
                    const std::string& person_name, const std::string& machine_name,
                    std::uint64_t bytes_given) {
  const crypto::SigningKeyPair root = signatures.make_key_pair(entropy);
  const wire::RingId ring = ring_id_of(root.public_key);
  // The founder's place is an invitation like any other, whose token is the root key itself.
  InvitationStatement invitation;
  invitation.position_seed = entropy.make<crypto::Hash>();
  invitation.token_key = root.public_key;
  invitation.for_whom = person_name;
  // Who founds a ring signs for itself what it means to give, should it be more than a word alone is good
  // for.
  if (bytes_given > kUnfixedQuotaMax) invitation.bytes_quota = bytes_given;
  Identity identity = claim(signatures, entropy, root.public_key, invitation.person, root, person_name,
                            machine_name, bytes_given);
  identity.root_secret = root.secret_key;
  identity.member = member_id_of(ring, invitation.position_seed, identity.person, identity.machine);
  identity.proof.insert(identity.proof.begin(), {sign_statement(signatures, ring, policy, root),
                                                 sign_statement(signatures, ring, invitation, root)});
  Roster roster(signatures, root.public_key);
  for (const wire::Statement& statement : identity.proof) CHECK(roster.add(statement).value());
  return identity;
}

wire::PersonNumber draw_person_number(const Roster& roster, Entropy& entropy) {
  for (;;) {
    std::array<std::uint8_t, 4> bytes{};
    entropy.fill(bytes);
    std::uint32_t drawn = 0;
    std::memcpy(&drawn, bytes.data(), sizeof drawn);
    const wire::PersonNumber number = 1 + drawn % kPersonNumberMax;
    if (roster.invitation(number) == nullptr && !roster.persons().contains(number)) return number;
  }
}

Result<NewInvitation> make_invitation(crypto::Signatures& signatures, Entropy& entropy,
                                      const Identity& inviter, const Roster& roster,
                                      wire::PersonNumber person, const std::string& for_whom,
                                      std::int64_t expires_at, std::uint64_t bytes_quota, std::int64_t now) {
  const auto keys = admin_keys(signatures, roster, inviter);
  if (!keys) return fail(Errc::refused, "only an admin of the ring can invite; see: peerstore admins");
  if (!is_name(for_whom)) {
    return fail(Errc::invalid, "whom the invitation is for must be at most " + std::to_string(kNameBytesMax) +
                                   " bytes of plain text");
  }
  NewInvitation made;
  made.person = person;
  made.token = entropy.make<InvitationToken>();
  InvitationStatement invitation;
  invitation.person = made.person;
  invitation.colour = roster.least_used_colour(now);
  invitation.position_seed = entropy.make<crypto::Hash>();
  invitation.token_key = token_key_pair(signatures, made.token).public_key;
  invitation.bytes_quota = bytes_quota;
  invitation.expires_at = expires_at;
  invitation.for_whom = for_whom;
  made.statement = sign_statement(signatures, roster.ring_id(), invitation, *keys);
  return made;
}

Identity claim_invitation(crypto::Signatures& signatures, Entropy& entropy, const InvitationLink& link,
                          const std::string& person_name, const std::string& machine_name,
                          std::uint64_t bytes_given) {
  return claim(signatures, entropy, link.root_key, link.person, token_key_pair(signatures, link.token),
               person_name, machine_name, bytes_given);
}

Result<void> complete_identity(crypto::Signatures& signatures, Identity& identity,
                               const std::vector<wire::Statement>& welcome) {
  Roster roster(signatures, identity.root_key);
  std::optional<wire::Statement> policy;
  for (const wire::Statement& statement : welcome) {
    const Result<Fact> fact = read_statement(statement);
    // The rest of the ring is for the node to judge. What does not verify is as good as not sent.
    if (!fact || (person_of(*fact) && person_of(*fact) != identity.person)) continue;
    (void)roster.add(statement);
  }
  for (const wire::Statement& statement : roster.statements()) {
    if (statement.kind == static_cast<std::uint8_t>(StatementKind::policy)) policy = statement;
  }
  std::vector<wire::Statement> roots = roster.past_roots();
  if (const auto present = roster.statement(roster.root_id())) roots.push_back(*present);
  if (!policy) return fail(Errc::refused, "whoever answered could not show that it belongs to the ring");
  const auto person = roster.persons().find(identity.person);
  if (person == roster.persons().end()) {
    return fail(Errc::refused, "the ring did not let you in; ask for a new invitation");
  }
  if (person->second.signing_key != pair_of(signatures, identity.person_secret).public_key) {
    return fail(Errc::refused,
                std::string(words_of(Refusal::used)) + ", by " + person->second.name + "; ask for a new one");
  }
  const crypto::SigningPublicKey node_key = pair_of(signatures, identity.node_secret).public_key;
  for (const auto& [id, member] : roster.members()) {
    if (member.person != identity.person || member.machine != identity.machine) continue;
    if (member.gone || member.node_key != node_key) break;
    identity.member = id;
    identity.person_name = person->second.name;
    identity.proof = roster.proof_of(id);
    identity.proof.insert(identity.proof.begin(), *policy);
    identity.proof.insert(identity.proof.begin(), roots.begin(), roots.end());
    return {};
  }
  return fail(Errc::refused, "the ring has no place for this machine (any more); ask for a new invitation");
}

}  // namespace peerstore::membership
