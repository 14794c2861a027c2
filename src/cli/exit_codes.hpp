// What the peerstore command returns. docs/commands.md has the table for people.
#pragma once

#include <peerstore/runtime/result.hpp>

namespace peerstore::cli {

enum class Exit : int {
  done = 0,
  failed = 1,
  usage = 2,
  in_part = 3,  // some files
  not_found = 4,
  try_later = 5,  // too few friends on line
  no_ring = 10,   // create or join first
  no_node = 11,   // not running, or busy
  refused = 13,   // not allowed, invitation refused
  no_space = 14,
  corrupt = 15,   // data failed verification
  problems = 20,  // verify found some
  interrupted = 130,
  terminated = 143,
};

Exit exit_for(const Error& error);

}  // namespace peerstore::cli
