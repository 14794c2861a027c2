#include <peerstore/runtime/result.hpp>

#include <stdexcept>

namespace peerstore {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::timed_out: return "timed out";
    case Errc::unreachable: return "unreachable";
    case Errc::not_found: return "not found";
    case Errc::refused: return "refused";
    case Errc::busy: return "busy";
    case Errc::full: return "full";
    case Errc::corrupt: return "corrupt";
    case Errc::invalid: return "invalid";
    case Errc::io: return "input/output error";
    case Errc::unsupported: return "unsupported";
    case Errc::cancelled: return "cancelled";
    case Errc::over_quota: return "over quota";
  }
  return "unknown error";
}

std::string Error::message() const {
  if (context.empty()) return std::string(to_string(code));
  return context + " (" + std::string(to_string(code)) + ")";
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("a failed Result was used as a value: " + error.message());
}

}  // namespace peerstore
