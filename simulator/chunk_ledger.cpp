#include "chunk_ledger.hpp"

#include <peerstore/crypto/merkle.hpp>
#include <peerstore/replica/chunk_service.hpp>

#include <algorithm>

namespace peerstore::simulator {

namespace {
// Different bytes, but few of them: simulated disks keep equal pages once.
constexpr std::uint64_t kPayloads = 29;
}  // namespace

bool StoredPack::is_acknowledged() const { return std::ranges::all_of(chunks, &StoredChunk::acknowledged); }

SharedBytes ChunkLedger::payload(std::uint64_t number) {
  SharedBytes& bytes = payloads_[number];
  if (bytes.empty()) {
    SeededRandom random(number + 1);
    Bytes segment(wire::kSegmentBytes);
    for (std::uint8_t& byte : segment) byte = static_cast<std::uint8_t>(random.next());
    bytes = SharedBytes(std::move(segment));
  }
  return bytes;
}

std::uint32_t ChunkLedger::make_pack(Entropy& entropy, Random& random, wire::PersonNumber owner) {
  const auto number = pack_count();
  StoredPack pack;
  pack.owner = owner;
  const auto placement_key = entropy.make<ring::Id>();
  const auto commitment = entropy.make<crypto::Hash>();
  for (std::uint8_t chunk_class = 0; chunk_class < wire::kClasses; ++chunk_class) {
    StoredChunk& chunk = pack.chunks[chunk_class];
    chunk.segment = payload(random.below(kPayloads));
    chunk.token = entropy.make<wire::ReadToken>();
    wire::ChunkHeader& header = chunk.description.header;
    header.chunk_class = chunk_class;
    header.segments = 1;
    header.owner = owner;
    header.placement_key = placement_key;
    header.key_commitment = commitment;
    header.read_token_hash = replica::read_token_hash(chunk.token);
    chunk.description.leaves = {crypto::merkle_leaf(chunk.segment.view())};
    chunk.address = wire::address_of(chunk.description);
    by_address_.emplace(chunk.address, Place{number, chunk_class});
  }
  packs_.push_back(std::move(pack));
  by_owner_[owner].push_back(number);
  return number;
}

ChunkLedger::Place ChunkLedger::note_put(wire::PersonNumber owner, const wire::ChunkDescription& chunk,
                                         const std::vector<wire::MemberId>& receipts, bool safe) {
  const wire::ChunkHeader& header = chunk.header;
  const auto [known, is_new] =
      by_placement_key_.emplace(std::pair(owner, header.placement_key), pack_count());
  if (is_new) {
    packs_.emplace_back();
    packs_.back().owner = owner;
    packs_.back().was_made_here = false;
  }
  StoredChunk& noted = packs_[known->second].chunks[header.chunk_class];
  noted.description = chunk;
  noted.address = wire::address_of(chunk);
  noted.receipts = receipts;
  noted.acknowledged = noted.acknowledged || safe;
  const Place place{known->second, header.chunk_class};
  by_address_.emplace(noted.address, place);
  return place;
}

const std::vector<std::uint32_t>& ChunkLedger::packs_of(wire::PersonNumber owner) const {
  static const std::vector<std::uint32_t> kNone;
  const auto found = by_owner_.find(owner);
  return found == by_owner_.end() ? kNone : found->second;
}

std::optional<ChunkLedger::Place> ChunkLedger::find(const wire::ChunkAddress& address) const {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return std::nullopt;
  return found->second;
}

replica::ChunkRef ChunkLedger::reference(Place place) const {
  const StoredPack& pack = packs_[place.pack];
  const StoredChunk& chunk = pack.chunks[place.chunk_class];
  replica::ChunkRef reference;
  reference.address = chunk.address;
  reference.placement_key = chunk.description.header.placement_key;
  reference.chunk_class = place.chunk_class;
  reference.owner = pack.owner;
  reference.token = chunk.token;
  reference.holders = chunk.receipts;
  return reference;
}

}  // namespace peerstore::simulator
