#include "round_trips.hpp"

#include "limits.hpp"

#include <algorithm>

namespace peerstore::link {

namespace {
constexpr int kDoublingsMax = 6;
}

void RoundTrips::answered_after(Duration duration) {
  doublings_ = 0;
  if (samples_ == 0) {
    mean_ = duration;
    deviation_ = duration / 2;
  } else {
    const Duration error = duration - mean_;
    deviation_ += (std::chrono::abs(error) - deviation_) / 4;
    mean_ += error / 8;
  }
  samples_ = std::min(samples_ + 1, kRoundTripSamplesMin);
}

void RoundTrips::gave_up() { doublings_ = std::min(doublings_ + 1, kDoublingsMax); }

Duration RoundTrips::patience_within(Duration patience) const {
  if (samples_ < kRoundTripSamplesMin) return patience;
  const Duration measured = std::max(mean_ + 4 * deviation_, kRoundTripFloor);
  return std::min(patience, measured * (1 << doublings_));
}

bool RoundTrips::measures(const wire::Request& request) {
  return std::holds_alternative<wire::GetNeighbours>(request) ||
         std::holds_alternative<wire::Ping>(request) || std::holds_alternative<wire::FindSuccessor>(request);
}

}  // namespace peerstore::link
