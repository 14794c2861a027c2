// Refusal: why an invitation does not let somebody in, so that a command can say each in its own way.
//
// Between machines an error is a code and words for people. The words that tell these apart are
// constants, made and found again here.
#pragma once

#include <peerstore/runtime/result.hpp>

#include <optional>
#include <string_view>

namespace peerstore::membership {

enum class Refusal : std::uint8_t { cut_off, mistyped, foreign_ring, forged, used, expired, withdrawn };

// The words by which it is known.
std::string_view words_of(Refusal refusal);
std::optional<Refusal> refusal_in(const Error& error);

}  // namespace peerstore::membership
