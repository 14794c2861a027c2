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
    const std::size_t at = error.context.find(link::kRefusedByMember);
    if (at == std::string::npos) return;
    const bool is_shut =
        error.code == Errc::refused && error.context.find(link::kNoMemberAnyMore, at) != std::string::npos;
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
