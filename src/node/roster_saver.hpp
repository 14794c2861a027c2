// RosterSaver: keeps the roster on disk in step with the one in memory. Changes come in bursts, so
// they are saved a moment after the first; whoever needs them durable now awaits save().
#pragma once

#include <peerstore/membership/membership.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

namespace peerstore::node {

class RosterSaver {
 public:
  // References outlive this.
  RosterSaver(Clock& clock, Disk& disk, Workers& workers, const membership::Roster& roster)
      : clock_(clock),
        disk_(disk),
        workers_(workers),
        roster_(roster),
        one_at_a_time_(clock, 1),
        scope_(clock) {}

  // Saves in the background, soon.
  void changed();
  // Durable when it returns without error.
  Task<Result<void>> save();

 private:
  Task<void> save_soon();

  Clock& clock_;
  Disk& disk_;
  Workers& workers_;
  const membership::Roster& roster_;
  std::optional<crypto::Hash> saved_;  // the digest of what is on disk
  bool waiting_ = false;
  Semaphore one_at_a_time_;
  TaskScope scope_;  // last: its task uses everything above
};

}  // namespace peerstore::node
