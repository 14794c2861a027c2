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
  try_later = 5,          // too few friends on line
  no_ring = 10,           // create or join first
  no_node = 11,           // not running, or busy
  wrong_passphrase = 12,  // or none was given
  refused = 13,           // not allowed, invitation refused
  no_space = 14,
  corrupt = 15,   // data failed verification
  problems = 20,  // verify found some
  // Why an invitation lets nobody in.
  invitation_cut_off = 21,
  invitation_mistyped = 22,
  invitation_of_another_ring = 23,
  invitation_forged = 24,
  invitation_used = 25,
  invitation_expired = 26,
  invitation_withdrawn = 27,
  interrupted = 130,
};

Exit exit_for(const Error& error);
// The same, but tells apart why an invitation lets nobody in.
Exit exit_for_invitation(const Error& error);

}  // namespace peerstore::cli
