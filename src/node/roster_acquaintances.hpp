// RosterAcquaintances: everybody on the roster, as far as they answer, as the members whom chord
// knows besides its neighbours. In a friends' ring that is everybody, and a lookup is one hop.
#pragma once

#include <peerstore/chord/chord_node.hpp>
#include <peerstore/membership/membership.hpp>

#include <deque>
#include <utility>

namespace peerstore::node {

class RosterAcquaintances final : public chord::Acquaintances {
 public:
  // `membership` outlives this.
  RosterAcquaintances(Clock& clock, membership::Membership& membership, wire::MemberId self)
      : clock_(clock), membership_(membership), self_(self) {}

  std::vector<wire::MemberId> closest_preceding(const ring::Id& key, std::size_t most) const override;
  std::optional<wire::MemberId> successor_of(const ring::Id& key) const override;
  // Clockwise from self: whoever stands between this member and its successor comes first.
  std::vector<wire::MemberId> contacts(std::size_t most, bool even_if_away) const override;
  std::vector<wire::MemberId> between(const ring::Id& a, const ring::Id& b, std::size_t most) const override;
  void heard_from(const wire::MemberId& member) override { membership_.heard_from(member); }
  void failed(const wire::MemberId& member) override { membership_.failed(member); }
  wire::RosterMarks roster_marks() const override { return membership_.marks(); }
  void compare_roster(const wire::MemberId& member, const wire::RosterMarks& theirs) override {
    note_voice(member, theirs);
    membership_.compare(member, theirs);
  }
  void entered(const wire::MemberId& successor) override { membership_.enter(successor); }
  void lost(const wire::MemberId& next) override { membership_.lost(next); }
  std::optional<Duration> mean_session() const override;
  void assume_session(Duration session) override { churn_.assume(session); }
  // What most of those do who answered lately, each with one voice: no single one decides.
  enum class Custom : std::uint8_t { unknown, neighbours_only, whole_ring };
  Custom custom() const;

 private:
  void note_voice(const wire::MemberId& member, const wire::RosterMarks& theirs);

  Clock& clock_;
  membership::Membership& membership_;
  wire::MemberId self_;
  mutable chord::ChurnEstimate churn_{std::chrono::hours(18)};  // of the whole ring, by the news
  mutable std::uint64_t departures_ = 0;
  // Who follows its neighbours only, of those who answered last.
  std::deque<std::pair<wire::MemberId, bool>> voices_;
};

}  // namespace peerstore::node
