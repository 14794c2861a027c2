// Rings under crashes, sleep, loss and partitions, over many seeds: whatever happened, the ring is
// ideal soon after it stops happening, and every lookup is right. Each failure names its seed.
#include <chord/ring_world.hpp>

namespace peerstore::chord {
namespace {

constexpr unsigned kMachines = 12;
constexpr Duration kSession = 120s;
constexpr Duration kDown = 60s;

// What ails a machine at the moment.
enum class Ailment { none, crashed, asleep };

class Churn {
 public:
  Churn(RingWorld& world, std::uint64_t seed) : world_(world), random_(seed) {}

  void populate() {
    std::vector<ring::Id> ids;
    while (ids.size() < kMachines) {
      const ring::Id id = random_id();
      ids.push_back(id);
      world_.start(id, {ids.front()});
      ailments_[id] = Ailment::none;
    }
  }
  // Sessions and pauses of random length; `sleepers` of a hundred machines sleep, the rest crash.
  void run(Duration time, unsigned sleepers) {
    const TimePoint end = world_.clock().now() + time;
    while (world_.clock().now() < end) {
      world_.run_for(1s);
      for (auto& [id, ailment] : ailments_) {
        const Duration mean = ailment == Ailment::none ? kSession : kDown;
        if (random_.unit() < 1s / std::chrono::duration<double>(mean)) turn(id, ailment, sleepers);
      }
    }
  }
  void heal() {
    for (auto& [id, ailment] : ailments_) {
      world_.set_side(id, 0);
      if (ailment != Ailment::none) turn(id, ailment, 0);
    }
  }
  void divide() {
    for (const auto& [id, ailment] : ailments_) world_.set_side(id, static_cast<int>(random_.below(2)));
  }

 private:
  ring::Id random_id() {
    ring::Id id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random_.next() >> 40);
    return id;
  }
  void turn(const ring::Id& id, Ailment& ailment, unsigned sleepers) {
    switch (ailment) {
      case Ailment::none:
        ailment = random_.below(100) < sleepers ? Ailment::asleep : Ailment::crashed;
        ailment == Ailment::asleep ? world_.sleep(id) : world_.crash(id);
        return;
      case Ailment::asleep: world_.wake(id); break;
      case Ailment::crashed: world_.restart(id); break;
    }
    ailment = Ailment::none;
  }

  RingWorld& world_;
  SeededRandom random_;
  std::map<ring::Id, Ailment> ailments_;
};

RingWorld::Options rough(std::uint64_t seed) {
  RingWorld::Options options;
  options.seed = seed;
  options.chord.successor_list = 4;
  options.chord.quiet_period = 4s;
  options.loss = 0.01;
  return options;
}

void expect_recovery(RingWorld& world, std::uint64_t seed, std::vector<double>& seconds) {
  world.lose_messages(0);
  const TimePoint healed = world.clock().now();
  ASSERT_TRUE(world.run_until([&] { return world.ideal(); }, 120s))
      << "seed " << seed << ": " << world.flaw();
  seconds.push_back(std::chrono::duration<double>(world.clock().now() - healed).count());
  for (const ring::Id& id : world.live()) {
    ASSERT_EQ(world.wrong_lookups(id), 0U) << "seed " << seed;
    ASSERT_EQ(world.wrong_lookups(ring::plus_power_of_two(id, 250)), 0U) << "seed " << seed;
  }
}

void report(std::vector<double> seconds) {
  ASSERT_FALSE(seconds.empty());
  std::ranges::sort(seconds);
  std::printf("ideal again after %.1f s (median), %.1f s (worst) of %zu seeds\n", seconds[seconds.size() / 2],
              seconds.back(), seconds.size());
}

TEST(Churn, AfterCrashesTheRingIsIdealAgain) {
  std::vector<double> seconds;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    RingWorld world(rough(seed));
    Churn churn(world, seed);
    churn.populate();
    churn.run(5min, 0);
    churn.heal();
    expect_recovery(world, seed, seconds);
    if (HasFatalFailure()) return;
  }
  report(seconds);
}

TEST(Churn, AfterCrashesAndSleepTheRingIsIdealAgain) {
  std::vector<double> seconds;
  for (std::uint64_t seed = 101; seed <= 150; ++seed) {
    RingWorld world(rough(seed));
    Churn churn(world, seed);
    churn.populate();
    churn.run(5min, 70);
    churn.heal();
    expect_recovery(world, seed, seconds);
    if (HasFatalFailure()) return;
  }
  report(seconds);
}

TEST(Churn, AfterPartitionsTheRingIsIdealAgain) {
  std::vector<double> seconds;
  for (std::uint64_t seed = 201; seed <= 225; ++seed) {
    RingWorld world(rough(seed));
    Churn churn(world, seed);
    churn.populate();
    churn.run(60s, 30);
    for (int i = 0; i < 2; ++i) {
      churn.divide();
      churn.run(90s, 30);
    }
    churn.heal();
    expect_recovery(world, seed, seconds);
    if (HasFatalFailure()) return;
  }
  report(seconds);
}

TEST(Churn, ARunRepeatsExactly) {
  const auto trace = [] {
    RingWorld world(rough(7));
    std::vector<std::pair<TimePoint, ring::Id>> steps;
    world.observer = [&](const ChordNode& node) {
      steps.emplace_back(world.clock().now(), node.state().self().id);
    };
    Churn churn(world, 7);
    churn.populate();
    churn.run(3min, 50);
    return steps;
  };
  const auto first = trace();
  EXPECT_GT(first.size(), 100U);
  EXPECT_EQ(first, trace());
}

}  // namespace
}  // namespace peerstore::chord
