// sealed_output: where OpenSSL puts what is to be sent, as a BIO that never makes it wait.
#pragma once

#include <openssl/bio.h>
#include <peerstore/runtime/bytes.hpp>

namespace peerstore::net {

// Appends to `records`, which outlives it. Null if there is no memory.
BIO* sealed_output(Bytes& records);

}  // namespace peerstore::net
