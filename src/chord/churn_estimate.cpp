#include <peerstore/chord/churn_estimate.hpp>

#include <algorithm>
#include <cmath>

namespace peerstore::chord {

void ChurnEstimate::observe(TimePoint now, double watched, double departures) {
  const double passed = began_ ? std::chrono::duration<double>(now - last_).count() : 0;
  last_ = now;
  began_ = true;
  const double kept = std::exp(-passed / kFading);
  // What is watched while a lid is closed is not watched.
  seconds_ = seconds_ * kept + watched * std::min(passed, kFading);
  departures_ = departures_ * kept + departures;
}

Duration ChurnEstimate::mean_session() const {
  const double seconds = (seconds_ + kPrior) / (departures_ + 1);
  return Duration(static_cast<Duration::rep>(seconds * 1e9));
}

}  // namespace peerstore::chord
