#include "laws.hpp"

namespace peerstore::simulator {

std::optional<std::string> ring_state_is_well_formed(const MemberSnapshot& member,
                                                     std::uint64_t incarnation_before,
                                                     std::size_t list_length) {
  const std::string name = ring::short_name(member.self.id);
  if (member.self.incarnation < incarnation_before) return name + " fell back to an earlier life";
  if (member.predecessor && member.predecessor->id == member.self.id) return name + " is its own predecessor";
  if (member.successors.size() > list_length) return name + " has too long a list";
  ring::Id farthest{};
  for (const wire::NodeRef& successor : member.successors) {
    // Measured from self, so that order and distinctness are one comparison.
    const ring::Id distance = ring::distance(member.self.id, successor.id);
    if (distance.is_zero()) return name + " is among its own successors";
    if (distance <= farthest) return name + " has its successors out of order";
    farthest = distance;
  }
  return std::nullopt;
}

}  // namespace peerstore::simulator
