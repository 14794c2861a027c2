#include "laws.hpp"

#include <algorithm>

namespace peerstore::simulator {

namespace {

using Ring = std::vector<MemberSnapshot>;  // sorted by identifier

std::size_t place_after(const Ring& ring, const ring::Id& id) {
  const auto next = std::ranges::upper_bound(ring, id, {}, [](const auto& one) { return one.self.id; });
  return next == ring.end() ? 0 : static_cast<std::size_t>(next - ring.begin());
}

std::optional<std::size_t> place_of(const Ring& ring, const ring::Id& id) {
  const auto found = std::ranges::lower_bound(ring, id, {}, [](const auto& one) { return one.self.id; });
  if (found == ring.end() || found->self.id != id) return std::nullopt;
  return static_cast<std::size_t>(found - ring.begin());
}

// bestSucc: the first of the list who is alive.
std::optional<std::size_t> best_successor(const Ring& ring, const MemberSnapshot& member) {
  for (const wire::NodeRef& successor : member.successors) {
    if (const auto place = place_of(ring, successor.id)) return place;
  }
  return std::nullopt;
}

// Marks whom an extended list (self, then the list) passes over.
void mark_skipped(const Ring& ring, const MemberSnapshot& member, std::vector<bool>& skipped) {
  ring::Id from = member.self.id;
  for (const wire::NodeRef& to : member.successors) {
    for (std::size_t at = place_after(ring, from); ring::in_open(from, ring[at].self.id, to.id);
         at = (at + 1) % ring.size()) {
      skipped[at] = true;
    }
    from = to.id;
  }
}

// Following best successors from anywhere ends in one and the same cycle, once around the circle.
bool is_one_ring(const std::vector<std::size_t>& next) {
  std::size_t at = 0;
  for (std::size_t steps = 0; steps < next.size(); ++steps) at = next[at];
  std::vector<bool> in_cycle(next.size());
  std::size_t wraps = 0;
  for (std::size_t one = at; !in_cycle[one]; one = next[one]) {
    in_cycle[one] = true;
    if (next[one] <= one) ++wraps;
  }
  if (wraps > 1) return false;
  for (std::size_t from = 0; from < next.size(); ++from) {
    std::size_t reached = from;
    for (std::size_t steps = 0; steps < next.size() && !in_cycle[reached]; ++steps) reached = next[reached];
    if (!in_cycle[reached]) return false;
  }
  return true;
}

}  // namespace

RingHealth health_of_ring(std::vector<MemberSnapshot> members) {
  RingHealth health;
  std::ranges::sort(members, {}, [](const MemberSnapshot& member) { return member.self.id; });
  if (members.size() < 2) {
    health.principals = members.size();
    return health;
  }
  std::vector<std::size_t> next;
  std::vector<bool> skipped(members.size());
  for (std::size_t at = 0; at < members.size(); ++at) {
    const std::optional<std::size_t> successor = best_successor(members, members[at]);
    if (!successor && !health.without_live_successor) health.without_live_successor = members[at].self;
    next.push_back(successor.value_or(at));
    mark_skipped(members, members[at], skipped);
  }
  health.principals = static_cast<std::size_t>(std::ranges::count(skipped, false));
  health.on_several_rings = !is_one_ring(next);
  return health;
}

std::optional<std::string> ring_invariant_holds(const RingHealth& health, std::size_t list_length) {
  if (health.without_live_successor) {
    return ring::short_name(health.without_live_successor->id) + " has no live successor";
  }
  if (health.on_several_rings) return "there is more than one ring";
  if (health.principals < list_length + 1) {
    return "only " + std::to_string(health.principals) + " members are skipped by nobody";
  }
  return std::nullopt;
}

}  // namespace peerstore::simulator
