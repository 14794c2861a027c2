#include "laws.hpp"

#include <algorithm>

namespace peerstore::simulator {

std::size_t copies_of(const StoredChunk& chunk, const HasCopy& has_copy) {
  const auto has_it = [&](std::uint32_t machine) { return has_copy(machine, chunk.address); };
  return static_cast<std::size_t>(std::ranges::count_if(chunk.ever_on_disks, has_it));
}

std::vector<std::string> no_acknowledged_chunk_lost(const ChunkLedger& ledger, const HasCopy& has_copy) {
  std::vector<std::string> lost;
  for (std::uint32_t number = 0; number < ledger.pack_count(); ++number) {
    for (const StoredChunk& chunk : ledger.pack(number).chunks) {
      if (!chunk.acknowledged || copies_of(chunk, has_copy) > 0) continue;
      lost.push_back("nobody has class " + std::to_string(chunk.description.header.chunk_class) +
                     " of pack " + std::to_string(number) + " any more");
    }
  }
  return lost;
}

}  // namespace peerstore::simulator
