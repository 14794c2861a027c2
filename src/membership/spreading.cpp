// Passing news on, and asking those who are away.
#include <algorithm>

#include "membership_state.hpp"

namespace peerstore::membership {

namespace {
// Pushes that nobody has answered yet. Beyond it nobody is listening, and exchanges will do.
constexpr std::size_t kPushesInFlightMax = 64;
}  // namespace

Task<void> Membership::State::spread() {
  for (;;) {
    while (news.empty()) co_await has_news.wait();
    co_await clock.sleep(random.jitter(options.news_period));
    const wire::PushStatements push = take_news();
    if (push.statements.empty() && push.presences.empty()) continue;
    if (options.news_fan_out == 0 || scope.running() >= kPushesInFlightMax) continue;
    const std::optional<wire::MemberId> next = liveness.next_live(roster, self);
    if (!next) continue;
    std::vector<wire::MemberId> others = some_but(*next);
    scope.spawn(tell_next(push));
    for (const wire::MemberId& peer : others) scope.spawn(tell(peer, push));
  }
}

// The one after self on the circle, or the one after that if it does not answer, until somebody does.
Task<void> Membership::State::tell_next(wire::PushStatements push) {
  while (const std::optional<wire::MemberId> next = liveness.next_live(roster, self)) {
    const Result<wire::Done> done = co_await wire::ask(network, *next, push);
    note(*next, done);
    if (!is_silence(done)) co_return;
  }
}

Task<void> Membership::State::tell(wire::MemberId peer, wire::PushStatements push) {
  const Result<wire::Done> done = co_await wire::ask(network, peer, std::move(push));
  note(peer, done);
}

wire::PushStatements Membership::State::take_news() {
  wire::PushStatements push;
  const std::size_t statements = std::min(news.statements.size(), wire::kStatementsMax);
  for (std::size_t i = 0; i < statements; ++i) {
    if (auto statement = roster.statement(news.statements[i]))
      push.statements.push_back(std::move(*statement));
  }
  news.statements.erase(news.statements.begin(),
                        news.statements.begin() + static_cast<std::ptrdiff_t>(statements));
  while (!news.presences.empty() && push.presences.size() < wire::kPresencesMax) {
    const wire::Presence* presence = presences.find(*news.presences.begin());
    if (presence != nullptr) push.presences.push_back(*presence);
    news.presences.erase(news.presences.begin());
  }
  return push;
}

// Random live members besides `next`, which is told anyway.
std::vector<wire::MemberId> Membership::State::some_but(const wire::MemberId& next) {
  const std::vector<wire::MemberId>& live = liveness.live(roster);
  const std::size_t wanted = std::min(live.size(), options.news_fan_out);
  std::vector<wire::MemberId> chosen = {next};
  while (chosen.size() < wanted) {
    const wire::MemberId& one = live[random.below(live.size())];
    if (std::ranges::find(chosen, one) == chosen.end()) chosen.push_back(one);
  }
  chosen.erase(chosen.begin());
  return chosen;
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
      if (answered) compare(last_asked, answer->roster_digest);
    }
  }
}

}  // namespace peerstore::membership
