// Channel: a byte stream that carries frames. It knows nothing of rings: what a frame means, and who may
// send which, is the business of greeting.cpp and link.cpp.
//
// Held by shared_ptr: each operation in flight keeps its channel alive, and with it what is read into.
// close() may be called at any time. One read and one write at a time.
#pragma once

#include <peerstore/link/byte_stream.hpp>
#include <peerstore/link/link_network.hpp>

#include "frame_reader.hpp"

namespace peerstore::link {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel(std::shared_ptr<ByteStream> stream, std::shared_ptr<LinkNetwork::Counters> counters);
  ~Channel();

  void handshake(ByteStream::Done<crypto::SigningPublicKey> done);
  // The next frame if it is here already; Errc::invalid if the peer broke a rule of frames.
  Result<std::optional<Frame>> next(Stage stage) { return reader_.next(stage); }
  // When next() had nothing.
  void read_more(ByteStream::Done<void> done);
  // Writes what the pieces refer to, which `done` keeps as it is.
  void write(std::vector<ByteView> pieces, ByteStream::Done<void> done);
  void close();
  std::uint64_t send_rate() const { return stream_->send_rate(); }

 private:
  std::shared_ptr<ByteStream> stream_;
  std::shared_ptr<LinkNetwork::Counters> counters_;
  FrameReader reader_;
};

// For greetings, where one frame follows another; Errc::timed_out at `deadline`.
Task<Result<crypto::SigningPublicKey>> shake_hands(Clock& clock, std::shared_ptr<Channel> channel,
                                                   TimePoint deadline);
Task<Result<Frame>> read_frame(Clock& clock, std::shared_ptr<Channel> channel, Stage stage,
                               TimePoint deadline);
Task<Result<void>> send_frame(Clock& clock, std::shared_ptr<Channel> channel, FrameKind kind, Bytes message,
                              TimePoint deadline);

}  // namespace peerstore::link
