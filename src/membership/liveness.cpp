#include "liveness.hpp"

#include <algorithm>
#include <iterator>

namespace peerstore::membership {

bool Liveness::belongs(const Roster& roster, const wire::MemberId& member) {
  const Member* found = roster.find(member);
  return found != nullptr && !found->gone;
}

void Liveness::heard_from(const Roster& roster, const wire::MemberId& member, TimePoint now) {
  if (!belongs(roster, member)) return;
  heard_.insert_or_assign(member, now);
  may_be_back(member);
}

void Liveness::may_be_back(const wire::MemberId& member) {
  if (away_.erase(member) == 0 || !live_of_) return;
  const auto place = std::ranges::lower_bound(live_, member);
  if (place == live_.end() || *place != member) live_.insert(place, member);
}

void Liveness::failed(const Roster& roster, const wire::MemberId& member) {
  if (member == self_ || !belongs(roster, member) || !away_.insert(member).second) return;
  const auto place = std::ranges::lower_bound(live_, member);
  if (place != live_.end() && *place == member) live_.erase(place);
}

bool Liveness::is_live(const Roster& roster, const wire::MemberId& member) const {
  return belongs(roster, member) && !away_.contains(member);
}

std::optional<TimePoint> Liveness::last_heard(const wire::MemberId& member) const {
  const auto found = heard_.find(member);
  if (found == heard_.end()) return std::nullopt;
  return found->second;
}

const std::vector<wire::MemberId>& Liveness::live(const Roster& roster) const {
  if (live_of_ == roster.digest()) return live_;
  live_.clear();
  std::ranges::set_difference(roster.present(), away_, std::back_inserter(live_));
  std::erase(live_, self_);
  live_of_ = roster.digest();
  return live_;
}

std::optional<wire::MemberId> Liveness::next_live(const Roster& roster, const wire::MemberId& member) const {
  const std::vector<wire::MemberId>& all = live(roster);
  if (all.empty()) return std::nullopt;
  const auto next = std::ranges::upper_bound(all, member);
  return next == all.end() ? all.front() : *next;
}

std::optional<wire::MemberId> Liveness::next_away(const Roster& roster, const wire::MemberId& member) const {
  auto at = away_.upper_bound(member);
  for (std::size_t looked = 0; looked < away_.size(); ++looked, ++at) {
    if (at == away_.end()) at = away_.begin();
    if (belongs(roster, *at)) return *at;
  }
  return std::nullopt;
}

}  // namespace peerstore::membership
