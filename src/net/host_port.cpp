#include "host_port.hpp"

#include <peerstore/wire/messages.hpp>

namespace peerstore::net {

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

std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

}  // namespace peerstore::net
