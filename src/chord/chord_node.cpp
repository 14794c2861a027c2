#include <peerstore/chord/chord_node.hpp>

#include <peerstore/runtime/combine.hpp>

#include "search.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::chord {

namespace {

constexpr std::size_t kToLookAt = 64;
// The predecessor speaks up again by itself, if it was only slow.
constexpr Duration kPatienceWithPredecessor = std::chrono::milliseconds(500);
// With a successor that was silent a moment ago, when the watch asked it.
constexpr Duration kPatienceWithSuspect = std::chrono::milliseconds(500);
constexpr std::int64_t kSessionMost = 7 * 86400;  // seconds that are told
// After so many periods of a quiet ring the list is asked for again, whatever the view: it may have been a
// lie.
constexpr int kViewsBelieved = 3;
constexpr int kSlowDown = 4;  // of the rounds, each time that nothing changed

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
      fingers_(self.id),
      fingers_only_(options.fingers_only),
      period_(options.stabilize_period),
      view_(random.next() | 1),
      woken_(clock),
      scope_(clock) {}

void ChordNode::start() {
  CHECK(scope_.running() == 0);
  scope_.spawn(run());
  last_awake_ = clock_.now();
  scope_.spawn(watch());
  if (fingers_only_) scope_.spawn(refresh_fingers());
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
      if (const std::optional<NodeRef> nearer = std::exchange(nearer_, std::nullopt)) {
        const bool adopted = co_await ask_then_adopt(*nearer);
        if (adopted) changed();
      }
      if (!was_suspended_) co_await stabilize();
      if (state_.is_member()) look_around();
    }
    period_ = changed_ ? options_.stabilize_period : std::min(kSlowDown * period_, options_.quiet_period);
    co_await pause();
  }
}

// Until the next round. News cut a long wait short; they do not make rounds more frequent than
// that, or a burst of them would feed on itself.
Task<void> ChordNode::pause() {
  TimePoint until = clock_.now() + random_.jitter(period_);
  while (!was_suspended_ && !hurried_ && clock_.now() < until) {
    const TimePoint began = clock_.now();
    const Duration wait = until - began;
    std::vector<Task<bool>> either;
    either.push_back(after(clock_, wait));
    either.push_back(when(woken_));
    co_await first_of(clock_, std::move(either));
    notice_sleep(began, wait);
    until = std::min(until, clock_.now() + random_.jitter(period_ / 4));
  }
  hurried_ = false;
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
    acquaintances_.entered(only.id);
  }
  const std::vector<NodeRef> before = state_.successors();
  const bool is_settled = co_await nothing_changed_there();
  if (was_suspended_) co_return changed();
  if (is_settled) co_return observe_churn(before);
  while (!state_.successors().empty()) {
    const NodeRef successor = state_.successors().front();
    const bool is_suspect = std::exchange(suspect_, std::nullopt) == successor.id;
    Result<wire::Neighbours> answer =
        co_await ask_neighbours(successor, is_suspect ? kPatienceWithSuspect : wire::kPatience);
    const bool slept = !answer && answer.error().code == Errc::cancelled;
    if (was_suspended_ || slept) co_return changed();
    if (!answer || answer->phase != Phase::member) {
      state_.drop_first_successor();
      stepped();
      changed();
      if (answer || is_silent(answer)) acquaintances_.lost(successor.id);
      continue;
    }
    adopt(*answer);
    observe_churn(before);
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
  adopt(*answer);
  co_return true;
}

void ChordNode::adopt(const wire::Neighbours& answer) {
  state_.adopt(answer.self, answer.successors);
  const bool follows_self = answer.predecessor == state_.self();
  adopted_ = Adopted{answer.self, answer.view, follows_self, clock_.now(), clock_.now()};
  stepped();
}

// Whether the first successor still stands as it stood when its list was adopted, with self as its
// predecessor. Then there is nothing to adopt, and nobody to notify.
Task<bool> ChordNode::nothing_changed_there() {
  const bool is_known = adopted_ && adopted_->follows_self && adopted_->from == state_.successors().front();
  if (!is_known || clock_.now() - adopted_->at > kViewsBelieved * options_.quiet_period) co_return false;
  if (clock_.now() - adopted_->confirmed < options_.stabilize_period / 2) co_return true;
  const wire::MemberId successor = adopted_->from.id;
  const TimePoint asked = clock_.now();
  const wire::Ping question;
  const Result<wire::Pong> answer = co_await wire::ask(network_, successor, question);
  notice_sleep(asked, wire::kPatience);
  if (was_suspended_ || !answer) co_return false;
  heard_from(successor);
  acquaintances_.compare_roster(successor, answer->roster);
  co_return adopted_ && adopted_->from.id == successor&& confirms(*answer);
}

bool ChordNode::confirms(const wire::Pong& pong) {
  if (pong.view != adopted_->view) {
    adopted_.reset();
    return false;
  }
  adopted_->confirmed = clock_.now();
  return true;
}

// Does somebody stand between this member and its successor of whom the ring does not know? So
// two rings that a partition left grow together again (passive-list ring unification; Shafaat,
// Ghodsi and Haridi, 2007). In a healthy ring only sleepers do, and the look is one question.
void ChordNode::look_around() {
  if (looking_ || was_suspended_ || state_.successors().empty()) return;
  const std::vector<wire::MemberId> nearer =
      acquaintances_.between(state_.self().id, state_.successors().front().id, kToLookAt);
  if (nearer.empty()) return;
  // Mostly the one that is most likely to be there; but each has its turn.
  const bool first = random_.below(2) == 0;
  const std::size_t other = random_.below(nearer.size());
  scope_.spawn(look_at(nearer[first ? 0 : other]));
}

// The next round asks again before it adopts.
Task<void> ChordNode::look_at(wire::MemberId candidate) {
  looking_ = true;
  const Result<wire::Neighbours> answer = co_await ask_neighbours(NodeRef{candidate, 0});
  looking_ = false;
  // Nobody else has it as successor: what the others think of it, is told by this one.
  const bool is_out = answer ? answer->phase != Phase::member : is_silent(answer);
  if (is_out) acquaintances_.lost(candidate);
  if (!answer || answer->phase != Phase::member || answer->successors.empty()) co_return;
  if (!state_.is_member() || state_.successors().empty()) co_return;
  if (!ring::in_open(state_.self().id, candidate, state_.successors().front().id)) co_return;
  nearer_ = answer->self;
  hurry();
}

void ChordNode::notified(NodeRef from) {
  if (!state_.is_member() || from.id == state_.self().id || !state_.heard(from)) return;
  const auto& successors = state_.successors();
  // From the first successor this is news (its list changed, or it leaves): the news travels back
  // along the ring as far as lists reach, however quiet the ring is. Only in a ring of two is the
  // successor the predecessor as well.
  if (successors.size() > 1 && from.id == successors.front().id) {
    adopted_.reset();
    return changed();
  }
  // It came in between self and the successor, and was told so by itself.
  const bool is_nearer =
      !successors.empty() && ring::in_open(state_.self().id, from.id, successors.front().id);
  if (is_nearer) hurry();
  const std::optional<NodeRef> before = state_.predecessor();
  if (state_.rectify(from)) {
    stepped();
    if (state_.predecessor() != before) changed();
    // Who stood there before has a nearer successor now, and need not have heard of it.
    if (before && before->id != from.id) scope_.spawn(notify(*before));
    return;
  }
  if (is_nearer && successors.size() > 1) return;
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
  const Result<wire::Neighbours> answer = co_await ask_neighbours(present, kPatienceWithPredecessor);
  rectifying_ = false;
  const bool lives = answer && answer->phase == Phase::member;
  if (was_suspended_ || lives || !state_.is_member()) co_return;
  if (state_.predecessor() && state_.predecessor()->id != present.id) co_return;
  if (!state_.heard(candidate)) co_return;  // it lives again since
  state_.replace_predecessor(candidate);
  stepped();
  changed();
}

Task<Result<wire::Neighbours>> ChordNode::ask_neighbours(NodeRef peer, Duration patience) {
  const TimePoint asked = clock_.now();
  const wire::GetNeighbours question;
  Result<wire::Neighbours> answer = co_await wire::ask(network_, peer.id, question, patience);
  notice_sleep(asked, patience);
  const bool overslept = !answer && clock_.now() - asked > patience + kSlack;
  if (was_suspended_ || overslept) co_return fail(Errc::cancelled, "this machine slept while it asked");
  report(peer.id, is_silent(answer));
  if (!answer) co_return answer;
  if (answer->self.id != peer.id) co_return fail(Errc::invalid, "an answer in another member's name");
  if (!state_.heard(answer->self)) co_return fail(Errc::invalid, "an answer of an earlier life");
  acquaintances_.compare_roster(peer.id, answer->roster);
  if (answer->phase == Phase::member) learn_of(answer->successors, options_.stabilize_period);
  co_return answer;
}

wire::Neighbours ChordNode::neighbours() const {
  wire::Neighbours answer;
  answer.phase = has_slept() ? Phase::out : state_.phase();
  answer.self = state_.self();
  answer.predecessor = state_.predecessor();
  answer.successors = state_.successors();
  if (has_slept()) return answer;
  answer.roster = acquaintances_.roster_marks();
  answer.view = view_;
  const std::int64_t seconds = mean_session() / std::chrono::seconds(1);
  answer.session_seconds = static_cast<std::uint32_t>(std::min<std::int64_t>(seconds, kSessionMost));
  return answer;
}

wire::Pong ChordNode::pong() const {
  if (!state_.is_member() || has_slept()) return {};
  return {view_, acquaintances_.roster_marks()};
}

void ChordNode::report(const wire::MemberId& member, bool silent) {
  if (!silent) return heard_from(member);
  fingers_.remove(member);
  acquaintances_.failed(member);
  if (adopted_ && adopted_->from.id == member) adopted_.reset();
  if (is_neighbour(member)) changed();
}

bool ChordNode::is_neighbour(const wire::MemberId& member) const {
  if (state_.predecessor() && state_.predecessor()->id == member) return true;
  return std::ranges::find(state_.successors(), member, &NodeRef::id) != state_.successors().end();
}

// The clock went on, and this machine did not: its lid was closed.
void ChordNode::notice_sleep(TimePoint since, Duration expected) {
  if (since < life_began_) return;  // that was the life before
  if (clock_.now() - since > expected + options_.suspended_after) was_suspended_ = true;
}

void ChordNode::stepped() {
  CHECK(state_.is_well_formed());
  const bool is_as_before = state_.phase() == seen_phase_ && state_.predecessor() == seen_predecessor_ &&
                            state_.successors() == seen_successors_;
  if (!is_as_before) {
    view_ += 2;  // never zero
    seen_phase_ = state_.phase();
    seen_predecessor_ = state_.predecessor();
    seen_successors_ = state_.successors();
  }
  if (on_step_) on_step_();
}

void ChordNode::hurry() {
  hurried_ = true;
  adopted_.reset();
  changed_ = true;
  period_ = options_.stabilize_period;
  woken_.notify_all();
}

void ChordNode::changed() {
  changed_ = true;
  if (period_ == options_.stabilize_period) return;
  period_ = options_.stabilize_period;
  woken_.notify_all();
}

void ChordNode::begin_again() {
  was_suspended_ = true;  // as after a sleep
  woken_.notify_all();
}

void ChordNode::begin_new_life() {
  was_suspended_ = false;
  life_began_ = last_awake_ = clock_.now();
  nearer_.reset();
  adopted_.reset();
  suspect_.reset();
  state_.restart(next_incarnation_ ? next_incarnation_() : state_.self().incarnation + 1);
  stepped();
  changed();
}

}  // namespace peerstore::chord
