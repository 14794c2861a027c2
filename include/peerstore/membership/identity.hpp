// Identity: who this home is, and the secrets that prove it.
//
// A machine serves friends with its node key alone: that, and what is public, is all that the file
// "identity" (mode 0600) holds. The person's secrets are needed only by commands of the owner. They are
// sealed in the user record (account/user_record.hpp), and zero here until somebody unlocked it.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/types.hpp>

#include <optional>
#include <string>
#include <vector>

namespace peerstore::membership {

struct Identity {
  crypto::SigningPublicKey root_key;
  wire::PersonNumber person = 0;
  std::uint32_t machine = 0;
  wire::MemberId member;
  std::string person_name;
  crypto::SigningSecretKey node_secret;  // TLS and receipts
  std::vector<wire::Statement> proof;    // policy, invitation, person, machine: own membership

  // Unlocked only.
  std::optional<crypto::SigningSecretKey> root_secret;  // the founder's
  crypto::SigningSecretKey person_secret;  // signs machines, departures, and what an admin states
  crypto::SecretKey drive_secret;          // everything that encrypts files derives from it
  crypto::SigningSecretKey writer_secret;  // heads and deletions of this machine
};

// What the file holds: nothing that has to be unlocked.
Bytes encode(const Identity& identity);
Result<Identity> decode_identity(ByteView bytes);

}  // namespace peerstore::membership
