// Search: asking members along the ring, several at once, until one settles the question. What
// lookups and joins have in common.
//
// Candidates come from own knowledge and from the answers of those asked, who may lie: nobody is
// asked twice, and there is an end to the number of questions.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>
#include <peerstore/wire/types.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace peerstore::chord {

using wire::NodeRef;

inline constexpr std::size_t kQuestionsMax = 64;  // of one search
// Until a neighbour is suspected. The verdict takes the network's own time.
inline constexpr Duration kSuspectAfter = std::chrono::milliseconds(350);
// While a question is under way, the clock may go on this much longer than it was to wait; if more,
// this machine stood still.
inline constexpr Duration kSlack = std::chrono::seconds(2);
inline constexpr std::size_t kCandidatesOfAnAnswer = 8;  // that are believed

// Nobody there. (Any other error is the peer's own answer: it lives.)
template <class T>
bool is_silent(const Result<T>& answer) {
  if (answer) return false;
  const Errc code = answer.error().code;
  return code == Errc::timed_out || code == Errc::unreachable;
}

class Candidates {
 public:
  Candidates(const wire::MemberId& self, const ring::Id& key, std::size_t most = kQuestionsMax)
      : key_(key), most_(most) {
    seen_.insert(self);
  }

  // Never to be asked.
  void exclude(const wire::MemberId& member) { seen_.insert(member); }

  // To be asked in turn: nearest to the key first, in whichever direction.
  // False if it is no news.
  bool add(const NodeRef& candidate) {
    if (!seen_.insert(candidate.id).second) return false;
    const ring::Id after = ring::distance(key_, candidate.id);
    const ring::Id before = ring::distance(candidate.id, key_);
    waiting_.emplace(std::min(after, before), candidate);
    return true;
  }
  // Best first, as members list them: the first is asked before all others. How many are news.
  std::size_t add_best_first(const std::vector<NodeRef>& list) {
    std::size_t news = 0;
    const std::size_t believed = std::min(list.size(), kCandidatesOfAnAnswer);
    for (std::size_t i = 0; i < believed; ++i) {
      if (add(list[i])) ++news;
      if (i == 0) favourite_ = list[i].id;
    }
    return news;
  }
  std::optional<NodeRef> next() {
    if (asked_ == most_ || waiting_.empty()) return std::nullopt;
    auto chosen = std::ranges::find_if(
        waiting_, [&](const auto& ranked) { return favourite_ && ranked.second.id == *favourite_; });
    if (chosen == waiting_.end()) chosen = waiting_.begin();
    const NodeRef candidate = chosen->second;
    waiting_.erase(chosen);
    ++asked_;
    return candidate;
  }
  unsigned asked() const { return asked_; }

 private:
  ring::Id key_;
  std::size_t most_;
  std::set<wire::MemberId> seen_;
  std::set<std::pair<ring::Id, NodeRef>> waiting_;
  std::optional<wire::MemberId> favourite_;
  unsigned asked_ = 0;
};

struct Search {
  Search(Clock& clock, const wire::MemberId& self, const ring::Id& key, std::size_t most = kQuestionsMax)
      : candidates(self, key, most), progress(clock) {}

  // The last act of each question. `waited_in_vain`: not only was there no answer, it took time to find out.
  void finish_question(bool waited_in_vain) {
    met_silence = met_silence || waited_in_vain;
    --in_flight;
    progress.notify_all();
  }

  Candidates candidates;
  bool settled = false;
  bool met_silence = false;
  std::size_t in_flight = 0;
  Event progress;
};

// Asks until the search is settled or nobody is left. `question` is a callable that takes a
// NodeRef and returns Task<void>. One at a time as long as they answer, since each knows better
// than the one before; several once somebody was silent, since others may be, too.
template <class Question>
Task<void> ask_around(Clock& clock, Search& search, std::size_t at_once, Question& question) {
  TaskScope scope(clock);
  for (;;) {
    const std::size_t limit = search.met_silence ? at_once : 1;
    while (!search.settled && search.in_flight < limit) {
      const std::optional<NodeRef> candidate = search.candidates.next();
      if (!candidate) break;
      ++search.in_flight;
      scope.spawn(question(*candidate));
    }
    if (search.settled || search.in_flight == 0) co_return;
    co_await search.progress.wait();
  }
}

}  // namespace peerstore::chord
