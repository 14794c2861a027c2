#include "door_errors.hpp"

#include <peerstore/membership/refusal.hpp>
#include <peerstore/runtime/check.hpp>

namespace peerstore::cli {

bool is_final(const Error& error) {
  const auto refusal = membership::refusal_in(error);
  return refusal && *refusal != membership::Refusal::foreign_ring;
}

bool DoorErrors::are_final_with(const Error& error) {
  if (!says_most_ || is_final(error) || error.code == Errc::refused) says_most_ = error;
  // Whoever slept when the invitation was made cannot tell it from a forged one; another door may.
  const bool is_unknown_here = membership::refusal_in(error) == membership::Refusal::forged;
  is_unknown_ = is_unknown_ || is_unknown_here;
  is_unanswered_ = is_unanswered_ || !is_final(error);
  return is_final(error) && !is_unknown_here;
}

Error DoorErrors::told() const {
  CHECK(says_most_.has_value());
  const bool is_open = is_unknown_ && is_unanswered_;
  if (is_open && membership::refusal_in(*says_most_) == membership::Refusal::forged) {
    return fail(Errc::unreachable,
                "the friend that answers has not heard of this invitation, and the others do not answer");
  }
  return *says_most_;
}

}  // namespace peerstore::cli
