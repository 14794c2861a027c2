// The oracle of placement: the rule of the header's comment, word for word, without any thought
// for speed. It shares nothing with src/placement but the token function.
#pragma once

#include <peerstore/placement/placement.hpp>

#include <algorithm>
#include <vector>

namespace peerstore::placement {

inline std::vector<ring::Id> naive_preference_list(const Policy& policy, const std::vector<Machine>& roster,
                                                   const ChunkPlace& chunk) {
  struct Candidate {
    ring::Id distance;  // clockwise from the placement key to the nearest token
    const Machine* machine;
  };
  std::vector<Candidate> candidates;
  for (const Machine& machine : roster) {
    if (machine.person == chunk.owner) continue;
    if (policy.colours != 0 && machine.colour == chunk.chunk_class) continue;
    if (machine.bytes_given == 0) continue;
    ring::Id nearest;
    nearest.bytes.fill(0xff);
    std::uint64_t tokens = policy.bytes_per_token == 0 ? 1 : machine.bytes_given / policy.bytes_per_token;
    tokens = std::min<std::uint64_t>(std::max<std::uint64_t>(tokens, 1), policy.tokens_max);
    for (std::uint32_t i = 0; i < tokens; ++i) {
      nearest = std::min(nearest, ring::distance(chunk.placement_key, token(machine.id, i)));
    }
    candidates.push_back({nearest, &machine});
  }
  std::vector<ring::Id> list;
  while (!candidates.empty()) {
    Candidate best = candidates.front();
    for (const Candidate& candidate : candidates) {
      if (candidate.distance < best.distance) best = candidate;
    }
    list.push_back(best.machine->id);
    std::erase_if(candidates,
                  [&](const Candidate& other) { return other.machine->person == best.machine->person; });
  }
  return list;
}

}  // namespace peerstore::placement
