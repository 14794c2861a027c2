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

#include <map>
#include <optional>
#include <vector>

namespace peerstore::chord {

using wire::NodeRef;
using wire::Phase;

// The longest beginning of `list` that is in strictly clockwise order from `origin`, at most
// `most` entries: what may be believed of a list that somebody sent.
std::vector<NodeRef> in_ring_order(const ring::Id& origin, const std::vector<NodeRef>& list,
                                   std::size_t most);

class RingState {
 public:
  RingState(NodeRef self, std::size_t list_length);

  const NodeRef& self() const { return self_; }
  Phase phase() const { return phase_; }
  bool is_member() const { return phase_ == Phase::member; }
  const std::optional<NodeRef>& predecessor() const { return predecessor_; }
  const std::vector<NodeRef>& successors() const { return successors_; }

  // A new life: everything known of the ring is forgotten, the incarnation rises.
  void restart(std::uint64_t incarnation);
  // Phase joining; nothing else changes.
  void begin_join();
  // join: the list of the future predecessor m, copied whole; what lies between m and self (dead,
  // or an earlier life of self) is passed over. `m` must be another member.
  void complete_join(const NodeRef& m, const std::vector<NodeRef>& its_successors);
  // The first member of a new ring, or the last one left of an old one.
  void become_alone();

  // stabilize, on the answer of `successor`: adopts it and its whole list. Never itself self.
  void adopt(const NodeRef& successor, const std::vector<NodeRef>& its_successors);
  // The first successor did not answer, or is not a member: dropped. Requires a successor.
  void drop_first_successor();

  // rectify, on a notify: true if that settles it (`candidate` is now the predecessor, in its
  // newest life); false if the present predecessor must be asked whether it lives, and if it does
  // not, replace_predecessor() called.
  bool rectify(const NodeRef& candidate);
  void replace_predecessor(const NodeRef& candidate);

  // A member spoke to this one: false if it is an earlier life of it than one that spoke before.
  // Only what members say of themselves counts, or a liar could age others.
  bool heard(const NodeRef& speaker);

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
  std::map<wire::MemberId, std::uint64_t> lives_;  // the newest incarnation that spoke to self
};

}  // namespace peerstore::chord
