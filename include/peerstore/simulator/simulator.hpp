// The simulator: the production node, thousands of times, over virtual time, network and disks.
//
// A run repeats exactly: everything that happens is drawn from the seed, and nothing else is
// looked at. While it runs, laws watch: they see all machines at once, as no member ever could, and
// they are written apart from the code that they judge.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/simulator/report.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace peerstore::simulator {

struct Progress {
  Duration now{};  // virtual
  Duration end{};
  unsigned live = 0;  // machines that are up and awake
  std::uint64_t violations = 0;
};

// A ring of friends' laptops lives for some days: machines join, sleep at night in three time
// zones, crash, are stopped and started, leave for good, and are replaced by new ones, while their
// owners store packs and read them back. Which of these happen, and how often, varies with the
// seed. Then everybody who is left wakes up, and the ring has to become ideal again.
struct ChurnOptions {
  unsigned nodes = 100;
  double days = 1;
  std::uint64_t seed = 1;
  double packs_per_node_and_day = 1;
  // Called once for each virtual hour.
  std::function<void(const Progress&)> on_progress;
};
inline constexpr unsigned kNodesMax = 20'000;

// Requires 0 < nodes <= kNodesMax, days > 0.
Report run_churn(const ChurnOptions& options);

struct Scenario {
  std::string name;
  std::string summary;
};
std::vector<Scenario> scenarios();

}  // namespace peerstore::simulator
