// Asking a node's local API from another process of its owner.
#pragma once

#include <peerstore/crypto/secret.hpp>
#include <peerstore/runtime/result.hpp>

#include <string>
#include <string_view>

namespace peerstore::api {

enum class Method : std::uint8_t { get, post, remove };

// Errc::refused, with the node's words, if it says no; not_found if it knows no such target. `body` may be a
// secret: it is copied nowhere on its way to the socket.
Result<std::string> request(const std::string& socket_path, Method method, const std::string& target,
                            std::string_view body);

// The JSON document at `target`. Both block, for at most a few seconds. Errc::unreachable if no node
// runs at that home.
Result<std::string> get(const std::string& socket_path, const std::string& target);
// The bytes of a secret there; none if there is none just now. They pass through locked memory alone.
Result<crypto::SecretBytes> get_secret(const std::string& socket_path, const std::string& target);

}  // namespace peerstore::api
