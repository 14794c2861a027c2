// Certifying a machine: a person's word that it is one of theirs. Adding a laptop needs no admin.
//
// Whoever has the person's secret signs the statement; any member that is told of it tells the ring.
// A number is used once: that of a machine which was revoked stays revoked.
#pragma once

#include <peerstore/membership/roster.hpp>
#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/random.hpp>

#include <string>

namespace peerstore::membership {

struct MachineSecrets {
  crypto::SigningSecretKey node_secret;
  crypto::SigningSecretKey writer_secret;
};
MachineSecrets make_machine_secrets(crypto::Signatures& signatures, Entropy& entropy);

struct NewMachine {
  wire::PersonNumber person = 0;
  std::uint32_t number = 0;
  std::string name;
  std::uint64_t bytes_given = 0;
};
// Signed by the person. Requires a name that is a name, and a number below kMachineNumbers.
wire::Statement certify_machine(crypto::Signatures& signatures, const wire::RingId& ring,
                                const crypto::SigningSecretKey& person_secret, const NewMachine& machine,
                                const MachineSecrets& secrets);

// The next version of a machine's statement, with a new writer key (zero: none); the one before it becomes a
// former one. Errc::not_found if the roster does not know the machine; full if it has had kFormerWritersMax
// keys: no further one is given that could not be taken away again.
Result<wire::Statement> renew_writer(crypto::Signatures& signatures, const Roster& roster,
                                     const wire::MemberId& machine,
                                     const crypto::SigningSecretKey& person_secret,
                                     const crypto::SigningPublicKey& writer_key);

// What takes these keys from those machines of the person that have them now, but for one machine.
struct EndedWriters {
  std::vector<wire::Statement> statements;
  std::vector<wire::MemberId> machines;  // of whom
  // Whose list of former keys is full: they can only be ended as a whole.
  std::vector<wire::MemberId> impossible;
};
EndedWriters end_writers(crypto::Signatures& signatures, const Roster& roster, wire::PersonNumber person,
                         const crypto::SigningSecretKey& person_secret, const wire::MemberId& except,
                         std::span<const crypto::SigningPublicKey> keys);

// The next version of what is stated of a machine of the person: it gives so many bytes from now on. One
// that gives nothing is being emptied: nobody counts on it for copies any more. Errc::not_found if the roster
// does not know it.
Result<wire::Statement> restate_bytes_given(crypto::Signatures& signatures, const Roster& roster,
                                            const crypto::SigningSecretKey& person_secret,
                                            const wire::MemberId& machine, std::uint64_t bytes_given);

// The least number that no machine of this person has had. Errc::full if the person has as many machines
// as one may have, or has used up all numbers; Errc::not_found if there is no such person.
Result<std::uint32_t> free_machine_number(const Roster& roster, wire::PersonNumber person);

}  // namespace peerstore::membership
