// Joining and leaving. A member that starts, wakes up, or has run out of successors looks for the
// member after which it belongs, and copies that one's whole list.
#include <peerstore/chord/chord_node.hpp>

#include "search.hpp"

#include <algorithm>
#include <map>

namespace peerstore::chord {

namespace {
constexpr std::size_t kContactsAtFirst = 8;
constexpr std::size_t kContactsAtLast = 64;  // when none of the first helps, the sleeping included
}  // namespace

struct ChordNode::PredecessorSearch : Search {
  PredecessorSearch(Clock& clock, const NodeRef& joiner)
      : Search(clock, joiner.id, joiner.id), self(joiner.id) {}

  // The nearest member that answered and has nobody alive between itself and self. An earlier life of
  // self counts as nobody. Who would be the successor was asked as well, or a list of the dead
  // would be copied for ever.
  const wire::Neighbours* found() const {
    const wire::Neighbours* nearest = nullptr;
    for (const auto& [id, member] : members) {
      const auto next = std::ranges::find_if(member.successors, [&](const NodeRef& successor) {
        return successor.id != self && !dead.contains(successor.id);
      });
      const bool adjacent = next == member.successors.end() ||
                            (ring::in_open(id, self, next->id) && members.contains(next->id));
      if (adjacent && (!nearest || ring::in_open(nearest->self.id, id, self))) nearest = &member;
    }
    return nearest;
  }

  wire::MemberId self;
  std::map<wire::MemberId, wire::Neighbours> members;  // that answered
  std::set<wire::MemberId> dead;                       // to the ring: silent, or not members
  bool defers = false;                                 // another joiner comes first
};

// True if this is now a member with neighbours. False: it stands alone, or must try again.
Task<bool> ChordNode::join() {
  if (!state_.is_member()) {
    state_.begin_join();
    stepped();
  }
  adopted_.reset();  // the list will be another's
  const NodeRef self = state_.self();
  PredecessorSearch search(clock_, self);
  if (state_.predecessor()) search.candidates.add(*state_.predecessor());
  for (const auto& id : known_before(self.id)) {
    search.candidates.add(NodeRef{id, 0});
  }
  auto question = [&](NodeRef candidate) { return ask_for_predecessor(search, candidate); };
  for (const std::size_t most : {kContactsAtFirst, kContactsAtLast}) {
    for (const auto& id : acquaintances_.contacts(most, most == kContactsAtLast)) {
      search.candidates.add(NodeRef{id, 0});
    }
    co_await ask_around(clock_, search, options_.lookups_at_once, question);
    if (search.settled || was_suspended_) break;
  }
  if (was_suspended_) co_return false;
  if (state_.is_member() && state_.predecessor()) co_return true;  // meanwhile somebody joined us
  if (const wire::Neighbours* m = search.found()) {
    std::vector<NodeRef> list = m->successors;
    std::erase_if(list, [&](const NodeRef& successor) { return search.dead.contains(successor.id); });
    state_.complete_join(m->self, list);
    stepped();
    changed();
    // Both neighbours hear of it at once: until they do, they answer for its keys.
    const NodeRef successor = state_.successors().front();
    const NodeRef predecessor = m->self;
    do_as(*m);
    scope_.spawn(notify(successor));
    if (successor.id != predecessor.id) scope_.spawn(notify(predecessor));
    acquaintances_.entered(successor.id);
    co_return true;
  }
  // Members that are all in one another's way will be in order soon. Joiners that all wait for a
  // ring (a group that wakes up together) let the smallest identifier begin it.
  if (!search.members.empty() || search.defers) {
    changed();
  } else if (!state_.is_member()) {
    state_.become_alone();
    stepped();
    changed();
  }
  co_return false;
}

Task<void> ChordNode::ask_for_predecessor(PredecessorSearch& search, NodeRef candidate) {
  const Result<wire::Neighbours> answer = co_await ask_neighbours(candidate);
  if (answer && answer->phase == Phase::member) {
    search.members.emplace(candidate.id, *answer);
    if (answer->predecessor) search.candidates.add(*answer->predecessor);
    for (const NodeRef& successor : answer->successors) search.candidates.add(successor);
  } else {
    search.dead.insert(candidate.id);
    if (answer && answer->phase == Phase::joining && candidate.id < search.self) search.defers = true;
  }
  const bool joined_by_another = state_.is_member() && state_.predecessor();
  search.settled = search.found() || joined_by_another || was_suspended_;
  if (!search.settled && answer && answer->phase == Phase::member) {
    // In a large ring its list is short of us: it may know somebody far closer.
    const TimePoint asked = clock_.now();
    const wire::FindSuccessor closer{search.self};
    const Result<wire::FoundSuccessor> step = co_await wire::ask(network_, candidate.id, closer);
    notice_sleep(asked, wire::kPatience);
    search.settled = search.settled || was_suspended_;
    report(candidate.id, is_silent(step));
    if (step) search.candidates.add_best_first(step->closer);
  }
  search.finish_question(is_silent(answer));
}

// The predecessor takes a notify of its successor for news, stabilizes, and finds this member
// gone; the successor hears of its new predecessor from that one.
Task<void> ChordNode::leave() {
  scope_.cancel();
  rectifying_ = false;
  looking_ = false;
  refreshing_ = false;
  const std::optional<NodeRef> predecessor = state_.predecessor();
  begin_new_life();
  if (predecessor) co_await notify(*predecessor);
}

}  // namespace peerstore::chord
