// Lookups: iterative, over whatever is known. With a full roster the first guess is the
// successor itself; without one this is the paper's walk over closest preceding members.
#include <peerstore/chord/chord_node.hpp>

#include "search.hpp"

#include <algorithm>

namespace peerstore::chord {

namespace {
constexpr std::size_t kContacts = 8;
}  // namespace

struct ChordNode::Lookup : Search {
  Lookup(Clock& clock, const NodeRef& asker, const ring::Id& wanted)
      : Search(clock, asker.id, wanted), key(wanted) {}

  ring::Id key;
  std::optional<Found> found;
};

Task<Result<ChordNode::Found>> ChordNode::find_successor(ring::Id key) {
  if (state_.owns(key)) co_return Found{state_.self(), state_.successors(), 0};
  Lookup lookup(clock_, state_.self(), key);
  lookup.candidates.add_best_first(closer_to(key));
  auto question = [&](NodeRef candidate) { return ask_for_successor(lookup, candidate); };
  for (const bool even_if_away : {false, true}) {
    for (const auto& id : acquaintances_.contacts(kContacts, even_if_away)) {
      lookup.candidates.add(NodeRef{id, 0});
    }
    co_await ask_around(clock_, lookup, options_.lookups_at_once, question);
    if (lookup.settled) co_return *lookup.found;
  }
  if (state_.owns(key)) co_return Found{state_.self(), state_.successors(), lookup.candidates.asked()};
  co_return fail(Errc::unreachable, "no member confirms that it is the successor of " +
                                        ring::short_name(key) + " (" +
                                        std::to_string(lookup.candidates.asked()) + " asked)");
}

Task<void> ChordNode::ask_for_successor(Lookup& lookup, NodeRef candidate) {
  const wire::FindSuccessor question{lookup.key};
  const Result<wire::FoundSuccessor> answer = co_await wire::ask(network_, candidate.id, question);
  report(candidate.id, is_silent(answer));
  if (answer && answer->is_successor && !lookup.settled) {
    lookup.settled = true;
    lookup.found = Found{candidate, in_ring_order(candidate.id, answer->successors, wire::kSuccessorsMax),
                         lookup.candidates.asked()};
  } else if (answer) {
    lookup.candidates.add_best_first(answer->closer);
  }
  lookup.finish_question(is_silent(answer));
}

Result<wire::FoundSuccessor> ChordNode::answer(const wire::FindSuccessor& request) const {
  if (!state_.is_member()) return fail(Errc::busy, "not in the ring at the moment");
  wire::FoundSuccessor answer;
  answer.is_successor = state_.owns(request.key);
  if (answer.is_successor) {
    answer.successors = state_.successors();
  } else {
    answer.closer = closer_to(request.key);
  }
  return answer;
}

// Whom to ask about a key that is not self's, best first.
std::vector<NodeRef> ChordNode::closer_to(const ring::Id& key) const {
  const NodeRef& self = state_.self();
  const std::vector<NodeRef>& successors = state_.successors();
  // The predecessor of the key knows its successor; the others of the list stand in if it died.
  if (!successors.empty() && ring::in_half_open(self.id, key, successors.front().id)) return successors;

  std::vector<NodeRef> closer;
  if (const auto guess = acquaintances_.successor_of(key); guess && *guess != self.id) {
    closer.push_back(NodeRef{*guess, 0});
  }
  // closest_preceding, over the list and over the acquaintances, nearest first.
  std::vector<NodeRef> preceding;
  for (const NodeRef& successor : successors) {
    if (ring::in_open(self.id, successor.id, key)) preceding.push_back(successor);
  }
  for (const auto& id : acquaintances_.closest_preceding(key, options_.lookups_at_once)) {
    if (ring::in_open(self.id, id, key)) preceding.push_back(NodeRef{id, 0});
  }
  std::ranges::sort(preceding, {}, [&](const NodeRef& member) { return ring::distance(member.id, key); });
  if (preceding.size() > kCandidatesOfAnAnswer - 2) preceding.resize(kCandidatesOfAnAnswer - 2);
  closer.insert(closer.end(), preceding.begin(), preceding.end());
  // Behind the key: its successor is self's predecessor, or one before that.
  if (state_.predecessor()) closer.push_back(*state_.predecessor());
  return closer;
}

}  // namespace peerstore::chord
