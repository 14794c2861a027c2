// Asking a node's local API from another process of its owner.
#pragma once

#include <peerstore/runtime/result.hpp>

#include <string>

namespace peerstore::api {

// The JSON document at `target`. Blocks, for at most a few seconds. Errc::unreachable if no node
// runs at that home.
Result<std::string> get(const std::string& socket_path, const std::string& target);

}  // namespace peerstore::api
