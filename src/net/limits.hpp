// The limits of a link, together. docs/protocol.md repeats those that a peer can notice.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <cstddef>

namespace peerstore::net {

// ---- before a peer has proved who it is ----

// (The time they have is TlsNetwork::Options::greeting_time.)
inline constexpr std::size_t kHelloBytesMax = 16 * 1024;
inline constexpr std::size_t kGoodbyeBytesMax = 1024;
// Statements in a Hello: the chain from the ring's root to a machine is a handful.
inline constexpr std::size_t kProofStatementsMax = 16;
// Links that are not past their greeting: in all, and from one address (this machine excepted).
// Beyond the first, connections wait in the kernel; beyond the second, they are closed.
inline constexpr std::size_t kHalfOpenMax = 32;
inline constexpr std::size_t kHalfOpenPerAddressMax = 8;

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

// How long a Goodbye may take to be written.
inline constexpr Duration kGoodbyeTime = 2s;

// The kernel gives a link up after this time without acknowledgement (a sleeping or vanished peer),
// and takes no more than this ahead of what the network carries, so that small frames overtake bulk.
inline constexpr std::chrono::milliseconds kUnacknowledgedTime = std::chrono::seconds(20);
inline constexpr int kUnsentInKernelBytes = 128 * 1024;

// ---- dialling ----

inline constexpr Duration kConnectTime = 3s;        // for each address
inline constexpr Duration kDialFailureMemory = 1s;  // how long a failed dial is not repeated

// ---- measured round trips ----

inline constexpr Duration kRoundTripFloor = 500ms;  // no small question is given up sooner
inline constexpr int kRoundTripSamplesMin = 4;      // fewer are no measurement

}  // namespace peerstore::net
