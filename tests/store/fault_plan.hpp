// FaultPlan: the calls to a machine's disk and facts, numbered, and what is to go wrong at which.
#pragma once

#include <peerstore/runtime/result.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace peerstore::store {

struct FaultPlan {
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  enum class Fault : std::uint8_t { io, full, short_write };

  // The power goes off after so many calls that change something: all later calls fail.
  std::uint64_t power_off_after = kNever;
  // The call of this number (reads count too) fails once.
  std::uint64_t fail_at = kNever;
  Fault fault = Fault::io;
  // While set, whatever takes room on the disk fails.
  bool disk_is_full = false;
  bool files_give_nothing = false;  // no byte of any file can be read

  bool failed_a_change = false;  // the call that failed was not a read

  // Told of each call that changes something, before it does.
  std::function<void()> on_change = [] {};

  std::uint64_t calls = 0;
  std::uint64_t changes = 0;
  std::vector<std::string> log;  // the calls that changed something, with their paths

  bool power_is_off() const { return changes >= power_off_after; }

  Result<void> before_read() {
    if (power_is_off()) return fail(Errc::io, "the power is off");
    if (calls++ == fail_at) return fail(Errc::io, "injected");
    return {};
  }
  // `takes_room`: may fail for want of space.
  Result<void> before_change(std::string call, bool takes_room) {
    if (power_is_off()) return fail(Errc::io, "the power is off");
    on_change();
    const bool fails = calls++ == fail_at;
    failed_a_change |= fails;
    if (fails && fault == Fault::full && takes_room) return fail(Errc::full, "injected");
    if (fails && fault != Fault::short_write) return fail(Errc::io, "injected");
    if (disk_is_full && takes_room) return fail(Errc::full, "the disk is full");
    ++changes;
    log.push_back(std::move(call));
    return {};
  }
  // Of the call that is under way.
  bool is_short_write() const { return fault == Fault::short_write && calls - 1 == fail_at; }
};

}  // namespace peerstore::store
