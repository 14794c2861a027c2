// Lookups: iterative, over whatever is known. With a full roster the first guess is the
// successor itself; without one this is the paper's walk over closest preceding members.
#include <peerstore/chord/chord_node.hpp>

#include "search.hpp"

#include <algorithm>
#include <set>

namespace peerstore::chord {

namespace {
constexpr std::size_t kContacts = 8;
// When a member has died, the one after it answers for its keys only once the ring has found out: for a
// few seconds nobody confirms. Asking ever more members does not help then, asking later does.
constexpr std::size_t kQuestionsInARound = 16;
constexpr int kRounds = 4;
constexpr std::size_t kDenialsInARound = 2;
constexpr Duration kTimeToComeTo = std::chrono::seconds(5);
constexpr Duration kLookAgain = std::chrono::milliseconds(250);
constexpr Duration kPauseAtFirst = std::chrono::milliseconds(500);  // doubled each time
}  // namespace

struct ChordNode::Lookup : Search {
  Lookup(Clock& clock, const NodeRef& asker, const ring::Id& wanted)
      : Search(clock, asker.id, wanted, kQuestionsInARound), self(asker.id), key(wanted) {}

  // This one stands at or after the key, is in the ring, says that the key is not its own, and knows
  // nobody nearer whom the others do not know.
  void denied_by(const NodeRef& member) {
    if (!ring::in_open(self, member.id, key) && ++denials == kDenialsInARound) settled = true;
  }

  wire::MemberId self;
  ring::Id key;
  std::size_t denials = 0;
  std::vector<wire::MemberId> silent;
  std::optional<NodeRef> nearest_before;  // of those that answered
  std::optional<Found> found;
};

Task<Result<ChordNode::Found>> ChordNode::find_successor(ring::Id key) {
  co_await come_to();
  unsigned asked = 0;
  std::set<wire::MemberId> silent;
  std::optional<NodeRef> nearest_before;
  Duration pause = kPauseAtFirst;
  for (int round = 0; round < kRounds; ++round) {
    if (round > 0) {
      co_await clock_.sleep(pause);
      pause *= 2;
    }
    if (state_.owns(key)) co_return Found{state_.self(), state_.successors(), asked};
    Lookup lookup(clock_, state_.self(), key);
    for (const wire::MemberId& member : silent) lookup.candidates.exclude(member);
    lookup.candidates.add_best_first(closer_to(key));
    if (nearest_before) lookup.candidates.add(*nearest_before);
    for (const auto& id : acquaintances_.contacts(kContacts, round + 1 == kRounds)) {
      lookup.candidates.add(NodeRef{id, 0});
    }
    auto question = [&](NodeRef candidate) { return ask_for_successor(lookup, candidate); };
    co_await ask_around(clock_, lookup, options_.lookups_at_once, question);
    asked += lookup.candidates.asked();
    if (lookup.found) {
      lookup.found->hops = asked;
      co_return *lookup.found;
    }
    silent.insert(lookup.silent.begin(), lookup.silent.end());
    if (lookup.nearest_before) nearest_before = lookup.nearest_before;
  }
  co_return fail(Errc::unreachable, "no member confirms that it is the successor of " +
                                        ring::short_name(key) + " (" + std::to_string(asked) + " asked)");
}

// Whoever wakes up, or is joining, waits for a moment until it is in the ring and has caught up: what
// it knows is old.
Task<void> ChordNode::come_to() {
  if (has_slept()) {
    was_suspended_ = true;
    woken_.notify_all();
  }
  const TimePoint limit = clock_.now() + kTimeToComeTo;
  for (;;) {
    const bool is_catching_up = acquaintances_.roster_marks().statements == 0;
    const bool is_ready = !was_suspended_ && state_.is_member() && (fingers_only_ || !is_catching_up);
    if (is_ready || clock_.now() >= limit) co_return;
    co_await clock_.sleep(kLookAgain);
  }
}

Task<void> ChordNode::ask_for_successor(Lookup& lookup, NodeRef candidate) {
  const TimePoint asked = clock_.now();
  const wire::FindSuccessor question{lookup.key};
  const Result<wire::FoundSuccessor> answer = co_await wire::ask(network_, candidate.id, question);
  report(candidate.id, is_silent(answer));
  const bool waited_in_vain = is_silent(answer) && clock_.now() - asked >= kSuspectAfter;
  if (is_silent(answer)) {
    // If no time was lost, it may only be that nobody had told yet where it is.
    if (waited_in_vain) lookup.silent.push_back(candidate.id);
  } else if (answer && answer->is_successor && !lookup.settled) {
    lookup.settled = true;
    lookup.found = Found{candidate, in_ring_order(candidate.id, answer->successors, wire::kSuccessorsMax), 0};
    learn_of(lookup.found->successors, options_.stabilize_period);
  } else if (answer) {
    const std::size_t news = lookup.candidates.add_best_first(answer->closer);
    learn_of(answer->closer, fresh_for() / 2);
    if (news == 0) lookup.denied_by(candidate);
    const bool is_before = ring::in_open(lookup.self, candidate.id, lookup.key);
    const bool is_nearest =
        !lookup.nearest_before || ring::in_open(lookup.nearest_before->id, candidate.id, lookup.key);
    if (is_before && is_nearest) lookup.nearest_before = candidate;
  }
  lookup.finish_question(waited_in_vain);
}

Result<wire::FoundSuccessor> ChordNode::answer(const wire::FindSuccessor& request) const {
  if (!state_.is_member() || has_slept()) return fail(Errc::busy, "not in the ring at the moment");
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
  const std::optional<wire::MemberId> guess = fingers_only_ ? std::nullopt : acquaintances_.successor_of(key);
  if (guess && *guess != self.id) closer.push_back(NodeRef{*guess, 0});
  // closest_preceding, over the list and over the acquaintances, nearest first.
  std::vector<NodeRef> preceding;
  for (const NodeRef& successor : successors) {
    if (ring::in_open(self.id, successor.id, key)) preceding.push_back(successor);
  }
  for (const auto& id : known_before(key)) {
    if (ring::in_open(self.id, id, key)) preceding.push_back(NodeRef{id, 0});
  }
  std::ranges::sort(preceding, {}, [&](const NodeRef& member) { return ring::distance(member.id, key); });
  if (preceding.size() > kCandidatesOfAnAnswer - 2) preceding.resize(kCandidatesOfAnAnswer - 2);
  closer.insert(closer.end(), preceding.begin(), preceding.end());
  // Behind the key: its successor is self's predecessor, or one before that.
  if (state_.predecessor()) closer.push_back(*state_.predecessor());
  return closer;
}

std::vector<wire::MemberId> ChordNode::known_before(const ring::Id& key) const {
  if (fingers_only_)
    return fingers_.closest_preceding(key, options_.lookups_at_once, clock_.now() + -fresh_for());
  return acquaintances_.closest_preceding(key, options_.lookups_at_once);
}

}  // namespace peerstore::chord
