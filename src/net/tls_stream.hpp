// TlsStream: a link's byte stream over TCP and TLS 1.3.
//
// Asio's own TLS stream makes a turn of the loop, two copies and a system call out of every record of
// 16 KiB; here a whole segment is sealed into memory and sent with one call, and as many records are read
// with one call as there are. So OpenSSL reads from the socket by itself, and Asio only waits for it.
//
// Held by shared_ptr: each operation in flight keeps its stream alive, and what its `done` keeps.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <peerstore/link/byte_stream.hpp>

namespace peerstore::net {

class TlsStream final : public link::ByteStream, public std::enable_shared_from_this<TlsStream> {
 public:
  using Tcp = boost::asio::ip::tcp;
  enum class Side : std::uint8_t { dialler, listener };

  TlsStream(Tcp::socket socket, boost::asio::ssl::context& tls, Side side);
  ~TlsStream() override;

  void handshake(Done<crypto::SigningPublicKey> done) override;
  void read_some(std::span<std::uint8_t> into, Done<std::size_t> done) override;
  void write(std::vector<ByteView> pieces, Done<std::size_t> done) override;
  // Both directions at once, whatever is still unsent: a peer that does not read must not hold it up.
  void close() override;
  std::uint64_t send_rate() const override;

 private:
  struct FreeSession {
    void operator()(SSL* session) const { SSL_free(session); }
  };

  // As many bytes as are here; none if some have to be waited for.
  Result<std::size_t> read_what_is_here(std::span<std::uint8_t> into);
  void wait_and_read(std::span<std::uint8_t> into, Done<std::size_t> done);
  Result<void> seal(std::span<const ByteView> pieces);
  bool seal(ByteView bytes);
  // Sends what OpenSSL has left to be sent.
  void send(Done<void> done);
  // Why the last call of OpenSSL failed; nothing if it waits for the peer.
  std::optional<Error> failure(int returned);

  mutable Tcp::socket socket_;  // asked for its descriptor
  Bytes unsent_;                // records, sealed
  unsigned key_updates_ = 0;    // that the peer asked for
  std::unique_ptr<SSL, FreeSession> session_;
};

}  // namespace peerstore::net
