#include "channel.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "limits.hpp"
#include "tls_context.hpp"

namespace peerstore::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

void set_tcp_option(int descriptor, int option, int value) {
  // Improvements, not needs: a kernel that does not know one is no worse than before.
  (void)setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value);
}

// What an error of the stream means to the caller: TLS says no, or nobody is there.
Error error_of(const error_code& error) {
  if (error.category() == asio::error::get_ssl_category()) {
    return fail(Errc::refused, "the secure link was refused: " + error.message());
  }
  return fail(Errc::unreachable, "the link ended: " + error.message());
}

}  // namespace

Channel::Channel(Tcp::socket socket, asio::ssl::context& tls, std::shared_ptr<TlsNetwork::Counters> counters)
    : stream_(std::move(socket), tls), counters_(std::move(counters)) {
  error_code ignored;
  Tcp::socket& tcp = stream_.next_layer();
  const Tcp::endpoint remote = tcp.remote_endpoint(ignored);
  if (!ignored) remote_address_ = remote.address().to_string();
  const int descriptor = tcp.native_handle();
  set_tcp_option(descriptor, TCP_NODELAY, 1);
  set_tcp_option(descriptor, TCP_USER_TIMEOUT, static_cast<int>(kUnacknowledgedTime.count()));
  set_tcp_option(descriptor, TCP_NOTSENT_LOWAT, kUnsentInKernelBytes);
}

Channel::~Channel() { close(); }

asio::awaitable<Result<crypto::SigningPublicKey>> Channel::handshake(std::shared_ptr<Channel> self,
                                                                     Side side) {
  const auto type = side == Side::dialler ? asio::ssl::stream_base::client : asio::ssl::stream_base::server;
  error_code error;
  co_await self->stream_.async_handshake(type, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error_of(error);
  const std::optional<crypto::SigningPublicKey> key = proven_key(self->stream_.native_handle());
  if (!key) co_return fail(Errc::refused, "the other side does not speak " + std::string(kProtocolName));
  co_return *key;
}

asio::awaitable<Result<Frame>> Channel::read(std::shared_ptr<Channel> self, Stage stage) {
  error_code error;
  FrameHeaderBytes bytes;
  co_await asio::async_read(self->stream_, asio::buffer(bytes),
                            asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error_of(error);
  const Result<FrameHeader> header = decode_frame_header(bytes, stage);
  if (!header) co_return header.error();

  Frame frame;
  frame.header = *header;
  frame.message.resize(header->message_bytes);
  Bytes attachment(header->attachment_bytes);
  const std::array<asio::mutable_buffer, 2> body{asio::buffer(frame.message), asio::buffer(attachment)};
  co_await asio::async_read(self->stream_, body, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error_of(error);
  if (!attachment.empty()) frame.attachment = SharedBytes(std::move(attachment));
  self->counters_->bytes_received += kFrameHeaderBytes + frame.message.size() + frame.attachment.size();
  co_return frame;
}

asio::awaitable<Result<void>> Channel::send(std::shared_ptr<Channel> self, FrameKind kind, Bytes message) {
  FrameHeader header;
  header.kind = kind;
  header.message_bytes = static_cast<std::uint32_t>(message.size());
  const FrameHeaderBytes bytes = encode(header);
  const std::array<asio::const_buffer, 2> frame{asio::buffer(bytes), asio::buffer(message)};
  error_code error;
  self->counters_->bytes_sent +=
      co_await asio::async_write(self->stream_, frame, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return error_of(error);
  co_return Result<void>();
}

void Channel::write(std::vector<asio::const_buffer> buffers, std::function<void(bool)> done) {
  asio::async_write(
      stream_, std::move(buffers),
      [self = shared_from_this(), done = std::move(done)](const error_code& error, std::size_t size) {
        self->counters_->bytes_sent += size;
        done(!error);
      });
}

void Channel::close() {
  error_code ignored;
  stream_.next_layer().close(ignored);
}

Result<HostPort> parse_host_port(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const auto bad = [&] { return fail(Errc::invalid, "\"" + address + "\" is not HOST:PORT"); };
  if (colon == std::string::npos || address.size() > wire::kHostPortBytesMax) return bad();
  HostPort parsed{address.substr(0, colon), address.substr(colon + 1)};
  const bool digits = parsed.port.find_first_not_of("0123456789") == std::string::npos;
  if (parsed.port.empty() || parsed.port.size() > 5 || !digits || std::stoul(parsed.port) > 65535)
    return bad();
  if (!parsed.host.empty() && parsed.host.front() == '[') {
    if (parsed.host.back() != ']') return bad();
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  } else if (parsed.host.find(':') != std::string::npos) {
    return bad();
  }
  return parsed;
}

std::string to_string(const Channel::Tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

}  // namespace peerstore::net
