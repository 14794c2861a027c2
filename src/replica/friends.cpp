#include "replica/friends.hpp"

namespace peerstore::replica {

bool Friends::lately(const Since& since, const wire::MemberId& member) const {
  const auto found = since.find(member);
  return found != since.end() && clock_.now() < found->second + kLeftAlone;
}

bool Friends::is_gone(const wire::MemberId& member) const { return view_.standing(member) == Standing::gone; }

bool Friends::is_live(const wire::MemberId& member) const {
  return view_.standing(member) == Standing::live && !lately(silent_since_, member);
}

bool Friends::may_be_back(const wire::MemberId& member) const {
  const Standing standing = view_.standing(member);
  return standing != Standing::live && standing != Standing::gone && !lately(silent_since_, member);
}

std::vector<wire::MemberId> Friends::worth_asking(const std::vector<wire::MemberId>& members) const {
  std::vector<wire::MemberId> order;
  std::vector<wire::MemberId> slow;
  for (const wire::MemberId& member : members) {
    if (is_live(member)) (lately(slow_since_, member) ? slow : order).push_back(member);
  }
  order.insert(order.end(), slow.begin(), slow.end());
  for (const wire::MemberId& member : members) {
    if (may_be_back(member)) order.push_back(member);
  }
  return order;
}

void Friends::note(const wire::MemberId& member, bool answered) {
  if (answered) {
    silent_since_.erase(member);
  } else {
    silent_since_.insert_or_assign(member, clock_.now());
  }
}

std::string Friends::name(const wire::MemberId& member) const {
  std::string name = name_of_ ? name_of_(member) : std::string();
  return name.empty() ? ring::short_name(member) : name;
}

std::string Friends::names(const std::vector<wire::MemberId>& members, std::string_view last) const {
  std::string text;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) text += i + 1 == members.size() ? last : std::string_view(", ");
    text += name(members[i]);
  }
  return text;
}

}  // namespace peerstore::replica
