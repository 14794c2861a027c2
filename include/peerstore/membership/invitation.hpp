// The link that a friend pastes: everything that is needed to reach the ring and be let in once.
//
//   peerstore:join?ring=<root key>&at=<host:port>&node=<inviter's node key>&token=<128 bits>&as=<person number>
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/statement.hpp>

#include <string>
#include <string_view>

namespace peerstore::membership {

using InvitationToken = FixedBytes<struct InvitationTokenTag, 16>;

struct InvitationLink {
  crypto::SigningPublicKey root_key;
  std::string address;                   // host:port of the inviter
  crypto::SigningPublicKey node_key;     // whom to expect there
  InvitationToken token;
  wire::PersonNumber person = 0;
};

std::string to_text(const InvitationLink& link);
// Errc::invalid with a reason that a person understands (truncated, not a link, mistyped).
Result<InvitationLink> read_invitation_link(std::string_view text);

// The key pair that the token stands for.
crypto::SigningKeyPair token_key_pair(crypto::Signatures& signatures, const InvitationToken& token);

// A new ring: root, policy, founder and the founder's first machine.
Identity found_ring(crypto::Signatures& signatures, Entropy& entropy, const PolicyStatement& policy,
                    const std::string& person_name, const std::string& machine_name, std::uint64_t bytes_given);

// The joiner's side, from the link alone: new keys, and the statements (person, machine) that claim
// the invitation, in `proof`. `member` and the rest of the proof come with the welcome.
Identity claim_invitation(crypto::Signatures& signatures, Entropy& entropy, const InvitationLink& link,
                          const std::string& person_name, const std::string& machine_name,
                          std::uint64_t bytes_given);

// Checks the welcome against the link's root key and fills in what the identity lacks.
// Errc::refused if the ring gave the place to another (the invitation was used before).
Result<void> complete_identity(crypto::Signatures& signatures, Identity& identity,
                               const std::vector<wire::Statement>& welcome);

}  // namespace peerstore::membership
