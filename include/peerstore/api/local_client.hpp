// Asking a node's local API from another process of its owner.
#pragma once

#include <peerstore/runtime/result.hpp>

#include <string>

namespace peerstore::api {

enum class Method : std::uint8_t { get, post, remove };

// Errc::refused, with the node's words, if it says no; not_found if it knows no such target.
Result<std::string> request(const std::string& socket_path, Method method, const std::string& target,
                            const std::string& body);

// The JSON document at `target`. Both block, for at most a few seconds. Errc::unreachable if no node
// runs at that home.
Result<std::string> get(const std::string& socket_path, const std::string& target);

}  // namespace peerstore::api
