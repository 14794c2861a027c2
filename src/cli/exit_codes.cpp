#include "exit_codes.hpp"

namespace peerstore::cli {

Exit exit_for(const Error& error) {
  switch (error.code) {
    case Errc::not_found: return Exit::not_found;
    case Errc::timed_out:
    case Errc::unreachable: return Exit::try_later;
    case Errc::busy: return Exit::no_node;
    case Errc::refused: return Exit::refused;
    case Errc::full: return Exit::no_space;
    case Errc::corrupt: return Exit::corrupt;
    case Errc::cancelled: return Exit::interrupted;
    case Errc::invalid:
    case Errc::io:
    case Errc::unsupported: return Exit::failed;
  }
  return Exit::failed;
}

}  // namespace peerstore::cli
