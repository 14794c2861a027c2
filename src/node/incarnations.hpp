// Incarnations: the number of this machine's present life, which rises at every start and every
// rejoin, and never falls, so that others can tell an old answer from a new one.
//
// A new life must not wait for the disk, so the disk is ahead: the file "incarnation" holds a bound
// that no life has reached yet, and is raised in the background when the lives come near it. The
// next start begins at the bound.
#pragma once

#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/runtime/workers.hpp>

#include <memory>

namespace peerstore::node {

class Incarnations {
 public:
  // Begins above the bound that is kept; without one (a new machine, or a disk that was replaced or
  // damaged) above `if_forgotten`, which should be more lives than the machine can have had.
  static Task<Result<std::unique_ptr<Incarnations>>> open(Disk& disk, Workers& workers,
                                                          std::uint64_t if_forgotten = 0);

  std::uint64_t current() const { return current_; }
  // Begins a new life, above `seen` as well: what others remember of this machine.
  std::uint64_t next(std::uint64_t seen);
  bool must_be_kept() const { return current_ + kAhead / 2 >= bound_; }
  // Raises the bound on disk.
  Task<Result<void>> keep();

 private:
  static constexpr std::uint64_t kAhead = 16;
  Incarnations(Disk& disk, Workers& workers, std::uint64_t bound)
      : disk_(disk), workers_(workers), current_(bound), bound_(bound) {}

  Disk& disk_;
  Workers& workers_;
  std::uint64_t current_;
  std::uint64_t bound_;
};

}  // namespace peerstore::node
