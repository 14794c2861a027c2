#include "node/roster_saver.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::node {

namespace {
constexpr Duration kGatherFor = std::chrono::seconds(1);
constexpr Duration kRetryAfter = std::chrono::seconds(30);
}  // namespace

void RosterSaver::changed() {
  if (roster_.root_id() != root_) {
    root_ = roster_.root_id();
    scope_.spawn(save_now());
  }
  if (std::exchange(waiting_, true)) return;
  scope_.spawn(save_soon());
}

// If it fails, the save that comes soon tries again.
Task<void> RosterSaver::save_now() { (void)co_await save(); }

Task<void> RosterSaver::save_soon() {
  TimePoint when = clock_.now() + kGatherFor;
  if (saved_at_) when = std::max(when, *saved_at_ + kPause);
  co_await clock_.sleep_until(when);
  waiting_ = false;
  Result<void> saved = co_await save();
  // Nothing was promised on the strength of it: friends give it again. But the disk may recover.
  while (!saved) {
    co_await clock_.sleep(kRetryAfter);
    saved = co_await save();
  }
}

Task<Result<void>> RosterSaver::save() {
  const Semaphore::Permit permit = co_await one_at_a_time_.acquire();
  const crypto::Hash digest = roster_.digest();
  if (saved_ == digest) co_return Result<void>();
  const std::vector<wire::Statement> statements = roster_.statements();
  const Result<void> saved =
      co_await workers_.run([this, &statements] { return membership::save_statements(disk_, statements); });
  if (saved) {
    saved_ = digest;
    saved_at_ = clock_.now();
  }
  co_return saved;
}

}  // namespace peerstore::node
