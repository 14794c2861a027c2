#include "exit_codes.hpp"

#include <peerstore/membership/refusal.hpp>

namespace peerstore::cli {

Exit exit_for(const Error& error) {
  switch (error.code) {
    case Errc::not_found: return Exit::not_found;
    case Errc::timed_out:
    case Errc::unreachable: return Exit::try_later;
    case Errc::busy: return Exit::no_node;
    case Errc::refused: return Exit::refused;
    case Errc::full:
    case Errc::over_quota: return Exit::no_space;
    case Errc::corrupt: return Exit::corrupt;
    case Errc::cancelled: return Exit::interrupted;
    case Errc::invalid:
    case Errc::io:
    case Errc::unsupported: return Exit::failed;
  }
  return Exit::failed;
}

Exit exit_for_invitation(const Error& error) {
  const auto refusal = membership::refusal_in(error);
  if (!refusal) return exit_for(error);
  switch (*refusal) {
    case membership::Refusal::cut_off: return Exit::invitation_cut_off;
    case membership::Refusal::mistyped: return Exit::invitation_mistyped;
    case membership::Refusal::foreign_ring: return Exit::invitation_of_another_ring;
    case membership::Refusal::forged: return Exit::invitation_forged;
    case membership::Refusal::used: return Exit::invitation_used;
    case membership::Refusal::expired: return Exit::invitation_expired;
    case membership::Refusal::withdrawn: return Exit::invitation_withdrawn;
  }
  return exit_for(error);
}

}  // namespace peerstore::cli
