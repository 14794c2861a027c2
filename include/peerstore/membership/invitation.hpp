// The link that a friend pastes: everything that is needed to reach the ring and be let in once.
//
//   peerstore:join?ring=<root key>&at=<host:port>&node=<node key there>&token=<128 bits>
//                 &as=<person number>&check=<32 bits over all before it>
//
// (in one line; keys, token and check in base64url.) Up to three pairs of `at` and `node`, in the order in
// which to try them: any live member lets the joiner in. The token is the secret half of a key pair
// whose public half an admin has signed: whoever shows it may take that place, once.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/roster.hpp>
#include <peerstore/membership/statement.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace peerstore::membership {

using InvitationToken = FixedBytes<struct InvitationTokenTag, 16>;

struct InvitationLink {
  crypto::SigningPublicKey root_key;
  struct Door {
    std::string address;                // host:port
    crypto::SigningPublicKey node_key;  // whom to expect there
  };
  std::vector<Door> doors;  // 1..kDoorsMax
  InvitationToken token;
  wire::PersonNumber person = 0;
};

inline constexpr std::size_t kDoorsMax = 3;
// Requires doors, with addresses of printable ASCII.
std::string to_text(const InvitationLink& link);
// Errc::invalid with a reason that a person understands (truncated, not a link, mistyped);
// Errc::unsupported if a newer PeerStore made it. White space is overlooked, as mail adds it.
Result<InvitationLink> read_invitation_link(std::string_view text);

// The key pair that the token stands for.
crypto::SigningKeyPair token_key_pair(crypto::Signatures& signatures, const InvitationToken& token);

// A number that nobody has, at random rather than the next: a founder who came back from a copy of
// the identity file may not know all who were invited, and two persons must not share a number.
wire::PersonNumber draw_person_number(const Roster& roster, Entropy& entropy);

// What an admin signs to invite somebody: an unused number, the least used colour, a place on the
// circle. The statement goes into the roster, and so to all members; the token into the link.
struct NewInvitation {
  wire::Statement statement;
  wire::PersonNumber person = 0;
  InvitationToken token;
};
// `expires_at` in seconds since 1970, 0 = never; `bytes_quota` 0: what the person gives, up to
// kUnfixedQuotaMax; `now` likewise: colours of invitations that had expired by then are free again (0: none
// had). Errc::refused unless this is the home of an admin; Errc::invalid if `for_whom` is no name
// (statement.hpp).
Result<NewInvitation> make_invitation(crypto::Signatures& signatures, Entropy& entropy,
                                      const Identity& inviter, const Roster& roster,
                                      wire::PersonNumber person, const std::string& for_whom,
                                      std::int64_t expires_at, std::uint64_t bytes_quota = 0,
                                      std::int64_t now = 0);

// A new ring: root, policy, founder and the founder's first machine. `proof` holds all its statements. Who
// gives more than kUnfixedQuotaMax has a quota of as much, signed; anybody else one that follows what it
// gives. Requires names that are names, and a policy within the limits of statement.cpp.
Identity found_ring(crypto::Signatures& signatures, Entropy& entropy, const PolicyStatement& policy,
                    const std::string& person_name, const std::string& machine_name,
                    std::uint64_t bytes_given);

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
