#include "delivery_rate.hpp"

// The C library's own header knows a shorter tcp_info, and the two do not go together.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace peerstore::net {

std::uint64_t delivery_rate(int descriptor) {
  tcp_info info = {};
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  constexpr std::size_t kNeeded = offsetof(tcp_info, tcpi_delivery_rate) + sizeof info.tcpi_delivery_rate;
  return size < kNeeded ? 0 : info.tcpi_delivery_rate;
}

}  // namespace peerstore::net
