// ChurnEstimate: how long members stay, from how many of those who were watched went away.
//
// Sessions are taken to be exponential: the mean is time watched (a member-second each) divided by
// departures seen. Old observations fade, by half about every seven minutes and with each sixth departure,
// so the estimate follows the time of day. As long as little was seen, members are taken to stay for a time
// that is given, or for as long as others say; what they say fades like what was seen, and so does a lie.
// Pure.
#pragma once

#include <peerstore/runtime/clock.hpp>

namespace peerstore::chord {

class ChurnEstimate {
 public:
  // `prior`: the mean session when nothing was seen.
  explicit ChurnEstimate(Duration prior);

  // Since the last call `watched` members were watched, and `departures` of them went away.
  void observe(TimePoint now, double watched, double departures);
  // Others have seen more: they take members to stay this long.
  void assume(Duration session);
  // Members are taken to stay no longer than that, until what is watched says otherwise.
  void take_as_at_most(Duration session);
  Duration mean_session() const;

 private:
  static constexpr double kFading = 600;  // seconds until an observation counts 1/e
  static constexpr double kEnough = 8;    // departures until it counts so, should they come sooner
  static constexpr double kLeast = 10;    // seconds of a session that are believed
  static constexpr double kHearsay = 4;   // departures that hearsay counts for
  static constexpr double kCalm = 3600;  // seconds; of longer sessions it counts for less, since storms come,
  static constexpr double kCalmWatched = 1200;  // but for so many member-seconds at least
  // ... and the prior: little, since it never fades, and a neighbourhood sees few departures.
  static constexpr double kPrior = 0.01;
  TimePoint last_;
  bool began_ = false;
  double seconds_ = 0;
  double departures_ = 0;
  double prior_;  // seconds
};

}  // namespace peerstore::chord
