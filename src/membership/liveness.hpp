// Liveness: this node's opinion of who answers now. Pure; never travels.
//
// Everybody is thought live until a call to them fails, so that a fresh node tries; then away, until
// they are heard from.
#pragma once

#include <peerstore/membership/roster.hpp>
#include <peerstore/runtime/clock.hpp>

#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace peerstore::membership {

class Liveness {
 public:
  explicit Liveness(wire::MemberId self) : self_(self) {}

  void heard_from(const Roster& roster, const wire::MemberId& member, TimePoint now);
  // Somebody heard from it lately: worth another try.
  void may_be_back(const wire::MemberId& member);
  void failed(const Roster& roster, const wire::MemberId& member);

  bool is_live(const Roster& roster, const wire::MemberId& member) const;
  std::optional<TimePoint> last_heard(const wire::MemberId& member) const;
  // Neither gone nor self nor away, by id.
  const std::vector<wire::MemberId>& live(const Roster& roster) const;
  // The first live one after `member` on the circle; nothing if nobody is.
  std::optional<wire::MemberId> next_live(const Roster& roster, const wire::MemberId& member) const;
  // The first that is away after `member` on the circle; nothing if nobody is.
  std::optional<wire::MemberId> next_away(const Roster& roster, const wire::MemberId& member) const;

 private:
  static bool belongs(const Roster& roster, const wire::MemberId& member);

  wire::MemberId self_;
  std::set<wire::MemberId> away_;
  std::unordered_map<wire::MemberId, TimePoint, FixedBytesHash> heard_;
  // Follows away_; made anew when the roster is another than `live_of_`.
  mutable std::vector<wire::MemberId> live_;
  mutable std::optional<crypto::Hash> live_of_;
};

}  // namespace peerstore::membership
