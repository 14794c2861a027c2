#include <peerstore/world/latency.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_network.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace peerstore::world {
namespace {

std::vector<double> round_trips_in_ms(const LatencyModel& model) {
  std::vector<double> found;
  for (std::uint32_t a = 0; a < 200; ++a) {
    for (std::uint32_t b = a + 1; b < 200; ++b) {
      found.push_back(2 * std::chrono::duration<double, std::milli>(model.one_way(a, b)).count());
    }
  }
  std::ranges::sort(found);
  return found;
}
double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

TEST(Latency, IsTheSameBothWaysAndForTheSameSeedOnly) {
  for (const auto make : {regional_latency, euclid_latency}) {
    const auto model = make(1);
    const auto again = make(1);
    const auto other = make(2);
    int different = 0;
    for (std::uint32_t peer = 1; peer < 50; ++peer) {
      EXPECT_EQ(model->one_way(0, peer), model->one_way(peer, 0));
      EXPECT_EQ(model->one_way(0, peer), again->one_way(0, peer));
      different += model->one_way(0, peer) != other->one_way(0, peer) ? 1 : 0;
    }
    EXPECT_GT(different, 45);
  }
}

TEST(Latency, SpreadsPairsEvenlyInTheUniformModel) {
  const auto trips = round_trips_in_ms(*uniform_latency(1, 5ms, 45ms));
  EXPECT_GE(trips.front(), 10);
  EXPECT_LE(trips.back(), 100);
  EXPECT_NEAR(mean(trips), 55, 1);
}

TEST(Latency, HasThreeContinentsInTheRegionalModel) {
  const auto trips = round_trips_in_ms(*regional_latency(1));
  EXPECT_GE(trips.front(), 10);
  const auto between = [&trips](double low, double high) {
    const auto count = std::ranges::count_if(trips, [=](double t) { return t >= low && t < high; });
    return static_cast<double>(count) / static_cast<double>(trips.size());
  };
  // A third of the pairs within a continent, two ninths over the Atlantic, four ninths to Asia; each with
  // the access lines of both ends.
  EXPECT_NEAR(between(0, 80), 0.33, 0.08);
  EXPECT_NEAR(between(180, 400), 0.44, 0.08);
}

TEST(Latency, HasAMeanRoundTripOf180MillisecondsInTheEuclideanModel) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto trips = round_trips_in_ms(*euclid_latency(seed));
    EXPECT_NEAR(mean(trips), 180, 12);
    EXPECT_GT(trips[trips.size() * 99 / 100], 1.4 * mean(trips)) << "a long tail";
  }
}

class Answering final : public wire::Service {
 public:
  Task<Result<wire::Response>> serve(wire::Caller, wire::Request) override {
    co_return wire::Response(wire::Neighbours{});
  }
};

TEST(Latency, IsTakenFromTheModelThatTheNetworkWasGiven) {
  class Fixed final : public LatencyModel {
   public:
    Duration one_way(std::uint32_t, std::uint32_t) const override { return 123ms; }
  };
  VirtualClock clock;
  VirtualNetwork::Options options;
  options.latency = std::make_shared<Fixed>();
  options.jitter = Duration::zero();
  VirtualNetwork network(clock, 1, options);
  Answering service;
  const wire::MemberId member{{{1}}};
  network.attach(member, &service, 1);
  const wire::MemberId caller{{{2}}};
  ASSERT_TRUE(clock.run(wire::ask(network.endpoint(caller), member, wire::GetNeighbours{})));
  EXPECT_EQ(clock.now().since_start, 246ms);
  network.detach(member);
}

}  // namespace
}  // namespace peerstore::world
