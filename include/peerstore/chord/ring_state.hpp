// RingState: what one member knows of its neighbours, and the pure steps of the corrected Chord
// protocol (Zave, "Reasoning about identifier spaces: how to make Chord correct", TSE 2017).
//
// Names are the paper's. No network, no time: coroutines in chord_node.cpp ask the questions and
// apply the answers here, in one synchronous step each. Deviations from the published protocol,
// each with its reason:
//   - a shortened successor list is left short, never padded (the model's fictitious entry);
//   - incarnations: an answer of an earlier life of a member counts as no answer;
//   - an exhausted list means "rejoin", never "I own the whole ring";
//   - queries are answered from the last committed state while own queries are in flight.
//
// Invariant T0, checked after each step: self is not among the successors, which are distinct,
// in clockwise order from self, and at most `list_length`; the predecessor is not self.
#pragma once

#include <peerstore/wire/types.hpp>

#include <optional>
#include <vector>

namespace peerstore::chord {

using wire::NodeRef;
using wire::Phase;

class RingState {
 public:
  RingState(NodeRef self, std::size_t list_length) : self_(self), list_length_(list_length) {}

  const NodeRef& self() const { return self_; }
  Phase phase() const { return phase_; }
  const std::optional<NodeRef>& predecessor() const { return predecessor_; }
  const std::vector<NodeRef>& successors() const { return successors_; }

  // A new life: everything known of the ring is forgotten, the incarnation rises.
  void restart(std::uint64_t incarnation);
  // Phase joining; nothing else changes.
  void begin_join();
  // join: the list of the future predecessor m, copied whole.
  void complete_join(const NodeRef& m, const std::vector<NodeRef>& its_successors);
  // The first member of a new ring, or the last one left of an old one.
  void become_alone();

  // stabilize, on the answer of the first successor: adopts its whole list.
  void adopt(const NodeRef& successor, const std::vector<NodeRef>& its_successors);
  // The first successor did not answer, or is not a member: dropped.
  void drop_first_successor();
  void drop(const wire::MemberId& member);  // wherever it stands in the list

  // rectify, on a notify: true if `candidate` became the predecessor at once; false if the present
  // predecessor must be asked whether it lives, and then replace_predecessor() called.
  bool rectify(const NodeRef& candidate);
  void replace_predecessor(const NodeRef& candidate);

  // key in (predecessor, self]: the keys this member answers for. False while it has none, unless alone.
  bool owns(const ring::Id& key) const;

  // T0; for CHECK and for the simulator's laws.
  bool is_well_formed() const;

 private:
  NodeRef self_;
  std::size_t list_length_;
  Phase phase_ = Phase::out;
  std::optional<NodeRef> predecessor_;
  std::vector<NodeRef> successors_;
};

}  // namespace peerstore::chord
