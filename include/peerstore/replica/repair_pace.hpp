// RepairPace: how fast a machine gives its chunks to those who repair, so that it leaves the line to whoever
// works at it.
//
// What is limited is what goes out: a line at home carries a tenth of that outwards of what comes in.
// Each segment takes its turn, and the next comes when the rate of the line to that friend allows. Persons
// share the machine's time evenly, whatever each asks for and however thin the lines are: turns go by
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
#include <optional>
#include <set>
#include <utility>

namespace peerstore::replica {

class RepairPace {
 public:
  // Bytes a second that may go to that member.
  using Rate = std::function<std::uint64_t(const wire::MemberId&)>;
  // The one who asks waits a while for an answer (repair_pull.cpp), which has to travel, too.
  static constexpr Duration kWaitMost = std::chrono::seconds(15);
  // For segments, of one person: what a machine's pulls ask for at a time.
  static constexpr std::size_t kWaitingMost = 8;
  // How much a line carries shows only while it is busy: every so often a member that asks is given so many
  // bytes, or for so long, as it can take; nine times as long nobody is given anything.
  static constexpr std::uint64_t kSampleBytes = 4 << 20;
  static constexpr Duration kSampleTime = std::chrono::seconds(2);
  static constexpr Duration kSampledAgainAfter = std::chrono::minutes(10);

  explicit RepairPace(Clock& clock) : clock_(clock), changed_(clock) {}

  // No rate: as fast as it goes. `samples`: the rate is one that is measured.
  void limit(Rate rate, bool samples);

  // Returns when so many bytes may go to `member`, which is that person's; Errc::busy if its turn would be
  // too late.
  Task<Result<void>> wait_for(wire::PersonNumber person, wire::MemberId member, std::uint64_t bytes);

 private:
  // Time is counted as it is given out: from it follows whose turn is next.
  struct Share {
    Duration next_start{};  // where the person's next turn begins in the time given out
    std::size_t waiting = 0;
    TimePoint used_at;
  };
  using Place = std::pair<Duration, std::uint64_t>;  // where the turn begins; who came first
  class Turn;
  struct Sample {
    wire::PersonNumber person = 0;
    wire::MemberId member;
    TimePoint begin;
    std::uint64_t bytes = 0;
  };

  bool takes_part_in_sample(const wire::MemberId& member, std::uint64_t bytes);
  void begin_sample_if_due(wire::PersonNumber person, const wire::MemberId& member, std::uint64_t bytes);
  void end_sample_if_over();
  void forget_the_idle();

  Clock& clock_;
  Rate rate_;
  bool samples_ = false;
  std::map<wire::PersonNumber, Share> shares_;
  std::map<wire::MemberId, TimePoint> sampled_at_;
  std::optional<Sample> sample_;  // that is being taken
  std::set<Place> queue_;
  std::uint64_t came_ = 0;
  Duration given_out_{};  // where the last turn that came began
  TimePoint free_at_;
  Event changed_;  // of the queue
};

}  // namespace peerstore::replica
