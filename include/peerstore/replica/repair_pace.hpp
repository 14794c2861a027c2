// RepairPace: how fast a machine gives its chunks to those who repair, so that it leaves the line to whoever
// works at it.
//
// What is limited is what goes out: a line at home carries a tenth of that outwards of what comes in.
// Each segment takes its turn, and the next comes when the rate of the line to that friend allows; turns are
// shared by all friends, so that a fast one near by and a slow one far away together take no more of the
// machine's time than one of them. Whoever would have to wait long is told so, and comes again.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/wire/types.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

namespace peerstore::replica {

class RepairPace {
 public:
  // Bytes a second that may go to that member.
  using Rate = std::function<std::uint64_t(const wire::MemberId&)>;
  // The one who asks waits a while for an answer (repair_pull.cpp), which has to travel, too.
  static constexpr Duration kWaitMost = std::chrono::seconds(15);

  explicit RepairPace(Clock& clock) : clock_(clock) {}

  // None: as fast as it goes.
  void limit(Rate rate) { rate_ = std::move(rate); }

  // Returns when so many bytes may go to `member`; Errc::busy if its turn would be too late.
  Task<Result<void>> wait_for(wire::MemberId member, std::uint64_t bytes) {
    if (!rate_) co_return Result<void>();
    const TimePoint turn = std::max(free_at_, clock_.now());
    if (turn - clock_.now() > kWaitMost) {
      co_return fail(Errc::busy, "others are given chunks to repair from here");
    }
    const std::uint64_t rate = std::max<std::uint64_t>(rate_(member), 1);
    free_at_ = turn + Duration(static_cast<Duration::rep>(bytes * 1'000'000'000 / rate));
    co_await clock_.sleep_until(turn);
    co_return Result<void>();
  }

 private:
  Clock& clock_;
  Rate rate_;
  TimePoint free_at_;
};

}  // namespace peerstore::replica
