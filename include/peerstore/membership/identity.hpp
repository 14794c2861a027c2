// Identity: who this home is, and the secrets that prove it. One file, "identity", mode 0600:
// with it and the address of one live member everything else can be brought back.
//
// A machine serves friends with its node key alone; the person's secrets are needed only by
// commands of the owner. (They are in the clear here; key slots and the passphrase wrap them.)
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
  std::optional<crypto::SigningSecretKey> root_secret;  // the founder's home only
  wire::PersonNumber person = 0;
  std::uint32_t machine = 0;
  wire::MemberId member;
  std::string person_name;
  crypto::SigningSecretKey person_secret;  // signs machines, departures, and what an admin states
  crypto::SecretKey drive_secret;          // everything that encrypts files derives from it
  crypto::SigningSecretKey node_secret;    // TLS and receipts
  crypto::SigningSecretKey writer_secret;  // heads and deletions of this machine
  std::vector<wire::Statement> proof;      // policy, invitation, person, machine: own membership
};

Bytes encode(const Identity& identity);
Result<Identity> decode_identity(ByteView bytes);

}  // namespace peerstore::membership
