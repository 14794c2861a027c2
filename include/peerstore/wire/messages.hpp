// Every question that one machine asks another, and its answer. Plain structs: Cap'n Proto's
// generated code stays inside src/wire. Each request names its answer as `Reply`.
#pragma once

#include <peerstore/crypto/short_hash.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/types.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace peerstore::wire {

// Limits of what one message may carry; a decoder refuses more before it allocates.
inline constexpr std::size_t kSuccessorsMax = 32;
inline constexpr std::size_t kStatementsMax = 4096;
inline constexpr std::size_t kPresencesMax = 8192;
inline constexpr std::size_t kPresenceSumsMax = 4096;
inline constexpr std::size_t kWhereaboutsMax = 64;
inline constexpr std::size_t kAddressesPerMessageMax = 4096;
inline constexpr std::size_t kDeletionsMax = 1024;
inline constexpr std::size_t kOnwardMax = 4;
inline constexpr std::size_t kPledgesMax = 64;
inline constexpr std::size_t kChunkDigestsMax = 1024;
inline constexpr std::size_t kRecordMarksMax = 4096;
inline constexpr std::size_t kJoinSharesMax = 1024;
inline constexpr std::size_t kMachineNameBytesMax = 64;
inline constexpr std::size_t kStatementBytesMax = 8192;
inline constexpr std::size_t kHeadsMax = 64;
inline constexpr std::size_t kHostPortBytesMax = 280;
inline constexpr std::size_t kAddressHintsMax = 8;

struct Done {
  bool operator==(const Done&) const = default;
};

// ---- the ring (chord/) ----

// Of what a member knows, as much as shows whether two know the same (membership/).
struct RosterMarks {
  std::uint64_t statements = 0;  // 0: still catching up
  std::uint64_t presences = 0;   // 0: catching up, or following its neighbours only
  bool follows_neighbours_only() const { return statements != 0 && presences == 0; }
  bool operator==(const RosterMarks&) const = default;
};
struct Neighbours {
  Phase phase = Phase::out;
  NodeRef self;
  std::optional<NodeRef> predecessor;
  std::vector<NodeRef> successors;
  RosterMarks roster;                 // differs = exchange
  std::uint64_t view = 0;             // as in Pong
  std::uint32_t session_seconds = 0;  // how long members stay, as far as the answerer can tell; 0: it cannot
  bool operator==(const Neighbours&) const = default;
};
// "Who are you, and who is around you?" Also the liveness probe.
struct GetNeighbours {
  using Reply = Neighbours;
  bool operator==(const GetNeighbours&) const = default;
};
// "Are you there, and did anything change?" Asked of the successor, in place of its whole list.
struct Pong {
  std::uint64_t view =
      0;  // changes with the answerer's phase, predecessor and successors. 0: out of the ring
  RosterMarks roster;
  bool operator==(const Pong&) const = default;
};
struct Ping {
  using Reply = Pong;
  bool operator==(const Ping&) const = default;
};
// "I think I am your predecessor." (Zave's rectify; in place of notify.)
struct Notify {
  using Reply = Done;
  NodeRef from;
  bool operator==(const Notify&) const = default;
};
// One step of an iterative lookup: the answerer is the successor of the key, or knows closer ones.
struct FoundSuccessor {
  bool is_successor = false;        // the answerer owns the key: (its predecessor, itself]
  std::vector<NodeRef> closer;      // else: nearer candidates, best first
  std::vector<NodeRef> successors;  // with is_successor: the answerer's successor list
  bool operator==(const FoundSuccessor&) const = default;
};
struct FindSuccessor {
  using Reply = FoundSuccessor;
  ring::Id key;
  bool operator==(const FindSuccessor&) const = default;
};

// The mark of a digest; never 0.
std::uint64_t mark_of(const crypto::Hash& digest);

// ---- membership ----

// Both sides compare what they know; only differences travel.
struct RosterDifference {
  std::vector<Statement> statements;  // that the asker lacks
  std::vector<Presence> presences;    // that are newer here
  std::vector<StatementId> wanted;    // that the answerer lacks
  bool operator==(const RosterDifference&) const = default;
};
struct ExchangeRoster {
  using Reply = RosterDifference;
  std::vector<StatementId> known;
  std::vector<Presence> presences;
  bool operator==(const ExchangeRoster&) const = default;
};
// News. With `until` they are to be passed on to the members between the one who is told and `until`,
// going clockwise (the whole circle if that is itself): whoever hears news answers for a part of the ring.
struct PushStatements {
  using Reply = Done;
  std::vector<Statement> statements;
  std::vector<Presence> presences;
  std::vector<Absence> absences = {};
  std::optional<MemberId> until = {};
  bool operator==(const PushStatements&) const = default;
};
// What the answerer knows of those parts of the circle in which the two differ.
struct PresenceDifference {
  crypto::Hash roster;  // the answerer's digest of statements: if they differ, ExchangeRoster follows
  std::vector<std::uint32_t> parts;  // that differ, in order; all that the answerer knows of these follows
  std::vector<Presence> presences;
  std::vector<Absence> absences;
  bool operator==(const PresenceDifference&) const = default;
};
// "This is the sum of my presences in each part of the circle; what do I not have?"
struct ComparePresences {
  using Reply = PresenceDifference;
  crypto::Hash roster;              // digest of statements
  std::uint64_t salt = 0;           // sums that are equal by accident are not so the next time
  std::vector<std::uint16_t> sums;  // a power of two of equal parts of the circle, from zero
  bool operator==(const ComparePresences&) const = default;
};
// "You named these: where are they?" The answer has the presences that the answerer knows, and nothing
// else.
struct GetWhereabouts {
  using Reply = RosterDifference;
  std::vector<MemberId> members;
  bool operator==(const GetWhereabouts&) const = default;
};
// From one who is not a member yet: the only question such a link may ask.
struct Welcome {
  std::vector<Statement> statements;
  std::vector<Presence> presences;
  bool operator==(const Welcome&) const = default;
};
struct Join {
  using Reply = Welcome;
  std::vector<Statement> statements;  // the joiner's person and machine
  bool operator==(const Join&) const = default;
};

// "If this joiner were let in, what would each friend hand over to it?" A joiner's question; who is asked by
// it asks the others, by its side.
struct JoinShare {
  std::string machine;            // its name
  std::uint64_t chunks = 0;       // that this machine would bring to the newcomer
  std::uint64_t bytes = 0;        // of them, on the disk
  std::uint64_t bytes_freed = 0;  // of them: what this machine would keep no longer
  bool answered = false;          // else it is away, and nothing is known of it
  bool operator==(const JoinShare&) const = default;
};
struct JoinPreview {
  std::vector<JoinShare> shares;  // to a member: the answerer's alone
  bool operator==(const JoinPreview&) const = default;
};
struct PreviewJoin {
  using Reply = JoinPreview;
  std::vector<Statement> statements;  // as Join
  bool operator==(const PreviewJoin&) const = default;
};

// ---- chunks (store/, replica/) ----

struct Reserved {
  std::uint64_t reservation = 0;
  bool operator==(const Reserved&) const = default;
};
// "Have you room?" (check_space.) Held for a few minutes, then given back.
struct Reserve {
  using Reply = Reserved;
  std::uint64_t bytes = 0;
  bool operator==(const Reserve&) const = default;
};
struct PutState {
  std::vector<std::uint32_t> missing;  // segments still to be sent
  // Not 0: the owner deleted the chunk, and it is taken again only by a lease of this number or more.
  std::uint64_t lease_wanted = 0;
  bool operator==(const PutState&) const = default;
};
struct PutBegin {
  using Reply = PutState;
  ChunkDescription chunk;
  Lease lease;
  std::uint64_t reservation = 0;
  bool operator==(const PutBegin&) const = default;
};
// The answerer took it. Who took it after the answerer, by the word of those who passed it on: a byte for
// each member onward, in the same order; 1 = yes.
struct SegmentTaken {
  std::vector<std::uint8_t> onward;
  bool operator==(const SegmentTaken&) const = default;
};
// Passed on to the first of `onward` who can be reached, with the rest of the list.
struct PutSegment {
  using Reply = SegmentTaken;
  ChunkAddress address;
  std::uint32_t index = 0;
  SharedBytes data;                   // exactly kSegmentBytes
  std::vector<MemberId> onward = {};  // all different
  bool operator==(const PutSegment&) const = default;
};
// Answered only when the chunk is durable.
struct PutCommit {
  using Reply = Receipt;
  ChunkAddress address;
  PersonNumber owner = 0;
  bool operator==(const PutCommit&) const = default;
};
struct GetDescription {
  using Reply = struct DescriptionReply;
  ChunkAddress address;
  ReadToken token;  // zero: a member that repairs
  bool operator==(const GetDescription&) const = default;
};
struct DescriptionReply {
  ChunkDescription chunk;
  Lease lease;
  bool operator==(const DescriptionReply&) const = default;
};
struct SegmentReply {
  SharedBytes data;
  bool operator==(const SegmentReply&) const = default;
};
struct GetSegment {
  using Reply = SegmentReply;
  ChunkAddress address;
  std::uint32_t index = 0;
  ReadToken token;  // zero: a member that repairs
  bool operator==(const GetSegment&) const = default;
};
// Which of these chunks are here? Same order; 1 = yes.
struct HaveReply {
  std::vector<std::uint8_t> have;
  bool operator==(const HaveReply&) const = default;
};
struct HaveChunks {
  using Reply = HaveReply;
  std::vector<ChunkAddress> addresses;
  bool operator==(const HaveChunks&) const = default;
};
// "By my reckoning you should hold these, and I have them": the answerer pulls what it lacks.
struct OfferReply {
  std::vector<std::uint8_t> have;  // as HaveReply: what the answerer has already
  bool operator==(const OfferReply&) const = default;
};
struct OfferChunks {
  using Reply = OfferReply;
  std::vector<ChunkAddress> addresses;
  bool operator==(const OfferChunks&) const = default;
};

// "By this map you should hold these, and I should not. Have you got them, so that I can drop mine?"
struct PledgeReply {
  // Same order. Zero: no. Else a hash over the challenge and a segment that it has just read: it has the
  // chunk by no older lease, should hold it by that very map, and is not about to drop it.
  std::vector<crypto::Hash> proofs;
  bool operator==(const PledgeReply&) const = default;
};
struct PledgeChunks {
  using Reply = PledgeReply;
  std::uint64_t map = 0;  // which (replica/repair.hpp)
  std::uint64_t challenge = 0;
  std::vector<ChunkAddress> addresses;
  std::vector<std::uint64_t> leases;  // as many: the numbers by which the asker holds them
  bool operator==(const PledgeChunks&) const = default;
};

// "By this map we both should hold these chunks: do you hold the same ones as I?" A digest for each part of
// the space of addresses, by their leading bits.
struct ChunkDifference {
  std::vector<std::uint8_t> differs;  // same order; 1 = another digest. None: the answerer has another map
  bool operator==(const ChunkDifference&) const = default;
};
struct CompareChunks {
  using Reply = ChunkDifference;
  std::uint64_t map = 0;               // which (replica/repair.hpp)
  crypto::ShortHashKey salt;           // of this question alone, so that nobody can make addresses to fit
  std::vector<std::uint64_t> digests;  // a power of two; each: the short hashes of addresses, xored
  bool operator==(const CompareChunks&) const = default;
};

// "Their owner does not need these any more." Whoever brings it: the owner's signature counts.
struct DeleteReply {
  std::vector<std::uint8_t> gone;  // same order; 1 = it is not held here, in the trash at most
  bool operator==(const DeleteReply&) const = default;
};
struct DeleteChunks {
  using Reply = DeleteReply;
  std::vector<Deletion> deletions;
  bool operator==(const DeleteChunks&) const = default;
};

// ---- records ----

struct HeadsReply {
  std::vector<Head> heads;
  bool operator==(const HeadsReply&) const = default;
};
struct GetHeads {
  using Reply = HeadsReply;
  PersonNumber person = 0;
  bool operator==(const GetHeads&) const = default;
};
struct PutHead {
  using Reply = Done;
  Head head;
  bool operator==(const PutHead&) const = default;
};

// The record, and for somebody who is no member what proves whose it is: policy, and all statements of its
// person. Of several that a lookup key fits, the first by person.
struct UserRecordReply {
  UserRecord record;
  crypto::SigningPublicKey root_key;
  std::vector<Statement> statements;
  bool operator==(const UserRecordReply&) const = default;
};
// A member names the person; whoever is not one (any more) shows a lookup key (zero: none).
struct GetUserRecord {
  using Reply = UserRecordReply;
  PersonNumber person = 0;
  LookupKey lookup;
  bool operator==(const GetUserRecord&) const = default;
};
// Of two records of a person one outranks the other (account/user_record.hpp) and stays; who brings it does
// not matter, its signature does.
struct PutUserRecord {
  using Reply = Done;
  UserRecord record;
  bool operator==(const PutUserRecord&) const = default;
};

// "Have you the same user records as I?" If not: which has the answerer?
struct RecordMark {
  PersonNumber person = 0;
  std::uint64_t version = 0;
  std::uint64_t tag = 0;  // the first 8 bytes of the signature, little-endian
  bool operator==(const RecordMark&) const = default;
};
struct RecordDifference {
  crypto::Hash digest;            // of all its marks
  std::vector<RecordMark> marks;  // by person; none if the digests are equal
  bool operator==(const RecordDifference&) const = default;
};
struct CompareRecords {
  using Reply = RecordDifference;
  crypto::Hash digest;
  bool operator==(const CompareRecords&) const = default;
};

using Request =
    std::variant<GetNeighbours, Notify, FindSuccessor, ExchangeRoster, PushStatements, Join, Reserve,
                 PutBegin, PutSegment, PutCommit, GetDescription, GetSegment, HaveChunks, OfferChunks,
                 GetHeads, PutHead, ComparePresences, Ping, GetUserRecord, PutUserRecord, GetWhereabouts,
                 DeleteChunks, PledgeChunks, CompareRecords, PreviewJoin, CompareChunks>;
using Response = std::variant<Done, Neighbours, FoundSuccessor, RosterDifference, Welcome, Reserved, PutState,
                              Receipt, DescriptionReply, SegmentReply, HaveReply, OfferReply, HeadsReply,
                              PresenceDifference, Pong, UserRecordReply, DeleteReply, PledgeReply,
                              RecordDifference, SegmentTaken, JoinPreview, ChunkDifference>;

// The name of a request's kind, for logs and traces.
std::string_view name_of(const Request& request);

}  // namespace peerstore::wire
