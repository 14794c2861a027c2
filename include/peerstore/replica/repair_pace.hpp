// RepairPace: how fast a machine gives its chunks to those who repair, so that it leaves the line to whoever
// works at it.
//
// What is limited is what goes out: a line at home carries a tenth of that outwards of what comes in.
// Each segment takes its turn, and the next comes when the rate of the line to that friend allows. Friends
// share the machine's time evenly, whatever each asks for and however thin its line is: turns go by
// start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996, section 2), with seconds in place of bytes.
// Whoever would have to wait long is told so, and comes again.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/runtime/sync.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/wire/types.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace peerstore::replica {

class RepairPace {
 public:
  // Bytes a second that may go to that member.
  using Rate = std::function<std::uint64_t(const wire::MemberId&)>;
  // The one who asks waits a while for an answer (repair_pull.cpp), which has to travel, too.
  static constexpr Duration kWaitMost = std::chrono::seconds(15);
  // For segments, of one member: what its pulls ask for at a time.
  static constexpr std::size_t kWaitingMost = 8;

  explicit RepairPace(Clock& clock) : clock_(clock), changed_(clock) {}

  // No rate: as fast as it goes. The first `sample` bytes go to a member unhindered, and again after it has
  // asked for nothing for a while: how much a line carries shows only while it is busy.
  void limit(Rate rate, std::uint64_t sample);

  // Returns when so many bytes may go to `member`; Errc::busy if its turn would be too late.
  Task<Result<void>> wait_for(wire::MemberId member, std::uint64_t bytes);

 private:
  // Time is counted as it is given out: from it follows whose turn is next.
  struct Line {
    Duration next_start{};  // where its next turn begins in the time given out
    std::size_t waiting = 0;
    std::uint64_t sampled = 0;  // bytes
    TimePoint used_at;
  };
  using Place = std::pair<Duration, std::uint64_t>;  // where the turn begins; who came first
  class Turn;

  void forget_the_idle();

  Clock& clock_;
  Rate rate_;
  std::uint64_t sample_ = 0;
  std::map<wire::MemberId, Line> lines_;
  std::set<Place> queue_;
  std::uint64_t came_ = 0;
  Duration given_out_{};  // where the last turn that came began
  TimePoint free_at_;
  Event changed_;  // of the queue
};

}  // namespace peerstore::replica
