// A peer that breaks the rules: blocking OpenSSL on a plain socket, to be used on a worker thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <link/frame.hpp>
#include <link/hello.hpp>
#include <net/tls_context.hpp>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/wire/codec.hpp>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

namespace peerstore::net {

using link::Frame;
using link::FrameHeader;
using link::FrameKind;
using link::Hello;
using link::Stage;

class RawPeer {
 public:
  // Connects to "127.0.0.1:port".
  static RawPeer dial(const std::string& address) {
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in where = loopback(std::stoi(address.substr(address.rfind(':') + 1)));
    CHECK(connect(descriptor, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
    return RawPeer(descriptor);
  }
  explicit RawPeer(int descriptor) : descriptor_(descriptor) {
    std::signal(SIGPIPE, SIG_IGN);  // writing to a link that the other side closed is what these do
    // A test that would wait for ever fails instead.
    const timeval limit{20, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  RawPeer(RawPeer&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), session_(std::exchange(other.session_, nullptr)) {}
  RawPeer& operator=(RawPeer&&) = delete;
  ~RawPeer() {
    SSL_free(session_);
    ERR_clear_error();
    if (descriptor_ >= 0) close(descriptor_);
  }

  bool handshake(SSL_CTX* tls, bool as_client = true) {
    session_ = SSL_new(tls);
    SSL_set_fd(session_, descriptor_);
    return (as_client ? SSL_connect(session_) : SSL_accept(session_)) == 1;
  }
  bool update_keys() {
    return SSL_key_update(session_, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(session_) == 1;
  }
  void send_plain(ByteView bytes) { (void)send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void send_bytes(ByteView bytes) { (void)SSL_write(session_, bytes.data(), static_cast<int>(bytes.size())); }
  void send_frame(FrameHeader header, ByteView message) {
    header.message_bytes = static_cast<std::uint32_t>(message.size());
    send_bytes(encode(header));
    send_bytes(message);
  }
  void say_hello(TlsNetwork::Role role, const wire::RingId& ring) {
    Hello hello;
    hello.role = role;
    hello.ring = ring;
    FrameHeader header;
    send_frame(header, encode(hello));
  }
  void ask(std::uint32_t id, const wire::Request& request) {
    FrameHeader header;
    header.kind = FrameKind::request;
    header.request = id;
    header.patience_ms = 10'000;
    send_frame(header, wire::encode(request).message);
  }

  // Nothing once the other side has closed.
  std::optional<Frame> read_frame() {
    Bytes bytes(1);
    if (!read_exactly(bytes)) return std::nullopt;
    bytes.resize(link::frame_header_bytes(bytes[0]));
    if (!read_exactly(std::span(bytes).subspan(1))) return std::nullopt;
    // Greetings and answers alike.
    auto header = link::decode_frame_header(bytes, Stage::members);
    if (!header) header = link::decode_frame_header(bytes, Stage::greeting);
    CHECK(header.has_value());
    Frame frame;
    frame.header = *header;
    frame.message.resize(header->message_bytes);
    Bytes attachment(header->attachment_bytes);
    if (!read_exactly(frame.message) || !read_exactly(attachment)) return std::nullopt;
    frame.attachment = SharedBytes(std::move(attachment));
    return frame;
  }
  // The reason of the Goodbye that comes next; Errc::unreachable if the other side just closes.
  Error read_goodbye() {
    const std::optional<Frame> frame = read_frame();
    if (!frame) return fail(Errc::unreachable, "closed");
    if (frame->header.kind != FrameKind::goodbye) return fail(Errc::unsupported, "something else came");
    return link::decode_goodbye(frame->message);
  }
  Result<wire::Response> read_reply(std::uint32_t id) {
    const std::optional<Frame> frame = read_frame();
    if (!frame || frame->header.kind != FrameKind::reply || frame->header.request != id) {
      return fail(Errc::unreachable, "no such reply");
    }
    return wire::decode_response(frame->message, frame->attachment);
  }
  // Without TLS: waits until the other side closes; false if it does not.
  bool is_closed() {
    std::uint8_t byte;
    for (;;) {
      const ssize_t got = recv(descriptor_, &byte, 1, 0);
      if (got == 0) return true;
      if (got < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
    }
  }

  static sockaddr_in loopback(int port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return where;
  }

 private:
  bool read_exactly(std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
      const int got = SSL_read(session_, out.data() + done, static_cast<int>(out.size() - done));
      if (got <= 0) return false;
      done += static_cast<std::size_t>(got);
    }
    return true;
  }

  int descriptor_;
  SSL* session_ = nullptr;
};

// Waits for connections where a well-behaved machine should be.
class RawListener {
 public:
  RawListener() : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where = RawPeer::loopback(0);
    CHECK(bind(descriptor_, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
    CHECK(::listen(descriptor_, 8) == 0);
    socklen_t size = sizeof where;
    CHECK(getsockname(descriptor_, reinterpret_cast<sockaddr*>(&where), &size) == 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
  }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  ~RawListener() { close(descriptor_); }

  const std::string& address() const { return address_; }
  RawPeer accept() { return RawPeer(::accept(descriptor_, nullptr, nullptr)); }

 private:
  int descriptor_;
  std::string address_;
};

}  // namespace peerstore::net
