// What goes on besides the rounds of stabilisation: watching the successor, keeping fingers, and judging
// how fast members come and go.
#include <peerstore/chord/chord_node.hpp>

#include "search.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::chord {

namespace {

// The successor is asked this often in a mean session, so that the ring is wrong about a member for
// not much more than a thousandth of its time.
constexpr int kPingsInASession = 3000;
constexpr Duration kPingPeriodLeast = std::chrono::milliseconds(1200);
// A finger is taken to live for this part of a mean session after it showed life.
constexpr int kFreshDivisor = 6;
// A machine that did not notice time passing for longer was asleep.
constexpr Duration kHeartbeat = std::chrono::seconds(10);
constexpr Duration kSessionAtFirst = std::chrono::hours(2);
constexpr Duration kRefreshEmpty = std::chrono::milliseconds(300);
constexpr Duration kRefreshLeast = std::chrono::seconds(2);
constexpr Duration kRefreshMost = std::chrono::minutes(10);

}  // namespace

Duration ChordNode::mean_session() const {
  if (!fingers_only_) {
    if (const std::optional<Duration> known = acquaintances_.mean_session()) return *known;
  }
  return churn_.mean_session();
}

// Between rounds, where members come and go. Silence is a suspicion: the next round, at once, comes to
// the verdict, and the member after the suspect looks after its predecessor meanwhile.
Task<void> ChordNode::watch() {
  for (;;) {
    const Duration period = std::max(mean_session() / kPingsInASession, kPingPeriodLeast);
    const bool is_calm = period >= options_.quiet_period;
    const TimePoint next = clock_.now() + random_.jitter(std::min(period, options_.quiet_period));
    while (clock_.now() < next) {
      last_awake_ = clock_.now();
      co_await clock_.sleep_until(std::min(next, last_awake_ + kHeartbeat));
      notice_sleep(last_awake_, kHeartbeat);
      if (was_suspended_) woken_.notify_all();
    }
    last_awake_ = clock_.now();
    const std::vector<NodeRef>& successors = state_.successors();
    if (is_calm || !state_.is_member() || successors.empty()) continue;
    if (clock_.now() - successor_heard_ < period / 2) continue;
    const NodeRef watched = successors.front();
    const TimePoint asked = clock_.now();
    const wire::Ping question;
    const Result<wire::Pong> answer = co_await wire::ask(network_, watched.id, question, kSuspectAfter);
    const bool slept = clock_.now() - asked > kSuspectAfter + kSlack;
    if (slept || successors.empty() || successors.front().id != watched.id) continue;
    if (!is_silent(answer)) {
      heard_from(watched.id);
      if (!answer) continue;
      acquaintances_.compare_roster(watched.id, answer->roster);
      if (adopted_ && adopted_->from.id == watched.id && !confirms(*answer)) changed();
      continue;
    }
    suspect_ = watched.id;
    hurry();
    if (successors.size() > 1) scope_.spawn(notify(successors[1]));
  }
}

// ---- fingers ----

void ChordNode::set_fingers_only(bool fingers_only) {
  if (options_.fingers_only || fingers_only == fingers_only_) return;
  fingers_only_ = fingers_only;
  if (fingers_only) {
    fingers_.clear();
    if (!refreshing_) scope_.spawn(refresh_fingers());
  }
  if (on_fingers_only_) on_fingers_only_();
}

// Whoever joins has no experience of its own with this ring.
void ChordNode::do_as(const wire::Neighbours& neighbour) {
  if (const auto session = std::chrono::seconds(neighbour.session_seconds); session.count() > 0) {
    churn_.assume(session);
    acquaintances_.assume_session(session);
  }
  if (neighbour.roster.follows_neighbours_only()) set_fingers_only(true);
}

// One at a time, slowly: most fingers come from lookups, own and others'.
Task<void> ChordNode::refresh_fingers() {
  refreshing_ = true;
  // Where it costs too much to follow the ring, members hardly stay for long.
  churn_.take_as_at_most(kSessionAtFirst);
  bool asked_successor = false;  // before a lookup: what it knows is nearly what is wanted
  while (fingers_only_) {
    const Duration pause = std::clamp(mean_session() / (8 * kFreshDivisor), kRefreshLeast, kRefreshMost);
    ring::Id draw;
    for (std::size_t i = 0; i < draw.bytes.size(); ++i)
      draw.bytes[i] = static_cast<std::uint8_t>(random_.below(256));
    std::optional<FingerTable::Refresh> stalest;
    if (state_.is_member() && !state_.successors().empty()) {
      stalest = fingers_.next_to_refresh(state_.successors().back().id, clock_.now() + -fresh_for(), draw);
    }
    const bool is_empty = stalest && !stalest->member;
    const Duration wait = random_.jitter(!is_empty ? pause : asked_successor ? kRefreshLeast : kRefreshEmpty);
    co_await clock_.sleep(wait);
    if (!stalest || !state_.is_member() || state_.successors().empty()) continue;
    if (!is_empty) {
      (void)co_await ask_neighbours(NodeRef{*stalest->member, 0});
    } else if (std::exchange(asked_successor, !asked_successor)) {
      (void)co_await find_successor(stalest->point);
    } else {
      co_await ask_for_fingers(state_.successors().front(), stalest->point);
    }
  }
  refreshing_ = false;
}

Task<void> ChordNode::ask_for_fingers(NodeRef neighbour, ring::Id point) {
  const wire::FindSuccessor question{point};
  const Result<wire::FoundSuccessor> answer = co_await wire::ask(network_, neighbour.id, question);
  report(neighbour.id, is_silent(answer));
  if (answer) learn_of(answer->closer, fresh_for() / 2);
}

bool ChordNode::has_slept() const {
  return was_suspended_ || clock_.now() - last_awake_ > kHeartbeat + options_.suspended_after;
}

Duration ChordNode::fresh_for() const { return mean_session() / kFreshDivisor; }

std::vector<wire::MemberId> ChordNode::neighbours_and_fingers() const {
  std::vector<wire::MemberId> found = fingers_.members();
  for (const NodeRef& successor : state_.successors()) found.push_back(successor.id);
  if (state_.predecessor()) found.push_back(state_.predecessor()->id);
  std::ranges::sort(found, {},
                    [&](const wire::MemberId& member) { return ring::distance(state_.self().id, member); });
  const auto rest = std::ranges::unique(found);
  found.erase(rest.begin(), rest.end());
  return found;
}

// By hearsay: they were alive some time ago.
void ChordNode::learn_of(const std::vector<NodeRef>& named, Duration ago) {
  if (!fingers_only_) return;
  const TimePoint when = clock_.now() + -ago;
  for (const NodeRef& member : named) fingers_.add(member.id, when);
}

void ChordNode::heard_from(const wire::MemberId& member) {
  if (fingers_only_) fingers_.add(member, clock_.now());
  if (!state_.successors().empty() && state_.successors().front().id == member)
    successor_heard_ = clock_.now();
  acquaintances_.heard_from(member);
}

// Somebody between self and the successor, or the one who was the predecessor.
void ChordNode::heard_of(const wire::MemberId& member) {
  if (!state_.is_member() || state_.successors().empty() || looking_) return;
  if (ring::in_open(state_.self().id, member, state_.successors().front().id)) scope_.spawn(look_at(member));
}

// ---- churn ----

// Whoever was in the list before, and is not within its reach now, went away.
void ChordNode::observe_churn(const std::vector<NodeRef>& before) {
  const std::vector<NodeRef>& now = state_.successors();
  if (now.empty() || before.empty()) return;
  double departures = 0;
  for (const NodeRef& old : before) {
    const bool within = !ring::in_open(now.back().id, old.id, state_.self().id);
    const bool kept = std::ranges::find(now, old) != now.end();
    if (within && !kept) ++departures;
  }
  churn_.observe(clock_.now(), static_cast<double>(now.size()), departures);
}

double ChordNode::estimated_members() const {
  const std::vector<NodeRef>& successors = state_.successors();
  if (successors.size() < options_.successor_list) return static_cast<double>(successors.size() + 1);
  const ring::Id reach = ring::distance(state_.self().id, successors.back().id);
  double part = 0;  // of the circle
  for (std::size_t i = 0; i < 8; ++i) part = part * 256 + reach.bytes[i];
  return static_cast<double>(successors.size()) / std::max(part / 0x1p64, 1e-18);
}

}  // namespace peerstore::chord
