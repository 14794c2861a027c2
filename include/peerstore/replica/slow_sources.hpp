// SlowSources: friends who kept this machine waiting when it pulled chunks from them, because many pull
// there, or their line is thin, or they mean no good. They are asked after all others, so that what comes
// from them holds up nothing else.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/wire/types.hpp>

#include <algorithm>
#include <map>

namespace peerstore::replica {

class SlowSources {
 public:
  enum class Turn : std::uint8_t { now, after_others, later };

  // Not before `again` may it be asked any more.
  void kept_us_waiting(const wire::MemberId& source, TimePoint again) {
    TimePoint& until = sources_[source];
    until = std::max(until, again);
  }
  void was_prompt(const wire::MemberId& source) { sources_.erase(source); }
  Turn turn_of(const wire::MemberId& source, TimePoint now) const {
    const auto found = sources_.find(source);
    if (found == sources_.end()) return Turn::now;
    return found->second <= now ? Turn::after_others : Turn::later;
  }
  bool empty() const { return sources_.empty(); }

 private:
  std::map<wire::MemberId, TimePoint> sources_;  // and when they may be asked again
};

}  // namespace peerstore::replica
