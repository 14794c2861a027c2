// ChurnEstimate: how long members stay, from how many of those who were watched went away.
//
// Sessions are taken to be exponential: the mean is time watched (a member-second each) divided by
// departures seen. Old observations fade, by half about every seven minutes, so the estimate
// follows the time of day; as long as little was seen, members are taken to stay for 18 hours. Pure.
#pragma once

#include <peerstore/runtime/clock.hpp>

namespace peerstore::chord {

class ChurnEstimate {
 public:
  // Since the last call `watched` members were watched, and `departures` of them went away.
  void observe(TimePoint now, double watched, double departures);
  Duration mean_session() const;

 private:
  static constexpr double kFading = 600;   // seconds until an observation counts 1/e
  static constexpr double kPrior = 64800;  // member-seconds of calm that were seen before, with one departure
  TimePoint last_;
  bool began_ = false;
  double seconds_ = 0;
  double departures_ = 0;
};

}  // namespace peerstore::chord
