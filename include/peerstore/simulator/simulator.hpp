// The simulator: the production node, thousands of times, over virtual time, network and disks.
//
// A run repeats exactly: everything that happens is drawn from the seed, and nothing else is
// looked at. While it runs, laws watch: they see all machines at once, as no member ever could, and
// they are written apart from the code that they judge. The first law that is broken ends the run.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/simulator/report.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::simulator {

inline constexpr unsigned kNodesMax = 20'000;

// What is to happen, in simulator/scenario.hpp.
struct Scenario;
using ScenarioPtr = std::shared_ptr<const Scenario>;

// One that is built in. Errc::not_found names those that are.
Result<ScenarioPtr> find_scenario(const std::string& name);
// One in the words of a file (TOML, docs/simulator.md). Errc::invalid names line, column and remedy.
Result<ScenarioPtr> read_scenario(const std::string& name, std::string_view text);

struct Summary {
  std::string name;
  std::string summary;
  unsigned nodes = 0;
  Duration live{};
};
std::vector<Summary> scenarios();

struct Progress {
  Duration now{};  // virtual
  Duration end{};
  unsigned live = 0;  // machines that are up and awake
};

// What a caller may change of a scenario.
struct RunOptions {
  std::uint64_t seed = 1;
  std::optional<unsigned> nodes;     // at most kNodesMax
  std::optional<double> days;        // of life; more than 0
  bool small = false;                // the scenario's small ring and short life, for tests
  bool streams = false;              // bytes through the real framing and codecs
  std::optional<std::string> trace;  // the machines' lives, in the words of a file (docs/simulator.md)
  std::string trace_path;            // of that file, for the line that replays a run
  std::string commit;                // of the program, for the report
  // Called after each hundredth of the life.
  std::function<void(const Progress&)> on_progress;
  // Told each event in words, as it happens.
  std::function<void(const std::string&)> on_event;
};

// Errc::invalid if scenario and options do not go together.
Result<Report> run(const Scenario& scenario, const RunOptions& options);

// Seeds `first` to `first + count - 1`, on `workers` threads. The result does not depend on their number.
struct SweepOptions {
  RunOptions each;  // but for its seed
  std::uint64_t first = 1;
  std::uint64_t count = 50;
  unsigned workers = 1;
  std::function<void(std::uint64_t done, std::uint64_t failed)> on_progress;  // on any thread, one at a time
  std::function<bool()> stopped;  // asked before each run: true ends the sweep early
};
Result<SweepReport> sweep(const Scenario& scenario, const SweepOptions& options);

}  // namespace peerstore::simulator
