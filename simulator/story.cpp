// How a law came to be broken, for people: the ring before and after the step that broke it, and the last
// events of the machines that had a part in it.
#include "scenario_run.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

namespace peerstore::simulator {

namespace {

constexpr std::size_t kMachinesDrawn = 40;
constexpr std::size_t kMachinesTold = 4;

std::string in_words(const wire::NodeRef& node) {
  return ring::short_name(node.id) + "/" + std::to_string(node.incarnation);
}

std::string_view in_words(wire::Phase phase) {
  switch (phase) {
    case wire::Phase::out: return "out";
    case wire::Phase::joining: return "joining";
    case wire::Phase::member: return "member";
  }
  return "?";
}

std::string drawn(const MemberSnapshot& member, const SimulatedMachine& machine) {
  std::string line = in_words(member.self) + "  " + machine.name() + "  " +
                     (machine.is_gone()     ? "gone"
                      : machine.is_asleep() ? "asleep"
                      : machine.is_up()     ? std::string(in_words(member.phase))
                                            : "down");
  line += "  after " + (member.predecessor ? in_words(*member.predecessor) : "nobody") + "  before";
  for (const wire::NodeRef& successor : member.successors) line += " " + in_words(successor);
  if (member.successors.empty()) line += " nobody";
  return line;
}

// For a shell.
std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./-_+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char letter : word) text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return text + "'";
}

}  // namespace

std::string replay_command(const Scenario& scenario, const RunOptions& options) {
  std::string command =
      "peerstore sim replay " + quoted(scenario.name) + " --seed " + std::to_string(options.seed);
  if (options.nodes) command += " --nodes " + std::to_string(*options.nodes);
  if (options.days) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", *options.days);
    command += " --days " + std::string(text);
  }
  if (options.small) command += " --small";
  if (options.streams) command += " --streams";
  if (!options.trace_path.empty()) command += " --trace " + quoted(options.trace_path);
  return command;
}

void ScenarioRun::tell_story(const Violation& violation) {
  Failure failure;
  failure.law = violation.law;
  failure.flaw = violation.flaw;
  failure.at = simulator::in_words(violation.at);
  failure.replay = replay_command(scenario_, options_);
  // Clockwise, those that had a part in it and their neighbourhood if the ring is large.
  std::vector<Machine*> shown;
  for (const auto& [member, machine] : ring_.by_member()) shown.push_back(machine);
  const auto had_part = [&](const Machine* machine) {
    return std::ranges::find(violation.machines, machine->index()) != violation.machines.end();
  };
  if (shown.size() > kMachinesDrawn) {
    const auto centre = std::ranges::find_if(shown, had_part);
    const auto half = static_cast<std::ptrdiff_t>(kMachinesDrawn / 2);
    if (centre != shown.end() && centre - shown.begin() > half)
      std::rotate(shown.begin(), centre - half, shown.end());
    shown.resize(kMachinesDrawn);
  }
  for (Machine* const machine : shown) {
    const std::uint32_t index = machine->index();
    const MemberSnapshot last = index < last_steps_.size() ? last_steps_[index] : MemberSnapshot{};
    failure.ring_before.push_back(drawn(last, *machine));
    failure.ring_after.push_back(drawn(machine->is_up() ? machine->ring_snapshot() : last, *machine));
  }
  std::multimap<TimePoint, Event> events;  // of one instant in the order in which they are put in
  for (std::size_t i = 0; i < std::min(kMachinesTold, violation.machines.size()); ++i) {
    for (const Event& event : ring_.chronicle().last_events(violation.machines[i])) {
      events.emplace(event.at, event);
    }
  }
  const Chronicle::Name name = [this](std::uint32_t machine) { return ring_.name_of(machine); };
  for (const auto& [at, event] : events) failure.events.push_back(Chronicle::in_words(event, name));
  report_.failure = std::move(failure);
}

}  // namespace peerstore::simulator
