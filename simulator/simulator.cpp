#include <peerstore/simulator/simulator.hpp>

#include <peerstore/runtime/bug_context.hpp>

#include "scenario_run.hpp"

namespace peerstore::simulator {

namespace {

// The scenario with what the options change of it.
Result<Scenario> changed(Scenario scenario, const RunOptions& options) {
  if (options.small) {
    if (scenario.small.nodes > 0) scenario.nodes = scenario.small.nodes;
    if (scenario.small.live > 0s) scenario.live = scenario.small.live;
  }
  if (options.nodes) scenario.nodes = *options.nodes;
  if (options.days) {
    constexpr double kMostDays = 3660;
    const double length = *options.days * static_cast<double>(Duration(24h).count());
    if (!(length >= 1 && *options.days <= kMostDays)) {
      return fail(Errc::invalid, "the days must be more than 0, and at most 3660");
    }
    scenario.live = Duration(static_cast<Duration::rep>(length));
  }
  if (scenario.nodes == 0 || scenario.nodes > kNodesMax) {
    return fail(Errc::invalid, "the nodes must be between 1 and " + std::to_string(kNodesMax));
  }
  if (options.streams) scenario.links.streams = true;
  if (scenario.laws.zave && scenario.links.streams) {
    return fail(Errc::invalid,
                "scenario " + scenario.name +
                    ": 'laws.zave' holds where messages are instant, and streams take time: run it "
                    "without --streams");
  }
  if (options.trace) {
    scenario.life.model = LifeModel::trace;
    scenario.life.trace = *options.trace;
  }
  scenario.life.nodes = scenario.nodes;
  scenario.life.calm = scenario.grow;
  if (scenario.life.joining == 0s) scenario.life.joining = scenario.grow * 4 / 5;
  if (scenario.varied) vary(scenario.life, options.seed);
  return scenario;
}

}  // namespace

Result<ScenarioPtr> read_scenario(const std::string& name, std::string_view text) {
  Result<Scenario> scenario = parse_scenario(name, text);
  if (!scenario) return scenario.error();
  return ScenarioPtr(std::make_shared<const Scenario>(std::move(*scenario)));
}

Result<ScenarioPtr> find_scenario(const std::string& name) {
  std::string known;
  for (const ScenarioText& one : built_in_scenarios()) {
    if (one.name == name) return read_scenario(name, one.text);
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  }
  return fail(Errc::not_found, "no scenario '" + name + "'. There are: " + known);
}

std::vector<Summary> scenarios() {
  std::vector<Summary> all;
  for (const ScenarioText& one : built_in_scenarios()) {
    const Result<Scenario> scenario = parse_scenario(std::string(one.name), one.text);
    CHECK(scenario.has_value());
    all.push_back({scenario->name, scenario->summary, scenario->nodes, scenario->live});
  }
  return all;
}

Result<Report> run(const Scenario& scenario, const RunOptions& options) {
  const Result<Scenario> as_run = changed(scenario, options);
  if (!as_run) return as_run.error();
  const Result<LifePlan> plan = plan_life(as_run->life, as_run->grow + as_run->live, options.seed);
  if (!plan) return plan.error_in("scenario " + scenario.name);
  const BugContext context("in a simulation; again with: " + replay_command(*as_run, options));
  return ScenarioRun(*as_run, *plan, options).run();
}

}  // namespace peerstore::simulator
