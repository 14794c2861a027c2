// What this home's node says of itself over the local API.
#pragma once

#include "home.hpp"

#include <string>
#include <vector>

namespace peerstore::cli {

struct NodeHealth {
  bool ok = false;                     // in the ring
  bool is_shut_out = false;            // all who answer it say that it does not belong any more
  std::string local_address;           // where commands of this home reach it
  std::vector<std::string> addresses;  // that it tells others
  std::uint64_t bytes_given = 0;       // by the owner
  std::uint64_t bytes_usable = 0;      // of them: fewer if the disk has not so much
  std::string document;                // as it was answered
};
// What to tell the owner of a disk that has less than is given; else empty.
std::string lack_of_space(const NodeHealth& health);

// Errc::unreachable if no node runs; invalid if it answers what this program does not understand.
Result<NodeHealth> node_health(const Home& home);

// False also if no node runs.
bool is_node_unlocked(const Home& home);

}  // namespace peerstore::cli
