// ByteStream: bytes in order, both ways, between two machines that have proved to each other which key
// they hold. Dialler: how one comes about. Implemented over TLS (net/) and over virtual time (world/).
//
// Callbacks, not tasks: what a socket reads into and writes from must stay until the socket is done with
// it, and a task may be dropped at any moment. So each `done` keeps alive what its operation refers to, is
// called at most once, never within the call that passes it, and is let go of when the operation is over.
// After close() it is called with an error or not at all. One read and one write at a time.
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/runtime/task.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace peerstore::link {

class ByteStream {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;

  virtual ~ByteStream() = default;

  // First, and once: the key that the other side proved to hold. Errc::refused if the proof is bad.
  virtual void handshake(Done<crypto::SigningPublicKey> done) = 0;
  // Reads 1 to into.size() bytes, and says how many. Errc::unreachable when the stream has ended,
  // Errc::refused if what came was not what the other side sent.
  virtual void read_some(std::span<std::uint8_t> into, Done<std::size_t> done) = 0;
  // Writes all of the pieces, and says how many bytes that were.
  virtual void write(std::vector<ByteView> pieces, Done<std::size_t> done) = 0;
  // The other side reads what was written, then the end. May be called at any time and again.
  virtual void close() = 0;
  // Bytes a second that the way to the other side carried when it was last busy. 0: not known.
  virtual std::uint64_t send_rate() const { return 0; }
};

class Dialler {
 public:
  virtual ~Dialler() = default;
  // A stream to whoever answers at `address`, not shaken hands with yet. Errc::timed_out at `deadline`,
  // Errc::unreachable if nobody is there, Errc::invalid if that is no address.
  virtual Task<Result<std::shared_ptr<ByteStream>>> dial(std::string address, TimePoint deadline) = 0;
};

}  // namespace peerstore::link
