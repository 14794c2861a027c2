#include "laws.hpp"

#include <algorithm>

namespace peerstore::simulator {

namespace {

std::string described(const wire::NodeRef& node) {
  return ring::short_name(node.id) + "/" + std::to_string(node.incarnation);
}

// `ring` is sorted, and `at` the place of the member that is judged.
std::optional<std::string> flaw_of(const std::vector<MemberSnapshot>& ring, std::size_t at,
                                   std::size_t list_length) {
  const MemberSnapshot& member = ring[at];
  const std::string name = described(member.self);
  if (member.phase != wire::Phase::member) return name + " is no member";
  const std::size_t others = ring.size() - 1;
  const std::size_t length = std::min(list_length, others);
  for (std::size_t i = 0; i < std::min(length, member.successors.size()); ++i) {
    const wire::NodeRef& truth = ring[(at + i + 1) % ring.size()].self;
    if (member.successors[i] == truth) continue;
    return "successor " + std::to_string(i) + " of " + name + " is " + described(member.successors[i]) +
           " where " + described(truth) + " stands";
  }
  if (member.successors.size() != length) {
    return name + " has a list of " + std::to_string(member.successors.size()) + " where there are " +
           std::to_string(length);
  }
  if (others > 0) {
    const wire::NodeRef& truth = ring[(at + others) % ring.size()].self;
    if (!member.predecessor) return name + " has no predecessor";
    if (*member.predecessor != truth) {
      return "the predecessor of " + name + " is " + described(*member.predecessor) + " where " +
             described(truth) + " stands";
    }
  }
  if (member.roster_digest != ring.front().roster_digest) return name + " knows another roster";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ring_becomes_ideal(std::vector<MemberSnapshot> live, std::size_t list_length) {
  std::ranges::sort(live, {}, [](const MemberSnapshot& member) { return member.self.id; });
  for (std::size_t at = 0; at < live.size(); ++at) {
    if (auto flaw = flaw_of(live, at, list_length)) return flaw;
  }
  return std::nullopt;
}

std::optional<std::string> everybody_is_believed_live(const std::vector<MemberSnapshot>& live) {
  for (const MemberSnapshot& member : live) {
    if (member.members_believed_live == live.size() - 1) continue;
    return described(member.self) + " believes " + std::to_string(member.members_believed_live) + " of " +
           std::to_string(live.size() - 1) + " others live";
  }
  return std::nullopt;
}

}  // namespace peerstore::simulator
