#include <peerstore/chord/ring_state.hpp>

#include <peerstore/runtime/check.hpp>

namespace peerstore::chord {

std::vector<NodeRef> in_ring_order(const ring::Id& origin, const std::vector<NodeRef>& list,
                                   std::size_t most) {
  std::vector<NodeRef> ordered;
  ring::Id reached;  // clockwise distance from origin of the last entry taken
  for (const NodeRef& entry : list) {
    if (ordered.size() == most) break;
    const ring::Id from_origin = ring::distance(origin, entry.id);
    if (from_origin <= reached) break;  // origin itself, a duplicate, or out of order
    reached = from_origin;
    ordered.push_back(entry);
  }
  return ordered;
}

RingState::RingState(NodeRef self, std::size_t list_length) : self_(self), list_length_(list_length) {
  CHECK(list_length > 0);
}

void RingState::restart(std::uint64_t incarnation) {
  CHECK(incarnation > self_.incarnation);
  self_.incarnation = incarnation;
  phase_ = Phase::out;
  predecessor_.reset();
  successors_.clear();
}

void RingState::begin_join() { phase_ = Phase::joining; }

void RingState::complete_join(const NodeRef& m, const std::vector<NodeRef>& its_successors) {
  CHECK(m.id != self_.id);
  auto first = its_successors.begin();
  while (first != its_successors.end() && ring::in_half_open(m.id, first->id, self_.id)) ++first;
  successors_ = in_ring_order(self_.id, {first, its_successors.end()}, list_length_);
  if (successors_.empty()) successors_.push_back(m);  // it was alone
  predecessor_ = m;
  phase_ = Phase::member;
  CHECK(is_well_formed());
}

void RingState::become_alone() {
  predecessor_.reset();
  successors_.clear();
  phase_ = Phase::member;
}

void RingState::adopt(const NodeRef& successor, const std::vector<NodeRef>& its_successors) {
  CHECK(successor.id != self_.id);
  std::vector<NodeRef> list{successor};
  list.insert(list.end(), its_successors.begin(), its_successors.end());
  successors_ = in_ring_order(self_.id, list, list_length_);
  CHECK(is_well_formed());
}

void RingState::drop_first_successor() {
  CHECK(!successors_.empty());
  successors_.erase(successors_.begin());
}

bool RingState::rectify(const NodeRef& candidate) {
  CHECK(candidate.id != self_.id);
  const bool nearer = !predecessor_ || ring::in_open(predecessor_->id, candidate.id, self_.id);
  if (nearer || predecessor_->id == candidate.id) {
    predecessor_ = candidate;
    return true;
  }
  return false;
}

void RingState::replace_predecessor(const NodeRef& candidate) {
  CHECK(candidate.id != self_.id);
  predecessor_ = candidate;
}

bool RingState::heard(const NodeRef& speaker) {
  std::uint64_t& newest = lives_[speaker.id];
  if (speaker.incarnation < newest) return false;
  newest = speaker.incarnation;
  return true;
}

bool RingState::owns(const ring::Id& key) const {
  if (!is_member()) return false;
  if (!predecessor_) return successors_.empty();
  return ring::in_half_open(predecessor_->id, key, self_.id);
}

bool RingState::is_well_formed() const {
  if (predecessor_ && predecessor_->id == self_.id) return false;
  if (successors_.size() > list_length_) return false;
  return in_ring_order(self_.id, successors_, list_length_).size() == successors_.size();
}

}  // namespace peerstore::chord
