#include <peerstore/vault/pack_standing.hpp>

#include <utility>

namespace peerstore::vault {

std::vector<replica::ChunkRef> chunks_of(std::span<const PackRow> packs, wire::PersonNumber owner) {
  std::vector<replica::ChunkRef> chunks;
  chunks.reserve(packs.size() * wire::kClasses);
  for (const PackRow& pack : packs) {
    for (std::uint8_t c = 0; c < wire::kClasses; ++c) chunks.push_back(chunk_ref(pack, c, owner));
  }
  return chunks;
}

Task<Result<std::vector<PackStanding>>> standing_of(replica::ChunkSpace& space, std::vector<PackRow> packs) {
  auto answers = co_await space.standing(chunks_of(packs, space.owner()));
  if (!answers) co_return answers.error();
  if (answers->size() != packs.size() * wire::kClasses) {
    co_return fail(Errc::invalid, "not as many standings as chunks");
  }
  std::vector<PackStanding> standings(packs.size());
  for (std::size_t i = 0; i < answers->size(); ++i) {
    standings[i / wire::kClasses][i % wire::kClasses] = std::move((*answers)[i]);
  }
  co_return standings;
}

}  // namespace peerstore::vault
