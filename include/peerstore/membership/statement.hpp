// Statements: the signed facts that make up the roster. docs/formats.md has their bytes.
//
//   root        by admins                who the admins are, and how many of them must agree
//   policy      by admins                the ring's parameters
//   invitation  by an admin              number, colour, position seed, token key,
//                                        quota: all fixed before anybody has chosen a key, so
//                                        nobody can grind a place
//   person      by the invitation's token (the founder's by the root key): binds the person's keys
//   machine     by its person            node key, writer key, name, space given; its position follows
//                                        from the invitation's seed and the machine's number
//   departure   by its person            a machine or the person has left for ever
//   revocation  by an admin              a machine or person is expelled
//
// The kinds are numbered so that none depends on a later one. A statement is signed over its body,
// for its kind and its ring; what was signed is kept and passed on as it is, never encoded again.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/placement/placement.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/types.hpp>

#include <string>
#include <variant>
#include <vector>

namespace peerstore::membership {

inline constexpr std::size_t kNameBytesMax = 64;
inline constexpr std::uint32_t kMachinesPerPersonMax = 8;  // at a time; the lowest numbers count
inline constexpr std::uint32_t kMachineNumbers = 64;       // over a life: what is revoked stays so
inline constexpr std::size_t kAdminsMax = 16;
inline constexpr std::size_t kKeptMax = 160;
inline constexpr std::size_t kFormerWritersMax = 64;
// What a person may store at most whose invitation fixes no quota, whatever its machines say that they give.
inline constexpr std::uint64_t kUnfixedQuotaMax = 200'000'000'000;
inline constexpr wire::PersonNumber kPersonNumberMax = 1'000'000;

enum class StatementKind : std::uint8_t {
  root = 1,
  policy = 2,
  invitation = 3,
  person = 4,
  machine = 5,
  departure = 6,
  revocation = 7,
};

// Another signature under the same words, beside the signer's.
struct Countersignature {
  crypto::SigningPublicKey key;
  crypto::Signature signature;
};

// Who may state what only an admin may: any one of them an invitation or a revocation, `threshold` of
// them together a policy or the next root. Version 1 is never stated: it is the ring's root key alone.
// What former admins stated counts only as far as it is named in `kept`.
struct RootStatement {
  std::uint32_t version = 2;  // follows upon the version before it (root_chain.hpp)
  std::uint32_t attempt = 1;  // of one proposer at this version: the highest stands
  std::uint8_t threshold = 1;
  std::vector<crypto::SigningPublicKey> admins;  // rising
  std::vector<wire::StatementId> kept;           // rising
  std::vector<Countersignature> also = {};       // rising by key, not the signer
};
struct PolicyStatement {
  std::uint32_t version = 1;  // the highest wins
  std::string ring_name;
  placement::Policy policy;
  std::vector<Countersignature> also = {};  // as of a root
};
struct InvitationStatement {
  wire::PersonNumber person = 0;
  std::uint8_t colour = 0;
  crypto::Hash position_seed;
  crypto::SigningPublicKey token_key;
  // What the person may store in the ring, all copies counted; 0: as much as its machines give, up to
  // kUnfixedQuotaMax.
  std::uint64_t bytes_quota = 0;
  std::int64_t expires_at =
      0;  // seconds since 1970: advisory, told to people; use is single anyway; 0 = never
  std::string for_whom;
};
struct PersonStatement {
  wire::PersonNumber person = 0;
  std::string name;
  crypto::SigningPublicKey signing_key;
  crypto::BoxPublicKey box_key;
  // What alone may purge at once what others keep for this person; zero: nobody may.
  crypto::SigningPublicKey purge_key;
};
struct MachineStatement {
  wire::PersonNumber person = 0;
  std::uint32_t machine = 0;  // 0..kMachineNumbers-1
  std::uint32_t version = 1;  // the highest wins: space given and writer may change, the node key may not
  std::string name;
  crypto::SigningPublicKey node_key;  // TLS, receipts, presences
  // Leases, deletions and heads: its secret exists unlocked only. Zero: none, until the machine makes
  // another.
  crypto::SigningPublicKey writer_key;
  // Before that one, and never again. What they sign now counts for nothing; what was stored by their word is
  // still kept.
  std::vector<crypto::SigningPublicKey> former_writers = {};
  std::uint64_t bytes_given = 0;
  crypto::Signature key_proof;  // by the node key: nobody can certify a key that another holds
};
struct DepartureStatement {
  wire::PersonNumber person = 0;
  std::optional<std::uint32_t> machine;  // nothing: the person, with all machines
};
struct RevocationStatement {
  wire::PersonNumber person = 0;
  std::optional<std::uint32_t> machine;
};

using Fact = std::variant<RootStatement, PolicyStatement, InvitationStatement, PersonStatement,
                          MachineStatement, DepartureStatement, RevocationStatement>;

// The ring's identifier is the hash of its root key: whoever knows the id knows who may invite.
wire::RingId ring_id_of(const crypto::SigningPublicKey& root);
wire::MemberId member_id_of(const wire::RingId& ring, const crypto::Hash& position_seed,
                            wire::PersonNumber person, std::uint32_t machine);

// Fills in key_proof: the node key's word that it is this machine of this person.
void prove_node_key(crypto::Signatures& signatures, const wire::RingId& ring, MachineStatement& machine,
                    const crypto::SigningSecretKey& node_secret);

// Requires names and numbers within their limits, and of a machine its key_proof.
wire::Statement sign_statement(crypto::Signatures& signatures, const wire::RingId& ring, const Fact& fact,
                               const crypto::SigningKeyPair& signer);
// The same statement with one more signature. Requires a root or policy that `signer` has not signed.
wire::Statement countersign(crypto::Signatures& signatures, const wire::RingId& ring,
                            const wire::Statement& statement, const crypto::SigningKeyPair& signer);
// Copies that a policy may ask for.
inline constexpr std::uint8_t kCopiesMax = 16;

// What the bytes say; says nothing about whether the signer may say so (roster.hpp).
// Errc::invalid if it breaks a limit, Errc::unsupported if its kind is of a later version.
Result<Fact> read_statement(const wire::Statement& statement);
// Did its signer sign it, for this ring? And all who countersigned; and of a machine: did the node key
// prove itself?
// `fact` is what read_statement() found in it.
bool is_signed(crypto::Signatures& signatures, const wire::RingId& ring, const wire::Statement& statement,
               const Fact& fact);

// May be shown to people: UTF-8 without control characters, at most kNameBytesMax.
bool is_name(std::string_view text);

}  // namespace peerstore::membership
