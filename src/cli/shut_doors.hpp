// ShutDoors: what members say to whoever knocks with the key of a machine that does not belong any more. They
// close their links to it and tell it nothing else, so this is all that it ever learns of that. Where a
// member was, anybody may answer now: what such a one says counts neither way.
#pragma once

#include <peerstore/link/directory.hpp>
#include <peerstore/runtime/result.hpp>

#include <string>

namespace peerstore::cli {

class ShutDoors {
 public:
  void open() { has_other_answers_ = true; }
  void failed(const Error& error) {
    const bool is_of_member =
        error.code != Errc::unreachable && error.context.find(link::kRefusedByMember) != std::string::npos;
    if (!is_of_member) return;
    const bool is_shut = link::says_no_member_any_more(error);
    has_shut_ = has_shut_ || is_shut;
    has_other_answers_ = has_other_answers_ || !is_shut;
  }
  // A member says so, and none anything else.
  bool are_all() const { return has_shut_ && !has_other_answers_; }

 private:
  bool has_shut_ = false;
  bool has_other_answers_ = false;
};

}  // namespace peerstore::cli
