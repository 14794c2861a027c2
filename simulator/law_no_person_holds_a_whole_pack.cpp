#include "laws.hpp"

namespace peerstore::simulator {

std::optional<std::string> NoPersonHoldsAWholePack::hold(wire::PersonNumber person,
                                                         ChunkLedger::Place place) {
  constexpr std::uint8_t kAllClasses = (1U << wire::kClasses) - 1;
  std::uint8_t& classes = classes_[{person, place.pack}];
  const bool had_all = classes == kAllClasses;
  classes |= static_cast<std::uint8_t>(1U << place.chunk_class);
  if (had_all || classes != kAllClasses) return std::nullopt;
  return "person " + std::to_string(person) + " got hold of all classes of pack " +
         std::to_string(place.pack);
}

}  // namespace peerstore::simulator
