// ShutDoors: what members say to whoever knocks with the key of a machine that does not belong any more. They
// close their links to it and tell it nothing else, so this is all that it ever learns of that.
#pragma once

#include <peerstore/link/directory.hpp>
#include <peerstore/runtime/result.hpp>

#include <string>

namespace peerstore::cli {

class ShutDoors {
 public:
  void open() { has_other_answers_ = true; }
  void failed(const Error& error) {
    const bool is_silent = error.code == Errc::unreachable || error.code == Errc::timed_out;
    const bool is_shut =
        error.code == Errc::refused && error.context.find(link::kNoMemberAnyMore) != std::string::npos;
    has_shut_ = has_shut_ || is_shut;
    has_other_answers_ = has_other_answers_ || (!is_shut && !is_silent);
  }
  // Somebody answered, and nobody anything else.
  bool are_all() const { return has_shut_ && !has_other_answers_; }

 private:
  bool has_shut_ = false;
  bool has_other_answers_ = false;
};

}  // namespace peerstore::cli
