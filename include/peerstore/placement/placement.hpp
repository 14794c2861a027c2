// Placement: who should hold a chunk. A pure function of the roster and the policy, never of who
// is awake or has room, so that every machine reckons the same and a sleeping laptop moves nothing.
//
// Each machine stands on the circle at one token for each fixed amount of space it gives
// (consistent hashing, Karger et al. 1997; virtual servers as in CFS, SOSP 2001). The preference
// list of a chunk walks the tokens clockwise from its placement key and takes the first machine
// of each person, but
//   - no machine whose person's colour is the chunk's class: the anti-colocation rule, by which
//     no machine and no person can ever hold all the chunks of a pack;
//   - no machine of the owner: a copy on the owner's own laptop is no backup.
// The first `copies` entries are the preferred holders. tests/placement holds a naive twin.
#pragma once

#include <peerstore/ring/id.hpp>
#include <peerstore/runtime/clock.hpp>

#include <cstdint>
#include <vector>

namespace peerstore::placement {

// The ring's signed parameters.
struct Policy {
  std::uint8_t copies = 3;   // r
  std::uint8_t colours = 5;  // K; 0 = the anti-colocation rule is off
  // So many that ten machines which give 20 GB each share evenly; and no more than a circle of large disks
  // can bear. docs/protocol.md, "Chunks", has the figures.
  std::uint64_t bytes_per_token = std::uint64_t{128} << 20;
  std::uint32_t tokens_max = 32'768;
  Duration grace = std::chrono::hours(24 * 7);  // how long a machine may be away before repair
  bool operator==(const Policy&) const = default;
};

struct Machine {
  ring::Id id;
  std::uint32_t person = 0;
  std::uint8_t colour = 0;
  std::uint64_t bytes_given = 0;
  bool operator==(const Machine&) const = default;
};

struct ChunkPlace {
  ring::Id placement_key;
  std::uint8_t chunk_class = 0;
  std::uint32_t owner = 0;
};

// Tokens of a machine: one for each full policy.bytes_per_token given, at least one, at most
// policy.tokens_max. (bytes_per_token == 0 is the policy of very large rings: one token each.) None if it
// gives nothing, as a machine that is being emptied.
std::uint32_t token_count(const Policy& policy, std::uint64_t bytes_given);
ring::Id token(const ring::Id& machine, std::uint32_t index);

// May this person's machines hold a chunk of this class at all?
bool may_hold(const Policy& policy, std::uint8_t colour, std::uint8_t chunk_class);

// An immutable circle of tokens, made anew when the roster or the policy changes. The order
// of the roster means nothing; of two machines with one id, only one counts.
class Map {
 public:
  Map(Policy policy, std::vector<Machine> machines);

  const Policy& policy() const { return policy_; }
  const std::vector<Machine>& machines() const { return machines_; }
  const Machine* find(const ring::Id& machine) const;

  // At most `most` entries, in order of preference.
  std::vector<ring::Id> preference_list(const ChunkPlace& chunk, std::size_t most = SIZE_MAX) const;

  // How many copies the rule allows for the worst class of this owner's chunks: the smallest
  // length of a preference list over the classes, at most policy().copies.
  unsigned reachable_copies(std::uint32_t owner) const;

 private:
  struct Token {
    ring::Id at;
    std::uint32_t machine;
  };
  Policy policy_;
  std::vector<Machine> machines_;           // by id
  std::vector<std::uint32_t> person_rank_;  // of each machine's person, in 0..persons_-1: index of a mark
  std::uint32_t persons_ = 0;
  std::vector<Token> tokens_;  // clockwise
};

}  // namespace peerstore::placement
