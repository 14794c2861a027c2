#include "laws.hpp"

namespace peerstore::simulator {

std::optional<std::string> a_copy_is_dropped_only_for_others(const StoredChunk& chunk, unsigned copies,
                                                             const HasCopy& has_copy) {
  const std::size_t left = copies_of(chunk, has_copy);
  if (left >= copies) return std::nullopt;
  return "a copy of class " + std::to_string(chunk.description.header.chunk_class) +
         " of a pack was dropped, and only " + std::to_string(left) + " others are on disks";
}

}  // namespace peerstore::simulator
