// TlsStream: a link's byte stream over TCP and TLS 1.3.
//
// Held by shared_ptr: each operation in flight keeps its stream alive, and what its `done` keeps.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
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

 private:
  boost::asio::ssl::stream<Tcp::socket> stream_;
  Side side_;
};

}  // namespace peerstore::net
