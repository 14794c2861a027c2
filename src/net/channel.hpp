// Channel: a TLS stream that carries frames. It knows nothing of rings: what a frame means, and who may
// send which, is the business of greeting.cpp and link.cpp.
//
// Held by shared_ptr: each operation in flight keeps its channel alive. close() may be called at any
// time; what is in flight then ends with an error. One read and one write at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <peerstore/net/tls_network.hpp>

#include "frame.hpp"

#include <functional>

namespace peerstore::net {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  using Tcp = boost::asio::ip::tcp;
  enum class Side : std::uint8_t { dialler, listener };

  Channel(Tcp::socket socket, boost::asio::ssl::context& tls, std::shared_ptr<TlsNetwork::Counters> counters);
  ~Channel();

  // The key that the other side proved. Errc::refused if TLS or we reject the link.
  static boost::asio::awaitable<Result<crypto::SigningPublicKey>> handshake(std::shared_ptr<Channel> self,
                                                                            Side side);
  // Errc::invalid if the peer broke a rule of frames, Errc::refused if TLS was refused late,
  // Errc::unreachable if the link ended.
  static boost::asio::awaitable<Result<Frame>> read(std::shared_ptr<Channel> self, Stage stage);
  // One frame, for greetings: a Hello or a Goodbye.
  static boost::asio::awaitable<Result<void>> send(std::shared_ptr<Channel> self, FrameKind kind,
                                                   Bytes message);
  // Writes what the buffers refer to, which must stay as it is until `done` is called.
  void write(std::vector<boost::asio::const_buffer> buffers, std::function<void(bool written)> done);

  void close();
  const std::string& remote_address() const { return remote_address_; }

 private:
  boost::asio::ssl::stream<Tcp::socket> stream_;
  std::shared_ptr<TlsNetwork::Counters> counters_;
  std::string remote_address_;  // without the port
};

// "host:port" or "[v6]:port"; an empty host means every address of this machine.
struct HostPort {
  std::string host;
  std::string port;
};
Result<HostPort> parse_host_port(const std::string& address);
std::string to_string(const Channel::Tcp::endpoint& endpoint);

}  // namespace peerstore::net
