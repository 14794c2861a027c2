// RosterAcquaintances: everybody on the roster, as far as they answer, as the members whom chord
// knows besides its neighbours. In a friends' ring that is everybody, and a lookup is one hop.
#pragma once

#include <peerstore/chord/chord_node.hpp>
#include <peerstore/membership/membership.hpp>

namespace peerstore::node {

class RosterAcquaintances final : public chord::Acquaintances {
 public:
  // `membership` outlives this.
  RosterAcquaintances(membership::Membership& membership, wire::MemberId self)
      : membership_(membership), self_(self) {}

  std::vector<wire::MemberId> closest_preceding(const ring::Id& key, std::size_t most) const override;
  std::optional<wire::MemberId> successor_of(const ring::Id& key) const override;
  // Clockwise from self: whoever stands between this member and its successor comes first.
  std::vector<wire::MemberId> contacts(std::size_t most, bool even_if_away) const override;
  void heard_from(const wire::MemberId& member) override { membership_.heard_from(member); }
  void failed(const wire::MemberId& member) override { membership_.failed(member); }
  crypto::Hash roster_digest() const override { return membership_.digest(); }
  void compare_roster(const wire::MemberId& member, const crypto::Hash& theirs) override {
    membership_.compare(member, theirs);
  }

 private:
  membership::Membership& membership_;
  wire::MemberId self_;
};

}  // namespace peerstore::node
