// LatencyModel: how long a message is on its way between two machines, apart from jitter, queues and
// weather. A pure function of the pair and the seed: nothing is measured, nothing remembered.
//
// The data sets of real round trips (King, Skitter) are not ours to ship; these generators have
// their shape: a mean round trip of about 180 ms with a long tail, or three continents with the
// usual distances between them.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <cstdint>
#include <memory>

namespace peerstore::world {

class LatencyModel {
 public:
  virtual ~LatencyModel() = default;
  // Machines by their places in the network. The same in both directions.
  virtual Duration one_way(std::uint32_t from, std::uint32_t to) const = 0;
};

// Each pair between `least` and `least + spread`.
std::shared_ptr<const LatencyModel> uniform_latency(std::uint64_t seed, Duration least, Duration spread);

// Three continents: round trips of 10 to 30 ms within each, 80 to 100 ms over the Atlantic, 180 to
// 250 ms to Asia; and on top the access line of each machine (log-normal, median 4 ms one way).
std::shared_ptr<const LatencyModel> regional_latency(std::uint64_t seed);

// Points in a cube of five dimensions, each with a height above it for its access line (as network
// coordinates are fitted to measured round trips: Dabek et al., Vivaldi, SIGCOMM 2004). The mean
// round trip is 180 ms.
std::shared_ptr<const LatencyModel> euclid_latency(std::uint64_t seed);

}  // namespace peerstore::world
