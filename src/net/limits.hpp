// The limits of sockets. Those of the links on them are in src/link/limits.hpp.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <cstddef>

namespace peerstore::net {

// Connections whose other side has not been judged: in all, and from one address (this machine excepted).
// Beyond the first, connections wait in the kernel; beyond the second, they are closed.
inline constexpr std::size_t kHalfOpenMax = 32;
inline constexpr std::size_t kHalfOpenPerAddressMax = 8;

// The kernel gives a connection up after this time without acknowledgement (a sleeping or vanished peer),
// and takes no more than this ahead of what the network carries, so that small frames overtake bulk.
inline constexpr std::chrono::milliseconds kUnacknowledgedTime = std::chrono::seconds(20);
inline constexpr int kUnsentInKernelBytes = 128 * 1024;

// A TLS record, and what sealing adds to it. Of a link under load, so much is read at once.
inline constexpr std::size_t kRecordBytes = 16 * 1024;
inline constexpr std::size_t kRecordOverheadBytes = 5 + 1 + 16;
inline constexpr std::size_t kReadFromKernelBytes = 96 * 1024;

}  // namespace peerstore::net
