#include <peerstore/chord/chord_node.hpp>

#include <peerstore/runtime/combine.hpp>

#include "search.hpp"

#include <algorithm>

namespace peerstore::chord {

namespace {

constexpr std::size_t kContactsToLookAt = 64;

Task<bool> after(Clock& clock, Duration duration) {
  co_await clock.sleep(duration);
  co_return true;
}

Task<bool> when(Event& event) {
  co_await event.wait();
  co_return true;
}

}  // namespace

ChordNode::ChordNode(Clock& clock, Random& random, wire::Network& network, Acquaintances& acquaintances,
                     NodeRef self, Options options)
    : clock_(clock),
      random_(random),
      network_(network),
      acquaintances_(acquaintances),
      options_(options),
      state_(self, std::min(options.successor_list, wire::kSuccessorsMax)),
      period_(options.stabilize_period),
      woken_(clock),
      scope_(clock) {}

void ChordNode::start() {
  CHECK(scope_.running() == 0);
  scope_.spawn(run());
}

// One round after the other, so at most one stabilize is in flight, and nothing else touches the
// successors. A list that ran out waits for its next round, too: the members through which this
// one rejoins need that time to notice the same deaths.
Task<void> ChordNode::run() {
  for (;;) {
    changed_ = false;
    if (was_suspended_) begin_new_life();
    const bool alone = state_.successors().empty() && !state_.predecessor();
    if (!state_.is_member() || alone) {
      const bool joined = co_await join();
      if (joined) continue;  // stabilize now
    } else {
      co_await stabilize();
      if (state_.is_member()) co_await look_around();
    }
    period_ = changed_ ? options_.stabilize_period : std::min(2 * period_, options_.quiet_period);
    co_await pause();
  }
}

// Until the next round. News cut a long wait short; they do not make rounds more frequent than
// that, or a burst of them would feed on itself.
Task<void> ChordNode::pause() {
  TimePoint until = clock_.now() + random_.jitter(period_);
  while (!was_suspended_ && clock_.now() < until) {
    const TimePoint began = clock_.now();
    const Duration wait = until - began;
    std::vector<Task<bool>> either;
    either.push_back(after(clock_, wait));
    either.push_back(when(woken_));
    co_await first_of(clock_, std::move(either));
    notice_sleep(began, wait);
    until = std::min(until, clock_.now() + random_.jitter(period_ / 4));
  }
}

Task<void> ChordNode::stabilize() {
  if (state_.successors().empty()) {
    // Somebody joined one who was alone: the predecessor is the successor, too.
    const NodeRef only = *state_.predecessor();
    if (!co_await ask_then_adopt(only)) {
      state_.become_alone();
      stepped();
      changed();
      co_return;
    }
  }
  const std::vector<NodeRef> before = state_.successors();
  while (!state_.successors().empty()) {
    const NodeRef successor = state_.successors().front();
    Result<wire::Neighbours> answer = co_await ask_neighbours(successor);
    if (was_suspended_) co_return;
    if (!answer || answer->phase != Phase::member) {
      state_.drop_first_successor();
      stepped();
      changed();
      continue;
    }
    state_.adopt(answer->self, answer->successors);
    stepped();
    if (answer->predecessor) {
      const NodeRef nearer = *answer->predecessor;
      if (ring::in_open(state_.self().id, nearer.id, successor.id)) co_await ask_then_adopt(nearer);
    }
    if (was_suspended_) co_return;
    const bool news = state_.successors() != before;
    if (news) changed();
    const NodeRef first = state_.successors().front();
    co_await notify(first);
    if (was_suspended_) co_return;
    const std::optional<NodeRef> predecessor = state_.predecessor();
    if (news && predecessor && predecessor->id != first.id) co_await notify(*predecessor);
    co_return;
  }
  state_.begin_join();  // exhausted: that says nothing about who else is in the ring
  stepped();
  changed();
}

// Ask before adopting: the central repair of the published protocol, which installed successors
// that were dead. One who stands alone has no list to give for ours, and joins by itself.
Task<bool> ChordNode::ask_then_adopt(NodeRef candidate) {
  Result<wire::Neighbours> answer = co_await ask_neighbours(candidate);
  if (was_suspended_ || !answer || answer->phase != Phase::member || answer->successors.empty())
    co_return false;
  const auto& successors = state_.successors();
  if (!successors.empty() && !ring::in_open(state_.self().id, candidate.id, successors.front().id)) {
    co_return false;
  }
  state_.adopt(answer->self, answer->successors);
  stepped();
  co_return true;
}

// Does somebody stand between this member and its successor of whom the ring does not know? So
// two rings that a partition left grow together again (passive-list ring unification; Shafaat,
// Ghodsi and Haridi, 2007). In a healthy ring only sleepers do, and the look is one question.
Task<void> ChordNode::look_around() {
  if (was_suspended_ || state_.successors().empty()) co_return;
  std::vector<wire::MemberId> nearer = acquaintances_.contacts(kContactsToLookAt, true);
  std::erase_if(nearer, [&](const wire::MemberId& member) {
    return !ring::in_open(state_.self().id, member, state_.successors().front().id);
  });
  if (nearer.empty()) co_return;
  const NodeRef candidate{nearer[random_.below(nearer.size())], 0};
  const bool adopted = co_await ask_then_adopt(candidate);
  if (adopted) changed();
}

void ChordNode::notified(NodeRef from) {
  if (!state_.is_member() || from.id == state_.self().id || !state_.heard(from)) return;
  const auto& successors = state_.successors();
  // From the first successor this is news (its list changed, or it leaves): the news travels back
  // along the ring as far as lists reach, however quiet the ring is. Only in a ring of two is the
  // successor the predecessor as well.
  if (successors.size() > 1 && from.id == successors.front().id) return changed();
  const std::optional<NodeRef> before = state_.predecessor();
  if (state_.rectify(from)) {
    stepped();
    if (state_.predecessor() != before) changed();
    return;
  }
  // It does not know of the predecessor, or that one is gone.
  changed();
  if (!rectifying_) scope_.spawn(rectify(from));
}

Task<void> ChordNode::notify(NodeRef neighbour) {
  const TimePoint asked = clock_.now();
  const wire::Notify notice{state_.self()};
  const Result<wire::Done> told = co_await wire::ask(network_, neighbour.id, notice);
  notice_sleep(asked, wire::kPatience);
  if (was_suspended_) co_return;
  report(neighbour.id, is_silent(told));
}

Task<void> ChordNode::rectify(NodeRef candidate) {
  rectifying_ = true;
  const NodeRef present = *state_.predecessor();
  const Result<wire::Neighbours> answer = co_await ask_neighbours(present);
  rectifying_ = false;
  const bool lives = answer && answer->phase == Phase::member;
  if (was_suspended_ || lives || !state_.is_member()) co_return;
  if (state_.predecessor() && state_.predecessor()->id != present.id) co_return;
  state_.replace_predecessor(candidate);
  stepped();
  changed();
}

Task<Result<wire::Neighbours>> ChordNode::ask_neighbours(NodeRef peer) {
  const TimePoint asked = clock_.now();
  const wire::GetNeighbours question;
  Result<wire::Neighbours> answer = co_await wire::ask(network_, peer.id, question);
  notice_sleep(asked, wire::kPatience);
  if (was_suspended_) co_return fail(Errc::cancelled, "this machine slept while it asked");
  report(peer.id, is_silent(answer));
  if (!answer) co_return answer;
  if (answer->self.id != peer.id) co_return fail(Errc::invalid, "an answer in another member's name");
  if (!state_.heard(answer->self)) co_return fail(Errc::invalid, "an answer of an earlier life");
  acquaintances_.compare_roster(peer.id, answer->roster_digest);
  co_return answer;
}

wire::Neighbours ChordNode::neighbours() const {
  wire::Neighbours answer;
  answer.phase = state_.phase();
  answer.self = state_.self();
  answer.predecessor = state_.predecessor();
  answer.successors = state_.successors();
  answer.roster_digest = acquaintances_.roster_digest();
  return answer;
}

void ChordNode::report(const wire::MemberId& member, bool silent) {
  if (!silent) return acquaintances_.heard_from(member);
  acquaintances_.failed(member);
  if (is_neighbour(member)) changed();
}

bool ChordNode::is_neighbour(const wire::MemberId& member) const {
  if (state_.predecessor() && state_.predecessor()->id == member) return true;
  return std::ranges::find(state_.successors(), member, &NodeRef::id) != state_.successors().end();
}

// The clock went on, and this machine did not: its lid was closed.
void ChordNode::notice_sleep(TimePoint since, Duration expected) {
  if (clock_.now() - since > expected + options_.suspended_after) was_suspended_ = true;
}

void ChordNode::stepped() {
  CHECK(state_.is_well_formed());
  if (on_step_) on_step_();
}

void ChordNode::changed() {
  changed_ = true;
  if (period_ == options_.stabilize_period) return;
  period_ = options_.stabilize_period;
  woken_.notify_all();
}

void ChordNode::begin_new_life() {
  was_suspended_ = false;
  state_.restart(next_incarnation_ ? next_incarnation_() : state_.self().incarnation + 1);
  stepped();
  changed();
}

}  // namespace peerstore::chord
