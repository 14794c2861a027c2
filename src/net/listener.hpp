// Listener: accepts connections, as many as may stand at the door, and hands them on as TLS streams.
//
// Asio's coroutines hold it by shared_ptr and may outlive whoever made it: after each wait they look
// whether it was closed, and end.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <peerstore/link/link_network.hpp>
#include <peerstore/net/loop.hpp>

#include "half_open.hpp"

#include <memory>
#include <string>
#include <vector>

namespace peerstore::net {

class Listener final : public std::enable_shared_from_this<Listener> {
 public:
  using Tcp = boost::asio::ip::tcp;

  // All three outlive close().
  Listener(Loop& loop, boost::asio::ssl::context& tls, link::LinkNetwork& links);

  // Returns the address bound.
  Result<std::string> listen(const std::string& address);
  void close();
  // Connections that were not even greeted.
  std::uint64_t turned_away() const { return turned_away_; }

 private:
  bool is_closed() const { return links_ == nullptr; }
  static boost::asio::awaitable<void> accept_all(std::shared_ptr<Listener> self,
                                                 std::shared_ptr<Tcp::acceptor> acceptor);
  void welcome(Tcp::socket socket, HalfOpen::Place place, const std::string& from);

  Loop& loop_;
  boost::asio::ssl::context& tls_;
  link::LinkNetwork* links_;  // null after close()
  HalfOpen half_open_;
  std::vector<std::shared_ptr<Tcp::acceptor>> acceptors_;
  std::uint64_t turned_away_ = 0;
};

}  // namespace peerstore::net
