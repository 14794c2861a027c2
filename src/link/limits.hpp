// The limits of a link, together. docs/protocol.md repeats those that a peer can notice.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <cstddef>

namespace peerstore::link {

// ---- before a peer has proved who it is ----

// (The time they have is LinkNetwork::Options::greeting_time.)
inline constexpr std::size_t kHelloBytesMax = 16 * 1024;
inline constexpr std::size_t kGoodbyeBytesMax = 1024;
// Statements in a Hello: the chain from the ring's root to a machine is a handful.
inline constexpr std::size_t kProofStatementsMax = 16;

// A joiner may ask one question, of this size, and is gone after this time.
inline constexpr std::size_t kJoinBytesMax = 16 * 1024;
inline constexpr Duration kJoinTime = 30s;

// ---- a link between members ----

// A member has one link, or two when both sides dialled at once, and one for each command that runs.
// The oldest gives way: it is most likely dead without knowing it.
inline constexpr std::size_t kLinksPerMemberMax = 16;

// What one side asks over a link at once; further calls wait. The answering side refuses more as busy.
// Bulk is what carries a segment there or back.
inline constexpr std::size_t kCallsInFlightMax = 1024;
inline constexpr std::size_t kBulkInFlightMax = 64;
// Unsent bytes from which on further calls wait.
inline constexpr std::size_t kQueuedBytesMax = 1024 * 1024;
// Unsent answers from which on the peer is not reading, and the link is closed.
inline constexpr std::size_t kUnreadAnswerBytesMax = 32 * 1024 * 1024;
// Frames that go out in one write.
inline constexpr std::size_t kWriteBatchBytes = 16 * 1024;
// Read at once, while it is not known what comes: enough for many small frames.
inline constexpr std::size_t kReadAheadBytes = 4 * 1024;

// How long a Goodbye may take to be written.
inline constexpr Duration kGoodbyeTime = 2s;

// ---- dialling ----

inline constexpr Duration kConnectTime = 3s;        // for each address
inline constexpr Duration kDialFailureMemory = 1s;  // how long a failed dial is not repeated

// ---- measured round trips ----

inline constexpr Duration kRoundTripFloor = 500ms;  // no small question is given up sooner
inline constexpr int kRoundTripSamplesMin = 4;      // fewer are no measurement

}  // namespace peerstore::link
