// first_good: asks one candidate after another until one gives a good answer. When an answer
// takes long, the next candidate is asked side by side (a hedged request: Dean and Barroso, "The
// tail at scale", CACM 2013), at most three at a time; the first good answer cancels the others.
#pragma once

#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>
#include <peerstore/wire/types.hpp>

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace peerstore::replica {

inline constexpr std::size_t kHedgedAtOnce = 3;

struct AskedInVain {
  wire::MemberId member;
  Error error;
};

// Ask is callable: Task<Result<T>>(member). It and what it refers to outlive the race.
template <class T, class Ask>
class HedgedRace {
 public:
  HedgedRace(Clock& clock, Duration hedge_after, std::vector<wire::MemberId> candidates, Ask& ask)
      : clock_(clock),
        hedge_after_(hedge_after),
        candidates_(std::move(candidates)),
        ask_(ask),
        end_(clock),
        lanes_(clock) {}

  // Nothing if nobody gave a good answer; `in_vain` then says what each of them said.
  Task<std::optional<T>> run() {
    if (candidates_.empty()) co_return std::nullopt;
    start_lane();
    if (next_ < candidates_.size()) lanes_.spawn(hedge());
    co_return co_await end_;
  }
  const std::vector<AskedInVain>& in_vain() const { return in_vain_; }
  // Those who had not answered when the end came, though they had had time to.
  std::vector<wire::MemberId> slow() const {
    std::vector<wire::MemberId> slow;
    for (const auto& [member, since] : waiting_for_) {
      if (clock_.now() - since >= hedge_after_) slow.push_back(member);
    }
    return slow;
  }

 private:
  void start_lane() {
    ++running_;
    lanes_.spawn(lane());
  }
  Task<void> lane() {
    while (next_ < candidates_.size() && !end_.is_set()) {
      const wire::MemberId member = candidates_[next_++];
      waiting_for_.emplace(member, clock_.now());
      Result<T> answer = co_await ask_(member);
      waiting_for_.erase(member);
      if (answer) {
        end_.set(std::move(*answer));
        break;
      }
      in_vain_.push_back({member, answer.error()});
    }
    if (--running_ == 0) end_.set(std::nullopt);  // no effect after a good answer
  }
  Task<void> hedge() {
    while (next_ < candidates_.size() && running_ > 0) {
      co_await clock_.sleep(hedge_after_);
      if (next_ < candidates_.size() && running_ > 0 && running_ < kHedgedAtOnce) start_lane();
    }
  }

  Clock& clock_;
  Duration hedge_after_;
  std::vector<wire::MemberId> candidates_;
  Ask& ask_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::map<wire::MemberId, TimePoint> waiting_for_;
  std::vector<AskedInVain> in_vain_;
  OneShot<std::optional<T>> end_;
  TaskScope lanes_;
};

}  // namespace peerstore::replica
