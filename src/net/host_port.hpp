// "host:port" or "[v6]:port"; an empty host means every address of this machine.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <peerstore/runtime/result.hpp>

#include <string>

namespace peerstore::net {

struct HostPort {
  std::string host;
  std::string port;
};
// Errc::invalid says what is wrong.
Result<HostPort> parse_host_port(const std::string& address);
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace peerstore::net
