// The TLS settings of a machine: one self-signed Ed25519 certificate made in process from its node
// key, TLS 1.3 alone, and no judgement but "the other side holds this key". Whether the key belongs
// to a member is judged afterwards, in the greeting.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <peerstore/crypto/keys.hpp>

#include <optional>

namespace peerstore::net {

inline constexpr std::string_view kProtocolName = "peerstore/1";

// For both ends of links. Throws std::runtime_error if OpenSSL refuses: that is not expected.
boost::asio::ssl::context make_tls_context(const crypto::SigningSecretKey& node_secret);

// After a handshake: the key that the other side proved to hold. Nothing if the link is not what it
// must be (protocol name, version, certificate): such a link is to be closed.
std::optional<crypto::SigningPublicKey> proven_key(SSL* session);

}  // namespace peerstore::net
