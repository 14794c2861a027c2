// SlowSources: friends who kept this machine waiting when it pulled chunks from them, because many pull
// there, or their line is thin, or they mean no good; or who had not what they offered. They are asked after
// all others, and by turns, so that what comes from them, or does not, holds up nothing else.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/wire/types.hpp>

#include <algorithm>
#include <map>

namespace peerstore::replica {

class SlowSources {
 public:
  // It is asked after all others from now on, and not before `again`.
  void put_off(const wire::MemberId& source, TimePoint again) {
    TimePoint& until = sources_[source];
    until = std::max(until, again);
  }
  void was_prompt(const wire::MemberId& source) { sources_.erase(source); }
  // When its turn is: whose time is less comes first, and nobody before its time.
  TimePoint turn_of(const wire::MemberId& source) const {
    const auto found = sources_.find(source);
    return found == sources_.end() ? TimePoint{} : found->second;
  }
  bool empty() const { return sources_.empty(); }

 private:
  std::map<wire::MemberId, TimePoint> sources_;  // and when they may be asked again
};

}  // namespace peerstore::replica
