// What several friends of one invitation said when none of them opened. What a person is told is the one that
// says most. Pure.
#pragma once

#include <peerstore/runtime/result.hpp>

#include <optional>

namespace peerstore::cli {

// Has the ring said no? Anything else may be this one member's trouble.
bool is_final(const Error& error);

class DoorErrors {
 public:
  // True if no other door can say anything else.
  bool are_final_with(const Error& error);
  // Requires an error.
  Error told() const;

 private:
  std::optional<Error> says_most_;
  bool is_unknown_ = false;     // a door has not heard of this invitation
  bool is_unanswered_ = false;  // and another has said nothing
};

}  // namespace peerstore::cli
