#include "channel.hpp"

#include <peerstore/link/handover.hpp>

namespace peerstore::link {

Channel::Channel(std::shared_ptr<ByteStream> stream, std::shared_ptr<LinkNetwork::Counters> counters)
    : stream_(std::move(stream)), counters_(std::move(counters)) {}

Channel::~Channel() { close(); }

void Channel::handshake(ByteStream::Done<crypto::SigningPublicKey> done) {
  stream_->handshake(std::move(done));
}

void Channel::read_more(ByteStream::Done<void> done) {
  stream_->read_some(reader_.space(),
                     [self = shared_from_this(), done = std::move(done)](Result<std::size_t> size) {
                       if (!size) return done(size.error());
                       self->counters_->bytes_received += *size;
                       self->reader_.filled(*size);
                       done({});
                     });
}

void Channel::write(std::vector<ByteView> pieces, ByteStream::Done<void> done) {
  stream_->write(std::move(pieces), [counters = counters_, done = std::move(done)](Result<std::size_t> size) {
    if (!size) return done(size.error());
    counters->bytes_sent += *size;
    done({});
  });
}

void Channel::close() { stream_->close(); }

Task<Result<crypto::SigningPublicKey>> shake_hands(Clock& clock, std::shared_ptr<Channel> channel,
                                                   TimePoint deadline) {
  Handover<crypto::SigningPublicKey> inbox(clock, deadline, "the handshake");
  channel->handshake(
      [sender = inbox.sender()](Result<crypto::SigningPublicKey> key) { sender.send(std::move(key)); });
  co_return co_await inbox.result();
}

Task<Result<Frame>> read_frame(Clock& clock, std::shared_ptr<Channel> channel, Stage stage,
                               TimePoint deadline) {
  for (;;) {
    Result<std::optional<Frame>> frame = channel->next(stage);
    if (!frame) co_return frame.error();
    if (*frame) co_return std::move(**frame);
    Handover<void> inbox(clock, deadline, "a greeting");
    channel->read_more([sender = inbox.sender()](Result<void> read) { sender.send(std::move(read)); });
    const Result<void> read = co_await inbox.result();
    if (!read) co_return read.error();
  }
}

Task<Result<void>> send_frame(Clock& clock, std::shared_ptr<Channel> channel, FrameKind kind, Bytes message,
                              TimePoint deadline) {
  struct Sent {
    Bytes header;
    Bytes message;
  };
  FrameHeader header;
  header.kind = kind;
  header.message_bytes = static_cast<std::uint32_t>(message.size());
  const auto sent = std::make_shared<const Sent>(encode(header), std::move(message));
  Handover<void> inbox(clock, deadline, "a greeting to be sent");
  channel->write({sent->header, sent->message},
                 [sent, sender = inbox.sender()](Result<void> written) { sender.send(std::move(written)); });
  co_return co_await inbox.result();
}

}  // namespace peerstore::link
