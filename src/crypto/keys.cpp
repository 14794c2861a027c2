#include <sodium.h>
#include <peerstore/crypto/keys.hpp>

namespace peerstore::crypto {

bool start() { return sodium_init() >= 0; }

void wipe(std::span<std::uint8_t> secret) { sodium_memzero(secret.data(), secret.size()); }

}  // namespace peerstore::crypto
