#include <peerstore/world/virtual_clock.hpp>

namespace peerstore::world {

namespace {
// Simulated history begins on 2025-01-01, so that dates in reports look like dates.
constexpr std::int64_t kEpochNanoseconds = 1'735'689'600'000'000'000;
}  // namespace

WallTime VirtualClock::wall_time() const { return WallTime{kEpochNanoseconds + now_.since_start.count()}; }

void VirtualClock::arm(Timer& timer, TimePoint when) { queue_.arm(timer, when < now_ ? now_ : when); }

bool VirtualClock::step() {
  if (queue_.empty()) return false;
  now_ = *queue_.next();
  ++events_;
  queue_.fire_next();
  return true;
}

void VirtualClock::run_until(TimePoint end) {
  while (!queue_.empty() && *queue_.next() <= end) step();
  if (now_ < end) now_ = end;
}

struct InlineWorkers::Completion final : Timer {
  explicit Completion(Job& work) : job(work) {}
  void fire() override {
    Job& done = job;
    done.ticket = nullptr;
    delete this;
    done.complete();
  }
  Job& job;
};

void InlineWorkers::submit(Job& job) {
  job.execute();
  auto* completion = new Completion(job);
  job.ticket = completion;
  clock_.arm(*completion, clock_.now() + delay_);
}

void InlineWorkers::cancel(Job& job) {
  delete static_cast<Completion*>(job.ticket);
  job.ticket = nullptr;
}

}  // namespace peerstore::world
