// Admins: who may invite and expel, and how others are given or taken that right.
//
// The ring's root record names keys. The founder's is the ring's root key, which the founder's home
// holds; another admin's is the person's signing key. A record that needs more signatures than its
// proposer's own travels as a proposal until enough other admins have signed it.
#pragma once

#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/roster.hpp>

#include <optional>
#include <string>
#include <vector>

namespace peerstore::membership {

// With what this home signs as an admin; nothing if it is none.
std::optional<crypto::SigningKeyPair> admin_keys(crypto::Signatures& signatures, const Roster& roster,
                                                 const Identity& identity);

// The key under which a person is, or would be, an admin.
crypto::SigningPublicKey admin_key_of(const Roster& roster, const Person& person);
// Who has this key; nothing if nobody on the roster has.
const Person* person_of_admin(const Roster& roster, const crypto::SigningPublicKey& key);

// The next root, signed by `proposer` alone, with these admins. It keeps what counts now and would count
// no longer. Errc::invalid if no ring can have these admins and threshold; Errc::full if there is more to
// keep than a record can name.
Result<wire::Statement> propose_root(crypto::Signatures& signatures, const Roster& roster,
                                     const crypto::SigningKeyPair& proposer,
                                     std::vector<crypto::SigningPublicKey> admins, unsigned threshold);

// How many more signatures a proposal needs: of the present admins, and of those that it names.
struct Lacking {
  std::size_t present = 0;
  std::size_t named = 0;
  bool none() const { return present == 0 && named == 0; }
};
Lacking lacking_signatures(const Roster& roster, const wire::Statement& proposal);
bool has_signed(const wire::Statement& proposal, const crypto::SigningPublicKey& key);

}  // namespace peerstore::membership
