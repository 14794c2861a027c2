// FingerTable: a sample of the members, dense near self and ever sparser with distance, for a node
// that cannot follow the whole ring. (Chord's fingers, TON 2003 section IV-D, in the form of EpiChord
// and Accordion: whoever was met is a finger, as long as it probably lives.)
//
// The circle is divided by distance from self into octaves (each twice as far as the one before), and
// each octave into four cells. A cell keeps the few members that showed life last. Nobody is asked
// merely to fill the table: it learns from whoever calls or answers, and from the lists in answers;
// next_to_refresh() names what is worth a question. Whoever fails is dropped.
// Pure: is told the time. Invariant: self is not in it, at most kInACell in a cell.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/wire/types.hpp>

#include <map>
#include <optional>
#include <vector>

namespace peerstore::chord {

class FingerTable {
 public:
  explicit FingerTable(const wire::MemberId& self) : self_(self) {}

  // It spoke, or somebody next to it named it, at `when`. An older sign of life changes nothing.
  void add(const wire::MemberId& member, TimePoint when);
  void remove(const wire::MemberId& member);
  void clear() { fingers_.clear(); }
  std::size_t size() const { return fingers_.size(); }

  // The nearest before `key` going counter-clockwise, nearest first, not beyond self; those who
  // showed life since `since` before all others.
  std::vector<wire::MemberId> closest_preceding(const ring::Id& key, std::size_t most, TimePoint since) const;
  // All, clockwise from self.
  std::vector<wire::MemberId> members() const;

  // The octave whose freshest member is the least fresh: a point in it (drawn by `draw`), and a
  // member of it to ask for its neighbours. Nothing if each octave beyond `near` (the reach of the
  // successor list) has one that showed life since `since`.
  struct Refresh {
    ring::Id point;
    std::optional<wire::MemberId> member;
  };
  std::optional<Refresh> next_to_refresh(const wire::MemberId& near, TimePoint since,
                                         const ring::Id& draw) const;

 private:
  static constexpr std::size_t kInACell = 3;
  // By distance from self: closeness is order.
  std::map<ring::Id, TimePoint> fingers_;
  wire::MemberId self_;
};

}  // namespace peerstore::chord
