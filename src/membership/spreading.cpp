// Passing news on, and asking those who are away.
#include <algorithm>

#include "membership_state.hpp"

namespace peerstore::membership {

namespace {
// Pushes that nobody has answered yet. Beyond it nobody is listening, and exchanges will do.
constexpr std::size_t kPushesInFlightMax = 64;
// So long the first of a part may keep the rest of it waiting. If it was only slow it is live again when it
// speaks.
constexpr Duration kPatienceWithTeller = std::chrono::seconds(1);
constexpr std::size_t kTellingBytes = 8;

// As exactly as it takes to tell members apart: the rest would travel with each piece of news.
wire::MemberId roughly(wire::MemberId point) {
  std::fill(point.bytes.begin() + kTellingBytes, point.bytes.end(), std::uint8_t{0});
  return point;
}
}  // namespace

Task<void> Membership::State::spread() {
  for (;;) {
    while (news.empty()) co_await has_news.wait();
    // Who comes is told at once. Statements come one after another, as an invitation and then who took it.
    if (news.presences.empty()) co_await clock.sleep(random.jitter(options.statements_period));
    tell_ring(take_news(), self);
    co_await clock.sleep(random.jitter(options.news_period));
  }
}

void Membership::State::tell_ring(wire::PushStatements told, const wire::MemberId& until) {
  if (neighbours_only) {
    told.presences.clear();
    told.absences.clear();
  }
  if (told.statements.empty() && told.presences.empty() && told.absences.empty()) return;
  for (const Part& part : divide(until)) {
    if (scope.running() >= kPushesInFlightMax) return;
    scope.spawn(tell_part(part, told));
  }
}

// The live members between self and `until` in equal parts.
std::vector<Membership::State::Part> Membership::State::divide(const wire::MemberId& until) const {
  const std::vector<wire::MemberId>& live = liveness.live(roster);
  const auto place_of = [&](const wire::MemberId& member) {
    return static_cast<std::size_t>(std::ranges::lower_bound(live, member) - live.begin());
  };
  std::vector<Part> parts;
  if (live.empty()) return parts;
  const std::size_t begin = place_of(self);  // self is not among them
  std::size_t count = (place_of(until) + live.size() - begin) % live.size();
  const bool is_all = count == 0 && ring::in_open(self, live[begin % live.size()], until);
  if (is_all) count = live.size();
  const std::size_t wanted = std::min(options.news_fan_out, count);
  for (std::size_t i = 0; i < wanted; ++i) {
    const wire::MemberId& first = live[(begin + i * count / wanted) % live.size()];
    if (!parts.empty()) parts.back().until = first;
    parts.push_back({first, until});
  }
  return parts;
}

// The first of the part, or the one after it if that does not answer, until somebody does.
Task<void> Membership::State::tell_part(Part part, wire::PushStatements told) {
  told.until = roughly(part.until);
  for (wire::MemberId first = part.first;;) {
    const Result<wire::Done> done = co_await wire::ask(network, first, told, kPatienceWithTeller);
    note(first, done);
    if (!is_silence(done)) co_return;
    const std::optional<wire::MemberId> next = liveness.next_live(roster, first);
    const bool is_in_part = next && *next != first && ring::in_open(part.first, *next, part.until);
    if (!is_in_part) co_return;
    first = *next;
  }
}

Task<void> Membership::State::tell(wire::MemberId peer, wire::PushStatements told) {
  const Result<wire::Done> done = co_await wire::ask(network, peer, std::move(told));
  note(peer, done);
}

wire::PushStatements Membership::State::take_news() {
  Learned gathered;
  const std::size_t statements = std::min(news.statements.size(), wire::kStatementsMax);
  const auto rest = news.statements.begin() + static_cast<std::ptrdiff_t>(statements);
  gathered.statements.assign(news.statements.begin(), rest);
  news.statements.erase(news.statements.begin(), rest);
  while (!news.presences.empty() && gathered.presences.size() < wire::kPresencesMax) {
    gathered.presences.push_back(*news.presences.begin());
    news.presences.erase(news.presences.begin());
  }
  return contents_of(gathered);
}

wire::PushStatements Membership::State::contents_of(const Learned& learned) const {
  wire::PushStatements push;
  for (const wire::StatementId& id : learned.statements) {
    if (auto statement = roster.statement(id)) push.statements.push_back(std::move(*statement));
  }
  for (const wire::MemberId& member : learned.presences) {
    const wire::Presence* presence = presences.find(member);
    if (presence != nullptr) push.presences.push_back(*presence);
  }
  push.absences = learned.absences;
  return push;
}

Task<void> Membership::State::ask_those_away() {
  wire::MemberId last_asked = self;
  for (;;) {
    const std::optional<wire::MemberId> peer = liveness.next_away(roster, last_asked);
    if (!peer) {
      co_await somebody_is_away.wait();
      continue;
    }
    co_await clock.sleep(random.jitter(options.probe_period));
    // While they answer, one after another: a partition has healed.
    for (bool answered = true; answered;) {
      const std::optional<wire::MemberId> next = liveness.next_away(roster, last_asked);
      if (!next) break;
      last_asked = *next;
      const Result<wire::Neighbours> answer = co_await wire::ask(network, last_asked, wire::GetNeighbours{});
      note(last_asked, answer);
      answered = answer.has_value();
      // It was away: what it tells is old, or of another part of a partition.
      const bool differs = answered && !is_of_another_day() && differs_from(answer->roster);
      if (differs && !comparisons[last_asked].exchanging) scope.spawn(exchange_in_background(last_asked));
    }
  }
}

}  // namespace peerstore::membership
