#include "laws.hpp"

#include <algorithm>

namespace peerstore::simulator {

namespace {

using List = std::vector<wire::NodeRef>;

// A clock that drifts rounds what is at once.
constexpr Duration kAtOnce = 1ms;

// [head] and its list, as far as they are in order from `self`. Written apart from chord/ on purpose.
List whole_list(const ring::Id& self, const wire::NodeRef& head, const List& its_successors,
                std::size_t most) {
  List list;
  ring::Id reached{};
  const auto take = [&](const wire::NodeRef& next) {
    const ring::Id distance = ring::distance(self, next.id);
    if (list.size() == most || distance <= reached) return false;
    reached = distance;
    list.push_back(next);
    return true;
  };
  if (!take(head)) return list;
  for (const wire::NodeRef& next : its_successors) {
    if (!take(next)) break;
  }
  return list;
}

}  // namespace

NeighboursAreAskedFirst::Heard& NeighboursAreAskedFirst::heard_by(std::uint32_t machine) {
  if (machine >= machines_.size()) machines_.resize(machine + 1);
  return machines_[machine];
}

// What is asked from now on is told apart from what was asked before, which may still be answered.
void NeighboursAreAskedFirst::Heard::begin_search() {
  found.clear();
  in_vain.clear();
  for (auto& [peer, asked] : questions) asked = {0, asked.open + asked.earlier};
}

void NeighboursAreAskedFirst::asked(std::uint32_t machine, const wire::MemberId& peer) {
  ++heard_by(machine).questions[peer].open;
}

void NeighboursAreAskedFirst::answered(std::uint32_t machine, Duration awake,
                                       const wire::Neighbours& answer) {
  Heard& heard = heard_by(machine);
  const wire::MemberId& peer = answer.self.id;
  heard.answers[peer] = {awake, answer};
  note_life(heard, answer.self);
  Questions& questions = heard.questions[peer];
  if (questions.earlier > 0) {
    --questions.earlier;
  } else if (questions.open > 0) {
    --questions.open;
  }
  if (answer.phase == wire::Phase::member) {
    heard.found.push_back(answer);
  } else {
    heard.in_vain.insert(peer);
  }
}

void NeighboursAreAskedFirst::failed(std::uint32_t machine, const wire::MemberId& peer) {
  heard_by(machine).in_vain.insert(peer);
}

void NeighboursAreAskedFirst::notified(std::uint32_t machine, const wire::NodeRef& by) {
  Heard& heard = heard_by(machine);
  heard.notified.insert(by.id);
  note_life(heard, by);
}

void NeighboursAreAskedFirst::note_life(Heard& heard, const wire::NodeRef& speaker) {
  std::uint64_t& latest = heard.lives[speaker.id];
  latest = std::max(latest, speaker.incarnation);
}

bool NeighboursAreAskedFirst::is_of_the_latest_life(const Heard& heard, const wire::NodeRef& member) {
  const auto latest = heard.lives.find(member.id);
  return latest == heard.lives.end() || member.incarnation >= latest->second;
}

// adopt: the list of one who answered just now.
bool NeighboursAreAskedFirst::may_adopt(const Heard& heard, Duration awake, const MemberSnapshot& now) const {
  const auto answer = heard.answers.find(now.successors.front().id);
  if (answer == heard.answers.end() || awake - answer->second.awake > kAtOnce) return false;
  const wire::Neighbours& head = answer->second.neighbours;
  if (head.phase != wire::Phase::member || !is_of_the_latest_life(heard, head.self)) return false;
  return now.successors == whole_list(now.self.id, head.self, head.successors, list_length_);
}

// join: the list of the new predecessor from self on, but for those who were asked in vain since self
// has been looking for its place. (One of them may have answered another question since: membership asks,
// too.)
bool NeighboursAreAskedFirst::may_join(const Heard& heard, const MemberSnapshot& now) const {
  return now.predecessor && std::ranges::any_of(heard.found, [&](const wire::Neighbours& m) {
           return m.self.id == now.predecessor->id && may_join_behind(m, heard, now);
         });
}

bool NeighboursAreAskedFirst::may_join_behind(const wire::Neighbours& m, const Heard& heard,
                                              const MemberSnapshot& now) const {
  const auto is_dead = [&](const wire::MemberId& id) {
    const auto questions = heard.questions.find(id);
    const bool unanswered = questions != heard.questions.end() && questions->second.open > 0;
    return unanswered || heard.in_vain.contains(id);
  };
  std::size_t taken = 0;
  ring::Id reached{};
  for (const wire::NodeRef& next : m.successors) {
    if (taken == list_length_) break;
    // At first those before self, and an earlier life of it. (Further on such a one is a lie, in order.)
    if (taken == 0 && ring::in_half_open(m.self.id, next.id, now.self.id)) continue;
    const ring::Id distance = ring::distance(now.self.id, next.id);
    if (distance <= reached) {  // a lie: nothing behind it can be believed, unless it was struck out as dead
      if (taken < now.successors.size() && is_dead(next.id)) continue;
      break;
    }
    if (taken < now.successors.size() && now.successors[taken] == next) {
      reached = distance;
      ++taken;
    } else if (!is_dead(next.id)) {
      return false;
    }
  }
  const bool m_was_alone = taken == 0 && now.successors.size() == 1 && now.successors.front() == m.self;
  return taken == now.successors.size() || m_was_alone;
}

bool NeighboursAreAskedFirst::may_follow(const Heard& heard, const MemberSnapshot& now) {
  if (!now.predecessor) return now.successors.empty();
  return heard.notified.contains(now.predecessor->id) || heard.answers.contains(now.predecessor->id);
}

std::optional<std::string> NeighboursAreAskedFirst::step(std::uint32_t machine, Duration awake,
                                                         const MemberSnapshot& now) {
  Heard& heard = heard_by(machine);
  const MemberSnapshot before = std::exchange(heard.before, now);
  if (before.self != now.self) {
    // Answers to what an earlier life asked may still come, and mean nothing.
    heard.answers.clear();
    heard.notified.clear();
    heard.lives.clear();
    heard.ran_out = false;
    heard.begin_search();
    return std::nullopt;
  }
  if (now.phase != wire::Phase::member || !now.successors.empty()) heard.ran_out = false;
  if (now.phase != wire::Phase::member) return std::nullopt;
  const std::optional<std::string> breach = judge(heard, awake, before, now);
  if (now.successors.empty() && !before.successors.empty()) heard.ran_out = true;
  if (now.predecessor || !now.successors.empty())
    heard.begin_search();  // it has its place: a search comes later
  return breach;
}

std::optional<std::string> NeighboursAreAskedFirst::judge(const Heard& heard, Duration awake,
                                                          const MemberSnapshot& before,
                                                          const MemberSnapshot& now) const {
  const std::string name = ring::short_name(now.self.id);
  const bool was_member = before.phase == wire::Phase::member;
  const bool had_neighbours = was_member && (before.predecessor || !before.successors.empty());
  if (heard.ran_out && !now.predecessor) return name + " stands alone because its list ran out";
  const bool is_stale = had_neighbours && now.predecessor && now.predecessor != before.predecessor &&
                        !is_of_the_latest_life(heard, *now.predecessor);
  if (is_stale) return name + " follows an earlier life of its predecessor";
  if (now.predecessor != before.predecessor && !may_follow(heard, now)) {
    return name + (now.predecessor ? " follows a predecessor that never spoke to it"
                                   : " forgot its predecessor, and has successors");
  }
  if (now.successors == before.successors || now.successors.empty()) return std::nullopt;
  const bool dropped = !before.successors.empty() &&
                       std::ranges::equal(now.successors.begin(), now.successors.end(),
                                          before.successors.begin() + 1, before.successors.end());
  if (dropped || may_adopt(heard, awake, now)) return std::nullopt;
  if (!had_neighbours && may_join(heard, now)) return std::nullopt;
  return name + " took successors that are not the whole list of one who answered it";
}

}  // namespace peerstore::simulator
