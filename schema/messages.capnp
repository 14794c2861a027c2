# Every question that one machine asks another, and its answer, on the wire.
#
# include/peerstore/wire/messages.hpp says what they mean; src/wire turns one form into the other
# and enforces the limits that stand there. Rules of this file:
# - Identifiers, hashes and keys are Data of exactly their length; lists of them are one Data, the
#   values one after another (a pointer for each would cost a quarter more).
# - The 64 KiB of a segment are not in the message: they follow it in the same frame (the
#   attachment), so that they are never copied into it.
# - Members are never removed or renumbered. A reader that does not know a question says so.

@0xb5d2f6a1c0e49a37;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("peerstore::wire::schema");

struct NodeRef {
  id @0 :Data;                    # 32 bytes
  incarnation @1 :UInt64;
}

struct Statement {
  kind @0 :UInt8;
  body @1 :Data;
  signer @2 :Data;                # 32 bytes
  signature @3 :Data;             # 64 bytes
}

struct Presence {
  node @0 :NodeRef;
  sequence @1 :UInt64;
  addresses @2 :List(Text);       # "host:port"
  freeBytes @3 :UInt64;
  signature @4 :Data;             # 64 bytes
}

struct Head {
  person @0 :UInt32;
  machine @1 :UInt32;
  version @2 :UInt64;
  previous @3 :Data;              # 32 bytes
  body @4 :Data;
  signature @5 :Data;             # 64 bytes
}

struct UserRecord {
  person @0 :UInt32;
  version @1 :UInt64;
  previous @2 :Data;              # 32 bytes
  body @3 :Data;
  signature @4 :Data;             # 64 bytes
}

struct ChunkDescription {
  header @0 :Data;                # 112 bytes, the form that is hashed into the address
  leaves @1 :Data;                # 32 bytes for each segment
}

struct Lease {
  machine @0 :UInt32;
  number @1 :UInt64;
  signature @2 :Data;             # 64 bytes
}

struct Deletion {
  owner @0 :UInt32;
  address @1 :Data;               # 32 bytes
  machine @2 :UInt32;
  number @3 :UInt64;
  signature @4 :Data;             # 64 bytes
}

struct Receipt {
  address @0 :Data;               # 32 bytes
  owner @1 :UInt32;
  holder @2 :NodeRef;
  signature @3 :Data;             # 64 bytes
}

struct Absence {
  id @0 :Data;                    # 32 bytes
  incarnation @1 :UInt64;
  sequence @2 :UInt64;
}

struct News {                     # statements and presences, as several messages carry them
  statements @0 :List(Statement);
  presences @1 :List(Presence);
  absences @2 :List(Absence);
  until @3 :Data;                 # 1 to 32 bytes, zeros follow; or absent: not to be passed on
}

struct Request {
  union {
    getNeighbours @0 :Void;
    notify @1 :NodeRef;
    findSuccessor @2 :Data;       # the key, 32 bytes
    exchangeRoster @3 :ExchangeRoster;
    pushStatements @4 :News;
    join @5 :List(Statement);
    reserve @6 :UInt64;           # bytes
    putBegin @7 :PutBegin;
    putSegment @8 :PutSegment;    # the segment is the attachment
    putCommit @9 :PutCommit;
    getDescription @10 :GetDescription;
    getSegment @11 :GetSegment;
    haveChunks @12 :Data;         # addresses, 32 bytes each
    offerChunks @13 :Data;        # addresses, 32 bytes each
    getHeads @14 :UInt32;         # the person
    putHead @15 :Head;
    comparePresences @16 :ComparePresences;
    ping @17 :Void;
    getUserRecord @18 :GetUserRecord;
    putUserRecord @19 :UserRecord;
    getWhereabouts @20 :Data;     # member ids, 32 bytes each
    deleteChunks @21 :List(Deletion);
    pledgeChunks @22 :PledgeChunks;
    compareRecords @23 :Data;     # 32 bytes: digest of the marks
    previewJoin @24 :List(Statement);
    compareChunks @25 :CompareChunks;
  }
}

struct ExchangeRoster {
  known @0 :Data;                 # statement ids, 32 bytes each
  presences @1 :List(Presence);
}

struct ComparePresences {
  roster @0 :Data;                # 32 bytes: digest of the statements
  salt @1 :UInt64;
  sums @2 :List(UInt16);          # a power of two, at most 4096
}

struct GetUserRecord {
  person @0 :UInt32;
  lookup @1 :Data;                # 32 bytes
}

struct PutBegin {
  chunk @0 :ChunkDescription;
  lease @1 :Lease;
  reservation @2 :UInt64;
}

struct PutSegment {
  address @0 :Data;               # 32 bytes
  index @1 :UInt32;
  onward @2 :Data;                # member ids, 32 bytes each, at most 4, all different
}

struct PutCommit {
  address @0 :Data;               # 32 bytes
  owner @1 :UInt32;
}

struct GetDescription {
  address @0 :Data;               # 32 bytes
  token @1 :Data;                 # 32 bytes
}

struct GetSegment {
  address @0 :Data;               # 32 bytes
  index @1 :UInt32;
  token @2 :Data;                 # 32 bytes
}

struct PledgeChunks {
  map @0 :UInt64;
  challenge @1 :UInt64;
  addresses @2 :Data;             # 32 bytes each, at most 64
  leases @3 :List(UInt64);        # as many: their numbers
}

struct CompareChunks {
  map @0 :UInt64;
  salt @1 :Data;                  # 16 bytes
  digests @2 :List(UInt64);       # a power of two, at most 1024
}

struct Response {
  union {
    done @0 :Void;
    error @1 :Failure;
    neighbours @2 :Neighbours;
    foundSuccessor @3 :FoundSuccessor;
    rosterDifference @4 :RosterDifference;
    welcome @5 :News;
    reserved @6 :UInt64;          # the reservation
    putState @7 :PutState;
    receipt @8 :Receipt;
    description @9 :DescriptionReply;
    segment @10 :Void;            # the segment is the attachment
    have @11 :Data;               # a byte for each address that was asked for: 1 = yes
    offer @12 :Data;              # the same
    heads @13 :List(Head);
    presenceDifference @14 :PresenceDifference;
    pong @15 :Pong;
    userRecord @16 :UserRecordReply;
    gone @17 :Data;               # a byte for each deletion: 1 = it is not held
    pledges @18 :Data;            # 32 bytes for each address: the proof, or zeros
    recordDifference @19 :RecordDifference;
    segmentTaken @20 :Data;       # a byte for each member onward: 1 = it has it as well
    joinPreview @21 :List(JoinShare);  # at most 1024
    chunkDifference @22 :Data;    # a byte for each digest: 1 = another one; none: by another map
  }
}

struct JoinShare {
  machine @0 :Text;               # its name, at most 64 bytes
  chunks @1 :UInt64;
  bytes @2 :UInt64;
  bytesFreed @3 :UInt64;
  answered @4 :Bool;
}

struct RecordDifference {
  digest @0 :Data;                # 32 bytes
  marks @1 :List(RecordMark);     # at most 4096
}

struct RecordMark {
  person @0 :UInt32;
  version @1 :UInt64;
  tag @2 :UInt64;                 # the first 8 bytes of the signature, little-endian
}

struct UserRecordReply {
  record @0 :UserRecord;
  statements @1 :List(Statement);
  rootKey @2 :Data;               # 32 bytes
}

struct PutState {
  missing @0 :List(UInt32);       # segments
  leaseWanted @1 :UInt64;
}

struct Failure {
  code @0 :UInt8;                 # Errc, include/peerstore/runtime/result.hpp
  context @1 :Text;               # for people; at most 512 bytes of printable ASCII
}

struct Neighbours {
  phase @0 :UInt8;
  self @1 :NodeRef;
  predecessor @2 :NodeRef;        # absent if there is none
  successors @3 :List(NodeRef);
  statementsMark @4 :UInt64;      # the first 8 bytes of a digest, little-endian, or 1 if they are 0;
  presencesMark @5 :UInt64;       # 0: messages.hpp says what that means
  view @6 :UInt64;
  sessionSeconds @7 :UInt32;
}

struct Pong {
  view @0 :UInt64;
  statementsMark @1 :UInt64;
  presencesMark @2 :UInt64;
}

struct FoundSuccessor {
  isSuccessor @0 :Bool;
  closer @1 :List(NodeRef);
  successors @2 :List(NodeRef);
}

struct RosterDifference {
  news @0 :News;
  wanted @1 :Data;                # statement ids, 32 bytes each
}

struct PresenceDifference {
  roster @0 :Data;                # 32 bytes: digest of the statements
  parts @1 :List(UInt32);         # which of the sums differ, in order
  news @2 :News;
}

struct DescriptionReply {
  chunk @0 :ChunkDescription;
  lease @1 :Lease;
}
