// Admission: may this joiner have the place it claims? Changes nothing.
#pragma once

#include <peerstore/membership/roster.hpp>
#include <peerstore/runtime/clock.hpp>
#include <peerstore/wire/messages.hpp>

namespace peerstore::membership {

// The two statements of a good claim, and the member that they make. Idempotent: whoever has been
// let in by the same statements is let in again.
struct Claim {
  wire::Statement person;
  wire::Statement machine;
  wire::MemberId member;
  std::uint64_t bytes_given = 0;
};
// Errc::refused with a reason for people: not invited, withdrawn, used, expired; Errc::invalid if
// it is no claim at all.
Result<Claim> check_claim(crypto::Signatures& signatures, const Roster& roster, const wire::Join& request,
                          WallTime now);

}  // namespace peerstore::membership
