#include "tls_stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
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

TlsStream::TlsStream(Tcp::socket socket, asio::ssl::context& tls, Side side)
    : stream_(std::move(socket), tls), side_(side) {
  const int descriptor = stream_.next_layer().native_handle();
  set_tcp_option(descriptor, TCP_NODELAY, 1);
  set_tcp_option(descriptor, TCP_USER_TIMEOUT, static_cast<int>(kUnacknowledgedTime.count()));
  set_tcp_option(descriptor, TCP_NOTSENT_LOWAT, kUnsentInKernelBytes);
}

TlsStream::~TlsStream() { close(); }

void TlsStream::handshake(Done<crypto::SigningPublicKey> done) {
  const auto type = side_ == Side::dialler ? asio::ssl::stream_base::client : asio::ssl::stream_base::server;
  stream_.async_handshake(type, [self = shared_from_this(), done = std::move(done)](const error_code& error) {
    if (error) return done(error_of(error));
    const std::optional<crypto::SigningPublicKey> key = proven_key(self->stream_.native_handle());
    if (key) return done(*key);
    done(fail(Errc::refused, "the other side does not speak " + std::string(kProtocolName)));
  });
}

void TlsStream::read_some(std::span<std::uint8_t> into, Done<std::size_t> done) {
  stream_.async_read_some(
      asio::buffer(into.data(), into.size()),
      [self = shared_from_this(), done = std::move(done)](const error_code& error, std::size_t size) {
        if (error) return done(error_of(error));
        done(size);
      });
}

void TlsStream::write(std::vector<ByteView> pieces, Done<std::size_t> done) {
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(pieces.size());
  for (const ByteView& piece : pieces) buffers.emplace_back(piece.data(), piece.size());
  asio::async_write(
      stream_, std::move(buffers),
      [self = shared_from_this(), done = std::move(done)](const error_code& error, std::size_t size) {
        if (error) return done(error_of(error));
        done(size);
      });
}

void TlsStream::close() {
  error_code ignored;
  stream_.next_layer().close(ignored);
}

}  // namespace peerstore::net
