#include <peerstore/replica/repair_pace.hpp>

#include <algorithm>

namespace peerstore::replica {

namespace {
using namespace std::chrono_literals;
constexpr Duration kForgottenAfter = 10min;
constexpr unsigned kPausesPerSample = 9;
constexpr Duration kLookPause = 50ms;
// A clock that wakes a little late must not make the pace slower.
constexpr Duration kLatenessMadeUp = 10ms;
}  // namespace

// A place in the queue, which is left by whoever is served, gives up or is cancelled.
class RepairPace::Turn {
 public:
  Turn(RepairPace& pace, Share& share, Duration time)
      : pace_(pace),
        share_(share),
        time_(time),
        place_(std::max(pace.given_out_, share.next_start), pace.came_++) {
    share_.next_start = place_.first + time_;
    ++share_.waiting;
    pace_.queue_.insert(place_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    --share_.waiting;
    pace_.queue_.erase(place_);
    if (!has_come_) share_.next_start -= time_;
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
  Share& share_;
  Duration time_;
  Place place_;
  bool has_come_ = false;
};

void RepairPace::limit(Rate rate, bool samples) {
  rate_ = std::move(rate);
  samples_ = samples;
}

void RepairPace::forget_the_idle() {
  const TimePoint now = clock_.now();
  std::erase_if(shares_, [now](const auto& entry) {
    return entry.second.waiting == 0 && now - entry.second.used_at > kForgottenAfter;
  });
  std::erase_if(sampled_at_, [now](const auto& entry) { return now - entry.second >= kSampledAgainAfter; });
}

bool RepairPace::takes_part_in_sample(const wire::MemberId& member, std::uint64_t bytes) {
  end_sample_if_over();
  if (!sample_ || sample_->member != member) return false;
  sample_->bytes += bytes;
  return true;
}

void RepairPace::begin_sample_if_due(wire::PersonNumber person, const wire::MemberId& member,
                                     std::uint64_t bytes) {
  if (!samples_ || sampled_at_.contains(member)) return;
  sampled_at_[member] = clock_.now();
  sample_ = Sample{person, member, clock_.now(), bytes};
  free_at_ = clock_.now() + kSampleTime;
}

void RepairPace::end_sample_if_over() {
  if (!sample_) return;
  const Duration took = std::min(clock_.now() - sample_->begin, kSampleTime);
  if (took < kSampleTime && sample_->bytes < kSampleBytes) return;
  free_at_ = sample_->begin + took * (1 + kPausesPerSample);
  Share& share = shares_[sample_->person];
  share.next_start = std::max(share.next_start, given_out_) + took * (1 + kPausesPerSample);
  sample_.reset();
}

Task<Result<void>> RepairPace::wait_for(wire::PersonNumber person, wire::MemberId member,
                                        std::uint64_t bytes) {
  if (!rate_) co_return Result<void>();
  forget_the_idle();
  Share& share = shares_[person];
  const TimePoint came_at = clock_.now();
  share.used_at = came_at;
  if (takes_part_in_sample(member, bytes)) co_return Result<void>();
  const Error come_again = fail(Errc::busy, "others are given chunks to repair from here");
  if (share.waiting >= kWaitingMost) co_return come_again;
  const std::uint64_t rate = std::max<std::uint64_t>(rate_(member), 1);
  Turn turn(*this, share, Duration(static_cast<Duration::rep>(bytes * 1'000'000'000 / rate)));
  while (!turn.is_next() || free_at_ > clock_.now()) {
    if (free_at_ > came_at + kWaitMost) co_return come_again;
    if (turn.is_next()) {
      // A sample may end early.
      co_await clock_.sleep_until(sample_ ? std::min(free_at_, clock_.now() + kLookPause) : free_at_);
    } else {
      co_await changed_.wait();
    }
    if (takes_part_in_sample(member, bytes)) co_return Result<void>();
  }
  turn.come();
  begin_sample_if_due(person, member, bytes);
  co_return Result<void>();
}

}  // namespace peerstore::replica
