#include <peerstore/world/latency.hpp>

#include "world/mixing.hpp"

#include <algorithm>
#include <cmath>

namespace peerstore::world {

namespace {

// A number that is always the same for this pair in either order.
std::uint64_t pair_number(std::uint64_t seed, std::uint32_t a, std::uint32_t b) {
  return mix(seed ^ (std::uint64_t{std::min(a, b)} << 32 | std::max(a, b)));
}

Duration milliseconds(double count) { return Duration(static_cast<Duration::rep>(count * 1e6)); }

// One of the numbers of a machine.
std::uint64_t machine_number(std::uint64_t seed, std::uint32_t machine, unsigned which) {
  return mix(mix(seed + machine) + which);
}

// The access line of a machine, one way: log-normal. The normal variable is the sum of twelve
// uniform ones less six.
double access_milliseconds(std::uint64_t seed, std::uint32_t machine, double median, double sigma) {
  double sum = -6;
  for (unsigned word = 0; word < 3; ++word) {
    const std::uint64_t bits = machine_number(seed, machine, 100 + word);
    for (unsigned shift = 0; shift < 64; shift += 16) {
      sum += (static_cast<double>(bits >> shift & 0xffff) + 0.5) / 65536;
    }
  }
  return median * std::exp(sigma * sum);
}

class Uniform final : public LatencyModel {
 public:
  Uniform(std::uint64_t seed, Duration least, Duration spread)
      : seed_(mix(seed + 1)), least_(least), spread_(static_cast<double>(spread.count())) {}

  Duration one_way(std::uint32_t from, std::uint32_t to) const override {
    const double share = unit_of(pair_number(seed_, from, to));
    return least_ + Duration(static_cast<Duration::rep>(share * spread_));
  }

 private:
  std::uint64_t seed_;
  Duration least_;
  double spread_;
};

class Regional final : public LatencyModel {
 public:
  explicit Regional(std::uint64_t seed) : seed_(mix(seed + 1)) {}

  Duration one_way(std::uint32_t from, std::uint32_t to) const override {
    const unsigned here = continent(from);
    const unsigned there = continent(to);
    double least = 80;  // of the round trip, between Europe and America
    double most = 100;
    if (here == there) {
      least = 10;
      most = 30;
    } else if (here == kAsia || there == kAsia) {
      least = 180;
      most = 250;
    }
    const double round_trip = least + (most - least) * unit_of(pair_number(seed_, from, to));
    return milliseconds(round_trip / 2 + access(from) + access(to));
  }

 private:
  static constexpr unsigned kContinents = 3;
  static constexpr unsigned kAsia = 2;
  unsigned continent(std::uint32_t machine) const {
    return static_cast<unsigned>(machine_number(seed_, machine, 0) % kContinents);
  }
  double access(std::uint32_t machine) const { return access_milliseconds(seed_, machine, 4, 0.7); }

  std::uint64_t seed_;
};

class Euclid final : public LatencyModel {
 public:
  explicit Euclid(std::uint64_t seed) : seed_(mix(seed + 1)) {}

  Duration one_way(std::uint32_t from, std::uint32_t to) const override {
    double square = 0;
    for (unsigned dimension = 0; dimension < kDimensions; ++dimension) {
      const double here = unit_of(machine_number(seed_, from, dimension));
      const double there = unit_of(machine_number(seed_, to, dimension));
      square += (here - there) * (here - there);
    }
    return milliseconds(kEdge / 2 * std::sqrt(square) + height(from) + height(to));
  }

 private:
  static constexpr unsigned kDimensions = 5;
  // Of the cube, in milliseconds of round trip. Two random points of it are 0.8785 edges apart: 140
  // ms; the heights add 10 ms each way at both ends, in the mean.
  static constexpr double kEdge = 140 / 0.8785;
  double height(std::uint32_t machine) const { return access_milliseconds(seed_, machine, 7.83, 0.7); }

  std::uint64_t seed_;
};

}  // namespace

std::shared_ptr<const LatencyModel> uniform_latency(std::uint64_t seed, Duration least, Duration spread) {
  return std::make_shared<Uniform>(seed, least, spread);
}
std::shared_ptr<const LatencyModel> regional_latency(std::uint64_t seed) {
  return std::make_shared<Regional>(seed);
}
std::shared_ptr<const LatencyModel> euclid_latency(std::uint64_t seed) {
  return std::make_shared<Euclid>(seed);
}

}  // namespace peerstore::world
