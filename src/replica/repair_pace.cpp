#include <peerstore/replica/repair_pace.hpp>

#include <algorithm>

namespace peerstore::replica {

namespace {
using namespace std::chrono_literals;
constexpr Duration kForgottenAfter = 10min;
// A clock that wakes a little late must not make the pace slower.
constexpr Duration kLatenessMadeUp = 10ms;
}  // namespace

// A place in the queue, which is left by whoever is served, gives up or is cancelled.
class RepairPace::Turn {
 public:
  Turn(RepairPace& pace, Line& line, Duration time)
      : pace_(pace),
        line_(line),
        time_(time),
        place_(std::max(pace.given_out_, line.next_start), pace.came_++) {
    line_.next_start = place_.first + time_;
    ++line_.waiting;
    pace_.queue_.insert(place_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    --line_.waiting;
    pace_.queue_.erase(place_);
    if (!has_come_) line_.next_start -= time_;
    pace_.changed_.notify_all();
  }

  bool is_next() const { return *pace_.queue_.begin() == place_; }
  void come() {
    has_come_ = true;
    pace_.given_out_ = place_.first;
    const TimePoint now = pace_.clock_.now();
    const bool goes_on = now < pace_.free_at_ + kLatenessMadeUp;
    pace_.free_at_ = (goes_on ? pace_.free_at_ : now) + time_;
  }

 private:
  RepairPace& pace_;
  Line& line_;
  Duration time_;
  Place place_;
  bool has_come_ = false;
};

void RepairPace::limit(Rate rate, std::uint64_t sample) {
  rate_ = std::move(rate);
  sample_ = sample;
}

void RepairPace::forget_the_idle() {
  const TimePoint now = clock_.now();
  std::erase_if(lines_, [now](const auto& entry) {
    return entry.second.waiting == 0 && now - entry.second.used_at > kForgottenAfter;
  });
}

Task<Result<void>> RepairPace::wait_for(wire::MemberId member, std::uint64_t bytes) {
  if (!rate_) co_return Result<void>();
  forget_the_idle();
  Line& line = lines_[member];
  const TimePoint came_at = clock_.now();
  line.used_at = came_at;
  if (line.sampled < sample_) {
    line.sampled += bytes;
    co_return Result<void>();
  }
  const Error come_again = fail(Errc::busy, "others are given chunks to repair from here");
  if (line.waiting >= kWaitingMost) co_return come_again;
  const std::uint64_t rate = std::max<std::uint64_t>(rate_(member), 1);
  Turn turn(*this, line, Duration(static_cast<Duration::rep>(bytes * 1'000'000'000 / rate)));
  while (!turn.is_next() || free_at_ > clock_.now()) {
    if (free_at_ > came_at + kWaitMost) co_return come_again;
    if (turn.is_next()) {
      co_await clock_.sleep_until(free_at_);
    } else {
      co_await changed_.wait();
    }
  }
  turn.come();
  co_return Result<void>();
}

}  // namespace peerstore::replica
