#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <array>

namespace peerstore::membership {

MachineSecrets make_machine_secrets(crypto::Signatures& signatures, Entropy& entropy) {
  MachineSecrets secrets;
  secrets.node_secret = signatures.make_key_pair(entropy).secret_key;
  secrets.writer_secret = signatures.make_key_pair(entropy).secret_key;
  return secrets;
}

wire::Statement certify_machine(crypto::Signatures& signatures, const wire::RingId& ring,
                                const crypto::SigningSecretKey& person_secret, const NewMachine& machine,
                                const MachineSecrets& secrets) {
  CHECK(!machine.name.empty() && is_name(machine.name) && machine.number < kMachineNumbers);
  MachineStatement statement;
  statement.person = machine.person;
  statement.machine = machine.number;
  statement.name = machine.name;
  statement.node_key = signatures.key_pair_from(secrets.node_secret).public_key;
  statement.writer_key = signatures.key_pair_from(secrets.writer_secret).public_key;
  statement.bytes_given = machine.bytes_given;
  prove_node_key(signatures, ring, statement, secrets.node_secret);
  return sign_statement(signatures, ring, statement, signatures.key_pair_from(person_secret));
}

Result<wire::Statement> renew_writer(crypto::Signatures& signatures, const Roster& roster,
                                     const wire::MemberId& machine,
                                     const crypto::SigningSecretKey& person_secret,
                                     const crypto::SigningPublicKey& writer_key) {
  auto statement = roster.machine_statement(machine);
  if (!statement) return fail(Errc::not_found, "there is no such machine in the ring");
  auto& former = statement->former_writers;
  if (!statement->writer_key.is_zero()) former.push_back(statement->writer_key);
  const std::size_t reserved = writer_key.is_zero() ? 0 : 1;
  if (former.size() + reserved > kFormerWritersMax) {
    return fail(Errc::full,
                "this machine has had " + std::to_string(kFormerWritersMax) +
                    " writer keys, as many as one may have: end it, and join with it as a new one");
  }
  statement->writer_key = writer_key;
  ++statement->version;
  return sign_statement(signatures, roster.ring_id(), *statement, signatures.key_pair_from(person_secret));
}

EndedWriters end_writers(crypto::Signatures& signatures, const Roster& roster, wire::PersonNumber person,
                         const crypto::SigningSecretKey& person_secret, const wire::MemberId& except,
                         std::span<const crypto::SigningPublicKey> keys) {
  EndedWriters ended;
  for (const auto& [id, member] : roster.members()) {
    const bool is_meant = member.person == person && id != except && !member.gone;
    if (!is_meant || member.writer_key.is_zero() || std::ranges::count(keys, member.writer_key) == 0)
      continue;
    auto none = renew_writer(signatures, roster, id, person_secret, {});
    if (!none) {
      ended.impossible.push_back(id);
      continue;
    }
    ended.statements.push_back(std::move(*none));
    ended.machines.push_back(id);
  }
  return ended;
}

Result<wire::Statement> restate_bytes_given(crypto::Signatures& signatures, const Roster& roster,
                                            const crypto::SigningSecretKey& person_secret,
                                            const wire::MemberId& machine, std::uint64_t bytes_given) {
  auto statement = roster.machine_statement(machine);
  if (!statement) return fail(Errc::not_found, "there is no such machine in the ring");
  statement->bytes_given = bytes_given;
  ++statement->version;
  return sign_statement(signatures, roster.ring_id(), *statement, signatures.key_pair_from(person_secret));
}

Result<std::uint32_t> free_machine_number(const Roster& roster, wire::PersonNumber person) {
  if (!roster.persons().contains(person)) return fail(Errc::not_found, "there is no such person in the ring");
  std::array<bool, kMachineNumbers> used{};
  std::size_t live = 0;
  for (const auto& [id, member] : roster.members()) {
    if (member.person != person) continue;
    used[member.machine] = true;
    if (!member.gone) ++live;
  }
  if (live >= kMachinesPerPersonMax) {
    return fail(Errc::full, "a person may have " + std::to_string(kMachinesPerPersonMax) +
                                " machines in the ring; revoke one that is no longer used");
  }
  for (std::uint32_t number = 0; number < kMachineNumbers; ++number) {
    if (!used[number]) return number;
  }
  return fail(Errc::full, "this person has had " + std::to_string(kMachineNumbers) +
                              " machines, and the ring numbers no more; ask for a new invitation");
}

}  // namespace peerstore::membership
