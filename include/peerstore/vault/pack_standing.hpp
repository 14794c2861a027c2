// What friends say of whole packs: one question about the chunks of several.
#pragma once

#include <peerstore/replica/chunk_space.hpp>
#include <peerstore/vault/pack.hpp>

#include <array>
#include <span>
#include <vector>

namespace peerstore::vault {

// As many as one question should be about. Whoever has more asks again and again.
inline constexpr std::size_t kPacksAsked = 64;

// Of the chunk of each class.
using PackStanding = std::array<replica::ChunkStanding, wire::kClasses>;

// All chunks of these packs, one pack after another.
std::vector<replica::ChunkRef> chunks_of(std::span<const PackRow> packs, wire::PersonNumber owner);

// In the order of the packs. The space outlives the question; errors are those of its standing().
Task<Result<std::vector<PackStanding>>> standing_of(replica::ChunkSpace& space, std::vector<PackRow> packs);

}  // namespace peerstore::vault
