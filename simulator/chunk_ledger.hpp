// ChunkLedger: the packs that the owners of a run stored, and where their chunks lie in truth.
//
// It plays two parts that are kept apart: what an owner knows of its packs (its index, which
// survives its crashes), and what the laws know of the disks of all machines.
#pragma once

#include <peerstore/replica/chunk_space.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/wire/messages.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace peerstore::simulator {

struct StoredChunk {
  wire::ChunkDescription description;
  wire::ChunkAddress address;
  wire::ReadToken token;
  SharedBytes segment;                   // nothing of those that somebody else made
  std::vector<wire::MemberId> receipts;  // who signed one, in the last put
  bool acknowledged = false;             // with as many receipts as the policy asks
  // Machines whose disk had it once under its final name, and may have.
  std::set<std::uint32_t> ever_on_disks;
  std::map<std::uint32_t, TimePoint> came_at;  // when it came to each disk last
};

struct StoredPack {
  wire::PersonNumber owner = 0;
  bool was_made_here = true;
  std::array<StoredChunk, wire::kClasses> chunks;
  bool is_acknowledged() const;
};

class ChunkLedger {
 public:
  struct Place {
    std::uint32_t pack;
    std::uint8_t chunk_class;
  };

  // A new pack, not stored yet. Returns its number.
  std::uint32_t make_pack(Entropy& entropy, Random& random, wire::PersonNumber owner);
  // A chunk that somebody else made, by the pack that it belongs to: known by its placement key.
  Place note_put(wire::PersonNumber owner, const wire::ChunkDescription& chunk,
                 const std::vector<wire::MemberId>& receipts, bool safe);
  std::uint32_t pack_count() const { return static_cast<std::uint32_t>(packs_.size()); }
  StoredPack& pack(std::uint32_t number) { return packs_[number]; }
  const StoredPack& pack(std::uint32_t number) const { return packs_[number]; }
  StoredChunk& chunk(Place place) { return packs_[place.pack].chunks[place.chunk_class]; }

  // Made here for this owner, in the order in which they were made.
  const std::vector<std::uint32_t>& packs_of(wire::PersonNumber owner) const;
  std::optional<Place> find(const wire::ChunkAddress& address) const;

  replica::ChunkRef reference(Place place) const;

 private:
  SharedBytes payload(std::uint64_t number);

  std::deque<StoredPack> packs_;  // owners keep references while they wait
  std::map<wire::PersonNumber, std::vector<std::uint32_t>> by_owner_;
  std::unordered_map<wire::ChunkAddress, Place, FixedBytesHash> by_address_;
  std::map<std::uint64_t, SharedBytes> payloads_;
  std::map<std::pair<wire::PersonNumber, ring::Id>, std::uint32_t> by_placement_key_;  // of those noted
};

}  // namespace peerstore::simulator
