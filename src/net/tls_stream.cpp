#include "tls_stream.hpp"

#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <stdexcept>

#include "delivery_rate.hpp"
#include "limits.hpp"
#include "sealed_output.hpp"
#include "tls_context.hpp"

namespace peerstore::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

void set_tcp_option(int descriptor, int option, int value) {
  // Improvements, not needs: a kernel that does not know one is no worse than before.
  (void)setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value);
}

// No honest peer asks for new keys; one that does so without end would keep OpenSSL reading, and the loop
// waiting, for as long as it likes: from its socket nothing more is read.
constexpr unsigned kKeyUpdatesMax = 16;

void count_key_updates(int written, int, int type, const void* message, std::size_t size, SSL*, void* count) {
  const bool is_handshake = written == 0 && type == SSL3_RT_HANDSHAKE && size > 0;
  if (is_handshake && *static_cast<const std::uint8_t*>(message) == SSL3_MT_KEY_UPDATE) {
    ++*static_cast<unsigned*>(count);
  }
}

long stop_after_key_updates(BIO* input, int operation, const char*, std::size_t, int, long, int returned,
                            std::size_t*) {
  const auto count = *reinterpret_cast<const unsigned*>(BIO_get_callback_arg(input));
  return operation == BIO_CB_READ && count > kKeyUpdatesMax ? -1 : returned;
}

Error ended(const std::string& why) { return fail(Errc::unreachable, "the link ended: " + why); }
Error closed() { return ended("closed"); }

}  // namespace

TlsStream::TlsStream(Tcp::socket socket, asio::ssl::context& tls, Side side)
    : socket_(std::move(socket)), session_(SSL_new(tls.native_handle())) {
  const int descriptor = socket_.native_handle();
  set_tcp_option(descriptor, TCP_NODELAY, 1);
  set_tcp_option(descriptor, TCP_USER_TIMEOUT, static_cast<int>(kUnacknowledgedTime.count()));
  set_tcp_option(descriptor, TCP_NOTSENT_LOWAT, kUnsentInKernelBytes);
  error_code ignored;
  socket_.native_non_blocking(true, ignored);

  BIO* const input = BIO_new_socket(descriptor, BIO_NOCLOSE);
  BIO* const output = sealed_output(unsent_);
  if (session_ == nullptr || input == nullptr || output == nullptr) throw std::bad_alloc();
  SSL* const session = session_.get();
  SSL_set_msg_callback(session, count_key_updates);
  SSL_set_msg_callback_arg(session, &key_updates_);
  BIO_set_callback_ex(input, stop_after_key_updates);
  BIO_set_callback_arg(input, reinterpret_cast<char*>(&key_updates_));
  SSL_set_bio(session, input, output);
  SSL_set_read_ahead(session, 1);
  SSL_set_default_read_buffer_len(session, kReadFromKernelBytes);
  SSL_set_mode(session, SSL_MODE_RELEASE_BUFFERS);  // an idle link holds none
  side == Side::dialler ? SSL_set_connect_state(session) : SSL_set_accept_state(session);
}

TlsStream::~TlsStream() { close(); }

// What it means to the caller: TLS says no, or nobody is there.
std::optional<Error> TlsStream::failure(int returned) {
  const int kind = SSL_get_error(session_.get(), returned);
  if (kind == SSL_ERROR_WANT_READ) return std::nullopt;
  if (kind == SSL_ERROR_ZERO_RETURN) return ended("the other side closed it");
  const unsigned long reason = ERR_peek_error();
  if (kind == SSL_ERROR_SSL && ERR_GET_REASON(reason) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    const char* const words = ERR_reason_error_string(reason);
    return fail(Errc::refused,
                "the secure link was refused: " + std::string(words != nullptr ? words : "no reason given"));
  }
  return ended(kind == SSL_ERROR_SYSCALL && errno != 0 ? std::generic_category().message(errno)
                                                       : "the other side went away");
}

void TlsStream::send(Done<void> done) {
  const auto records = std::make_shared<const Bytes>(std::exchange(unsent_, {}));
  const asio::const_buffer all = asio::buffer(*records);
  asio::async_write(
      socket_, all,
      [self = shared_from_this(), records, done = std::move(done)](const error_code& error, std::size_t) {
        if (error) return done(ended(error.message()));
        done({});
      });
}

void TlsStream::handshake(Done<crypto::SigningPublicKey> done) {
  ERR_clear_error();
  const int returned = SSL_do_handshake(session_.get());
  std::optional<Result<crypto::SigningPublicKey>> outcome;
  if (returned != 1) {
    if (const auto refused = failure(returned)) outcome = *refused;
  } else if (const auto key = proven_key(session_.get())) {
    outcome = *key;
  } else {
    outcome = fail(Errc::refused, "the other side does not speak " + std::string(kProtocolName));
  }
  // Also when it failed: the other side is told why.
  send([self = shared_from_this(), outcome, done = std::move(done)](const Result<void>& sent) {
    if (outcome && !*outcome) return done(*outcome);
    if (!sent) return done(sent.error());
    if (outcome) return done(*outcome);
    self->socket_.async_wait(Tcp::socket::wait_read, [self, done](const error_code& error) {
      if (error || !self->socket_.is_open()) return done(closed());
      self->handshake(done);
    });
  });
}

// ---- reading ----

Result<std::size_t> TlsStream::read_what_is_here(std::span<std::uint8_t> into) {
  std::size_t size = 0;
  while (size < into.size()) {
    std::size_t more = 0;
    ERR_clear_error();
    const int returned = SSL_read_ex(session_.get(), into.data() + size, into.size() - size, &more);
    if (returned == 1) {
      size += more;
      continue;
    }
    // What came before the end of the stream is given first.
    const auto end = failure(returned);
    if (end && size == 0) return *end;
    break;
  }
  return size;
}

void TlsStream::read_some(std::span<std::uint8_t> into, Done<std::size_t> done) {
  if (!socket_.is_open()) {
    return asio::post(socket_.get_executor(), [done = std::move(done)] { done(closed()); });
  }
  const Result<std::size_t> size = read_what_is_here(into);
  if (size && *size == 0) return wait_and_read(into, std::move(done));
  asio::post(socket_.get_executor(), [self = shared_from_this(), size, done = std::move(done)] {
    if (!self->socket_.is_open()) return done(closed());
    done(size);
  });
}

void TlsStream::wait_and_read(std::span<std::uint8_t> into, Done<std::size_t> done) {
  socket_.async_wait(Tcp::socket::wait_read,
                     [self = shared_from_this(), into, done = std::move(done)](const error_code& error) {
                       if (error || !self->socket_.is_open())
                         return done(error ? ended(error.message()) : closed());
                       const Result<std::size_t> size = self->read_what_is_here(into);
                       if (size && *size == 0) return self->wait_and_read(into, done);
                       done(size);
                     });
}

// ---- writing ----

bool TlsStream::seal(ByteView bytes) {
  std::size_t written = 0;
  ERR_clear_error();
  return SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &written) == 1;
}

// In full records: what is short is put together, and what fills records by itself is not copied for that.
Result<void> TlsStream::seal(std::span<const ByteView> pieces) {
  std::size_t size = 0;
  for (const ByteView& piece : pieces) size += piece.size();
  unsent_.reserve(unsent_.size() + size + (size / kRecordBytes + 1) * kRecordOverheadBytes);
  std::array<std::uint8_t, kRecordBytes> record;
  std::size_t filled = 0;
  bool sealed = true;
  for (ByteView piece : pieces) {
    while (!piece.empty() && sealed) {
      const std::size_t whole = filled == 0 ? piece.size() - piece.size() % kRecordBytes : 0;
      const std::size_t taken = whole > 0 ? whole : std::min(piece.size(), kRecordBytes - filled);
      if (whole > 0) {
        sealed = seal(piece.first(whole));
      } else {
        std::ranges::copy(piece.first(taken), record.begin() + static_cast<std::ptrdiff_t>(filled));
        filled += taken;
        if (filled == kRecordBytes) sealed = seal(ByteView(record).first(std::exchange(filled, 0)));
      }
      piece = piece.subspan(taken);
    }
  }
  if (filled > 0 && sealed) sealed = seal(ByteView(record).first(filled));
  if (!sealed) return ended("nothing can be sent any more");
  return {};
}

void TlsStream::write(std::vector<ByteView> pieces, Done<std::size_t> done) {
  const Result<void> sealed = socket_.is_open() ? seal(pieces) : closed();
  if (!sealed) {
    return asio::post(socket_.get_executor(),
                      [error = sealed.error(), done = std::move(done)] { done(error); });
  }
  std::size_t size = 0;
  for (const ByteView& piece : pieces) size += piece.size();
  send([size, done = std::move(done)](const Result<void>& sent) {
    if (!sent) return done(sent.error());
    done(size);
  });
}

std::uint64_t TlsStream::send_rate() const {
  return socket_.is_open() ? delivery_rate(socket_.native_handle()) : 0;
}

void TlsStream::close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace peerstore::net
