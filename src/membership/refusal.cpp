#include <peerstore/membership/refusal.hpp>

#include <array>

namespace peerstore::membership {

namespace {
constexpr std::array kAll = {Refusal::cut_off, Refusal::mistyped, Refusal::foreign_ring, Refusal::forged,
                             Refusal::used,    Refusal::expired,  Refusal::withdrawn};
}

std::string_view words_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::cut_off: return "the invitation is cut off";
    case Refusal::mistyped: return "the invitation was mistyped or altered on its way";
    case Refusal::foreign_ring: return "is in another ring";
    case Refusal::forged: return "no admin of this ring made this invitation";
    case Refusal::used: return "the invitation was used before";
    case Refusal::expired: return "the invitation has expired";
    case Refusal::withdrawn: return "the invitation was withdrawn";
  }
  return {};
}

std::optional<Refusal> refusal_in(const Error& error) {
  for (const Refusal refusal : kAll) {
    if (error.context.find(words_of(refusal)) != std::string::npos) return refusal;
  }
  // Whoever answers there has another key than the one that the invitation names.
  if (error.context.find("another machine answers at this address") != std::string::npos) {
    return Refusal::foreign_ring;
  }
  return std::nullopt;
}

}  // namespace peerstore::membership
