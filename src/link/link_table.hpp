// LinkTable: the open links, by member.
//
// A member may have several: both sides dialled at once, or it came back from sleep with a new address
// while the old link does not know yet that it is dead. The newest is the one to use. Links that a
// member's commands opened are kept apart: they ask, and are not asked.
#pragma once

#include "link.hpp"

#include <map>

namespace peerstore::link {

class LinkTable {
 public:
  void add(std::shared_ptr<Link> link);
  void remove(Link& link);

  // The newest link to the member's node, one that is not silent if there is one; or nothing.
  std::shared_ptr<Link> best(const wire::MemberId& member) const;
  // Of all links to the member's machine, the best.
  std::uint64_t send_rate(const wire::MemberId& member) const;
  // All, in the order in which they were added within a member.
  std::vector<std::shared_ptr<Link>> all() const;
  std::size_t size() const;

 private:
  // Joiners are under the zero id.
  std::map<wire::MemberId, std::vector<std::shared_ptr<Link>>> links_;
};

}  // namespace peerstore::link
