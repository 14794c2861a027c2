// Scrub: looks at everything that this machine holds, slowly and for ever, so that a chunk that rotted or
// vanished in silence is noticed while other copies are there to heal it.
//
// Two rounds go on side by side. Names: each folder's listing is compared with what should be in it, which
// costs little, once a day. Contents: every segment is read and checked against its leaf. A machine that
// is awake for eight hours a day gets through all of its chunks in 30 days; what counts is time awake,
// and how far the round came is kept ("scrub"), so that a machine that is restarted every day does
// not begin again and again. What is found damaged or gone the store drops, and tells so
// (ChunkStore::on_change); repair does the rest.
#pragma once

#include <peerstore/runtime/scope.hpp>
#include <peerstore/store/chunk_store.hpp>

namespace peerstore::store {

class Scrub {
 public:
  struct Options {
    Duration contents_period = std::chrono::hours(24 * 10);  // of being awake
    Duration names_period = std::chrono::hours(24);
  };
  struct Counters {
    std::uint64_t segments_read = 0;
    std::uint64_t segments_bad = 0;  // or heads: what the store found damaged
    std::uint64_t rounds = 0;        // through all contents
  };

  // References must outlive this.
  Scrub(Clock& clock, Disk& disk, Workers& workers, ChunkStore& chunks, Options options);

  // Runs until this is destroyed.
  void start();
  const Counters& counters() const { return counters_; }

 private:
  Task<void> check_contents();
  Task<void> check_contents_of(unsigned folder);
  Task<void> check_names();

  Clock& clock_;
  Disk& disk_;
  Workers& workers_;
  ChunkStore& chunks_;
  Options options_;
  Counters counters_;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::store
