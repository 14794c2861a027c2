#include <peerstore/chord/churn_estimate.hpp>

#include <algorithm>
#include <cmath>

namespace peerstore::chord {

ChurnEstimate::ChurnEstimate(Duration prior) : prior_(std::chrono::duration<double>(prior).count()) {}

void ChurnEstimate::observe(TimePoint now, double watched, double departures) {
  const double passed = began_ ? std::chrono::duration<double>(now - last_).count() : 0;
  last_ = now;
  began_ = true;
  const double kept = std::exp(-std::max(passed / kFading, departures / kEnough));
  // What is watched while a lid is closed is not watched.
  seconds_ = seconds_ * kept + watched * std::min(passed, kFading);
  departures_ = departures_ * kept + departures;
}

void ChurnEstimate::assume(Duration session) {
  const double seconds = std::max(std::chrono::duration<double>(session).count(), kLeast);
  prior_ = std::min(prior_, seconds);
  const double in_calm = std::max(kHearsay * std::pow(kCalm / seconds, 3), kCalmWatched / seconds);
  const double weight = std::min(kHearsay, in_calm);
  seconds_ += weight * seconds;
  departures_ += weight;
}

void ChurnEstimate::take_as_at_most(Duration session) {
  const double seconds = std::chrono::duration<double>(session).count();
  prior_ = std::min(prior_, seconds);
  seconds_ = std::min(seconds_, seconds * departures_);
}

Duration ChurnEstimate::mean_session() const {
  const double seconds = (seconds_ + kPrior * prior_) / (departures_ + kPrior);
  return Duration(static_cast<Duration::rep>(seconds * 1e9));
}

}  // namespace peerstore::chord
