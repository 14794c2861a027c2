#include "link_table.hpp"

#include <algorithm>

#include "limits.hpp"

namespace peerstore::link {

namespace {
wire::MemberId member_of(const Link& link) {
  return link.peer().member ? link.peer().member->member : wire::MemberId{};
}
}  // namespace

void LinkTable::add(std::shared_ptr<Link> link) {
  const bool of_member = link->peer().member.has_value();
  auto& links = links_[member_of(*link)];
  const std::shared_ptr<Link> oldest = links.empty() ? nullptr : links.front();
  links.push_back(std::move(link));
  if (of_member && links.size() > kLinksPerMemberMax) {
    oldest->say_goodbye(fail(Errc::busy, "too many links of one member"));
  }
}

void LinkTable::remove(Link& link) {
  const auto found = links_.find(member_of(link));
  if (found == links_.end()) return;
  std::erase_if(found->second, [&](const std::shared_ptr<Link>& each) { return each.get() == &link; });
  if (found->second.empty()) links_.erase(found);
}

std::shared_ptr<Link> LinkTable::best(const wire::MemberId& member) const {
  const auto found = links_.find(member);
  if (found == links_.end()) return nullptr;
  std::shared_ptr<Link> best;
  for (const std::shared_ptr<Link>& link : found->second) {
    if (!link->is_open() || link->peer().role != Role::node) continue;
    if (best == nullptr || !link->is_silent() || best->is_silent()) best = link;
  }
  return best;
}

std::uint64_t LinkTable::send_rate(const wire::MemberId& member) const {
  const auto found = links_.find(member);
  if (found == links_.end()) return 0;
  std::uint64_t rate = 0;
  for (const std::shared_ptr<Link>& link : found->second) {
    if (link->is_open()) rate = std::max(rate, link->send_rate());
  }
  return rate;
}

std::vector<std::shared_ptr<Link>> LinkTable::all() const {
  std::vector<std::shared_ptr<Link>> all;
  for (const auto& [member, links] : links_) all.insert(all.end(), links.begin(), links.end());
  return all;
}

std::size_t LinkTable::size() const {
  std::size_t size = 0;
  for (const auto& [member, links] : links_) size += links.size();
  return size;
}

}  // namespace peerstore::link
