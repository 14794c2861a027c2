// Of a TCP connection: the bytes a second that the other side acknowledged while the line was last busy, as
// the kernel measured it (Cardwell et al., "Delivery Rate Estimation"). What was sent in small pieces lowers
// it not. 0: not known.
#pragma once

#include <cstdint>

namespace peerstore::net {

std::uint64_t delivery_rate(int descriptor);

}  // namespace peerstore::net
