// RosterSaver: keeps the roster on disk in step with the one in memory.
//
// Each save writes all of it, and a growing ring changes every second. So changes are gathered, for
// a moment when nothing was saved lately, else until kPause after the last save. What a crash loses
// is at most what was learned in that time, and friends give it again; this machine's own proof
// stands in its identity file. Only a new root is saved at once: a node that has seen one never accepts
// an older one again, whoever tells it after a crash. Whoever needs the roster durable now awaits save().
#pragma once

#include <peerstore/membership/membership.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

namespace peerstore::node {

class RosterSaver {
 public:
  // References outlive this. `on_disk`: the digest of what was loaded, if anything was.
  RosterSaver(Clock& clock, Disk& disk, Workers& workers, const membership::Roster& roster,
              std::optional<crypto::Hash> on_disk)
      : clock_(clock),
        disk_(disk),
        workers_(workers),
        roster_(roster),
        root_(roster.root_id()),
        saved_(on_disk),
        one_at_a_time_(clock, 1),
        scope_(clock) {}

  // Saves in the background, soon.
  void changed();
  // Durable when it returns without error.
  Task<Result<void>> save();

 private:
  Task<void> save_now();
  Task<void> save_soon();

  static constexpr Duration kPause = std::chrono::minutes(1);

  Clock& clock_;
  Disk& disk_;
  Workers& workers_;
  const membership::Roster& roster_;
  wire::StatementId root_;             // seen last
  std::optional<crypto::Hash> saved_;  // the digest of what is on disk
  std::optional<TimePoint> saved_at_;
  bool waiting_ = false;
  Semaphore one_at_a_time_;
  TaskScope scope_;  // last: its task uses everything above
};

}  // namespace peerstore::node
