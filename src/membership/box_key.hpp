// A person's box key: to whom others seal what they share. It follows from the drive secret, so
// that nothing else has to be kept.
#pragma once

#include <peerstore/crypto/keys.hpp>

namespace peerstore::membership {

crypto::BoxPublicKey box_key_of(const crypto::SecretKey& drive_secret);

}  // namespace peerstore::membership
