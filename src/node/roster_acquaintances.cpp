#include "node/roster_acquaintances.hpp"

#include <algorithm>

namespace peerstore::node {

namespace {
constexpr std::size_t kVoicesMax = 16;
constexpr std::size_t kVoicesToDecide = 3;
}  // namespace

std::vector<wire::MemberId> RosterAcquaintances::closest_preceding(const ring::Id& key,
                                                                   std::size_t most) const {
  const std::vector<wire::MemberId>& live = membership_.live();
  std::vector<wire::MemberId> nearest;
  auto at = static_cast<std::size_t>(std::ranges::lower_bound(live, key) - live.begin());
  // A member that stands on the key itself is its successor: last going backwards, and left out.
  for (std::size_t walked = 0; walked < live.size() && nearest.size() < most; ++walked) {
    at = (at + live.size() - 1) % live.size();
    if (live[at] != key) nearest.push_back(live[at]);
  }
  return nearest;
}

std::optional<wire::MemberId> RosterAcquaintances::successor_of(const ring::Id& key) const {
  const std::vector<wire::MemberId>& live = membership_.live();
  if (live.empty()) return std::nullopt;
  const auto at = std::ranges::lower_bound(live, key);
  return at == live.end() ? live.front() : *at;
}

std::vector<wire::MemberId> RosterAcquaintances::contacts(std::size_t most, bool even_if_away) const {
  const std::vector<wire::MemberId>& live = membership_.live();
  std::vector<wire::MemberId> contacts;
  const auto first = static_cast<std::size_t>(std::ranges::upper_bound(live, self_) - live.begin());
  for (std::size_t i = 0; i < live.size() && contacts.size() < most; ++i) {
    contacts.push_back(live[(first + i) % live.size()]);
  }
  if (!even_if_away) return contacts;
  const auto& members = membership_.roster().members();
  auto at = members.upper_bound(self_);
  for (std::size_t i = 0; i < members.size() && contacts.size() < most; ++i, ++at) {
    if (at == members.end()) at = members.begin();
    const bool wanted = at->first != self_ && !at->second.gone && !membership_.is_live(at->first);
    if (wanted) contacts.push_back(at->first);
  }
  return contacts;
}

std::vector<wire::MemberId> RosterAcquaintances::between(const ring::Id& a, const ring::Id& b,
                                                         std::size_t most) const {
  const auto& members = membership_.roster().members();
  std::vector<wire::MemberId> live;
  std::vector<wire::MemberId> away;
  auto at = members.upper_bound(a);
  for (std::size_t i = 0; i < members.size() && away.size() < most; ++i, ++at) {
    if (at == members.end()) at = members.begin();
    if (!ring::in_open(a, at->first, b) || live.size() == most) break;
    if (!at->second.gone) (membership_.is_live(at->first) ? live : away).push_back(at->first);
  }
  live.insert(live.end(), away.begin(), away.end());
  if (live.size() > most) live.resize(most);
  return live;
}

// Whoever catches up has none.
void RosterAcquaintances::note_voice(const wire::MemberId& member, const wire::RosterMarks& theirs) {
  if (theirs.statements == 0) return;
  std::erase_if(voices_, [&](const auto& voice) { return voice.first == member; });
  voices_.emplace_back(member, theirs.follows_neighbours_only());
  if (voices_.size() > kVoicesMax) voices_.pop_front();
}

RosterAcquaintances::Custom RosterAcquaintances::custom() const {
  const auto narrow = static_cast<std::size_t>(
      std::ranges::count_if(voices_, [](const auto& voice) { return voice.second; }));
  if (voices_.size() < kVoicesToDecide || 2 * narrow == voices_.size()) return Custom::unknown;
  return 2 * narrow > voices_.size() ? Custom::neighbours_only : Custom::whole_ring;
}

std::optional<Duration> RosterAcquaintances::mean_session() const {
  const std::uint64_t departures = membership_.departures();
  churn_.observe(clock_.now(), static_cast<double>(membership_.live().size()),
                 static_cast<double>(departures - departures_));
  departures_ = departures;
  return churn_.mean_session();
}

}  // namespace peerstore::node
