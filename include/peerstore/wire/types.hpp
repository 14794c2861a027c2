// The nouns that messages and records speak of.
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/ring/id.hpp>
#include <peerstore/runtime/bytes.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace peerstore::wire {

// A machine's place on the circle, and its name in every message.
using MemberId = ring::Id;
using RingId = crypto::Hash;
// A person's number in this ring, fixed by the invitation. The founder is 0.
using PersonNumber = std::uint32_t;
using ChunkAddress = FixedBytes<struct ChunkAddressTag, 32>;
using StatementId = FixedBytes<struct StatementIdTag, 32>;
// What a reader shows to be served a chunk: known to the owner, and to whom the owner shares with.
using ReadToken = FixedBytes<struct ReadTokenTag, 32>;

// K: an encrypted pack is dealt into this many chunks, and persons have this many colours.
inline constexpr std::uint8_t kClasses = 5;
inline constexpr std::size_t kSegmentBytes = 64 * 1024;
inline constexpr std::size_t kSegmentsMax = 16;

// A member as the ring protocol knows it: where it is, and which of its lives this is.
struct NodeRef {
  MemberId id;
  std::uint64_t incarnation = 0;
  auto operator<=>(const NodeRef&) const = default;
};

enum class Phase : std::uint8_t { out = 0, joining = 1, member = 2 };

// The public part of a chunk, hashed into its address. Always kChunkHeaderBytes when encoded.
struct ChunkHeader {
  std::uint8_t chunk_class = 0;  // 0..kClasses-1
  std::uint32_t segments = 0;    // 1..kSegmentsMax, each of kSegmentBytes
  PersonNumber owner = 0;        // so the same bytes of two persons are two chunks
  ring::Id placement_key;        // where on the circle the walk for its holders begins
  crypto::Hash key_commitment;   // of the pack's key
  crypto::Hash read_token_hash;  // of the ReadToken that opens reading
  bool operator==(const ChunkHeader&) const = default;
};
inline constexpr std::size_t kChunkHeaderBytes = 8 + 1 + 1 + 2 + 4 + 32 + 32 + 32;

// Everything about a chunk but its bytes: enough to check any segment, and the address itself.
struct ChunkDescription {
  ChunkHeader header;
  std::vector<crypto::Hash> leaves;  // one a segment
  bool operator==(const ChunkDescription&) const = default;
};

Bytes encode(const ChunkHeader& header);
// Nothing unless it is a valid header of a version this program knows.
std::optional<ChunkHeader> decode_chunk_header(ByteView bytes);
// Requires description.leaves.size() == description.header.segments > 0.
ChunkAddress address_of(const ChunkDescription& description);

// The owner's word that a chunk is its own and to be kept: without one nobody takes it. The number rises
// when the owner stores again what it had deleted (Deletion).
struct Lease {
  std::uint32_t machine = 0;  // which of the owner's machines signed
  std::uint64_t number = 1;
  crypto::Signature signature;  // by that machine's writer key, over lease_bytes(), kind "lease"
  bool operator==(const Lease&) const = default;
};
Bytes lease_bytes(const ChunkAddress& address, const Lease& lease);
// Far above how often one chunk is deleted and stored again, and how far one step may raise its number:
// beyond it a holder, or a thief, could put the owner's own numbers out of reach.
inline constexpr std::uint64_t kLeaseNumberMax = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kLeaseStepMax = 1024;

// The owner's word that a chunk is no longer to be kept, by whatever lease up to this number.
struct Deletion {
  PersonNumber owner = 0;
  ChunkAddress address;
  std::uint32_t machine = 0;  // which of the owner's machines signed
  std::uint64_t number = 0;
  crypto::Signature signature;  // by that machine's writer key, over deletion_bytes(), kind "delete"
  bool operator==(const Deletion&) const = default;
};
Bytes deletion_bytes(const Deletion& deletion);

// A holder's word that it has a chunk safely on disk.
struct Receipt {
  ChunkAddress address;
  PersonNumber owner = 0;
  NodeRef holder;
  crypto::Signature signature;  // by the holder's node key, over receipt_bytes(), kind "receipt"
  bool operator==(const Receipt&) const = default;
};
Bytes receipt_bytes(const Receipt& receipt);

// A signed fact about the ring, as it was signed: the bytes are kept and passed on, never made
// again. membership/statement.hpp knows what is inside.
struct Statement {
  std::uint8_t kind = 0;
  SharedBytes body;
  crypto::SigningPublicKey signer;
  crypto::Signature signature;
  bool operator==(const Statement&) const = default;
};
// Hash over kind, signer and body (not the signature).
StatementId id_of(const Statement& statement);

// Where a machine can be reached now, as it says itself: a hint with an incarnation. The newest
// incarnation and sequence wins.
struct Presence {
  NodeRef node;
  std::uint64_t sequence = 0;
  std::vector<std::string> addresses;  // "host:port"
  std::uint64_t free_bytes = 0;        // room left of the space given
  crypto::Signature signature;         // by the node key, over presence_bytes(), kind "presence"
  bool operator==(const Presence&) const = default;
};
Bytes presence_bytes(const Presence& presence);

// "Who is before it on the ring asked, and heard nothing": this life of a member is over, as of this
// word of its own. A hint, signed by nobody: a newer presence of the member undoes it.
struct Absence {
  NodeRef node;
  std::uint64_t sequence = 0;  // of the presence that it ends
  bool operator==(const Absence&) const = default;
};

// The signed, versioned record by which one of a person's machines publishes its latest snapshot.
struct Head {
  PersonNumber person = 0;
  std::uint32_t machine = 0;    // which of the person's machines wrote it
  std::uint64_t version = 0;    // rises by one; a reader keeps the highest it has seen
  crypto::Hash previous;        // hash of the head before
  SharedBytes body;             // encrypted by the owner
  crypto::Signature signature;  // by the machine's writer key, over head_bytes(), kind "head"
  bool operator==(const Head&) const = default;
};
Bytes head_bytes(const Head& head);
inline constexpr std::size_t kHeadBodyBytesMax = 64 * 1024;

// The signed, versioned record that holds a person's keys, each sealed (account/user_record.hpp). One a
// person; whoever has it and a passphrase or a recovery code has the person's files.
struct UserRecord {
  PersonNumber person = 0;
  std::uint64_t version = 0;  // rises by one; the highest counts
  crypto::Hash previous;      // id_of() the record before; zero of the first
  SharedBytes body;
  crypto::Signature signature;  // by the person's signing key, over record_bytes(), kind "user record"
  bool operator==(const UserRecord&) const = default;
};
Bytes record_bytes(const UserRecord& record);
crypto::Hash id_of(const UserRecord& record);
inline constexpr std::size_t kUserRecordBodyBytesMax = 16 * 1024 - 128;
// Shown by somebody who is no member (any more) and asks for a record: derived from the passphrase, the
// account secret or the recovery code that opens it.
using LookupKey = FixedBytes<struct LookupKeyTag, 32>;

}  // namespace peerstore::wire
