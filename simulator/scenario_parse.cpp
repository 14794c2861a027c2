#include <peerstore/runtime/check.hpp>

#include "scenario.hpp"
#include "scenario_section.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

namespace peerstore::simulator {

namespace {

constexpr std::pair<std::string_view, FaultKind> kFaultNames[] = {
    {"partition", FaultKind::partition},
    {"one_way_cut", FaultKind::one_way_cut},
    {"flapping_link", FaultKind::flapping_link},
    {"bad_weather", FaultKind::bad_weather},
    {"slow_node", FaultKind::slow_node},
    {"inbound_blocked", FaultKind::inbound_blocked},
    {"disk_full", FaultKind::disk_full},
    {"disk_errors", FaultKind::disk_errors},
    {"slow_disk", FaultKind::slow_disk},
    {"bit_rot", FaultKind::bit_rot},
    {"misdirected_write", FaultKind::misdirected_write},
    {"wiped_disk", FaultKind::wiped_disk},
    {"swapped_disks", FaultKind::swapped_disks},
    {"clock_jump", FaultKind::clock_jump},
    {"clock_drift", FaultKind::clock_drift},
    {"vanished_file", FaultKind::vanished_file},
};
static_assert(std::size(kFaultNames) == kFaultKinds);

constexpr double kMost = 1e9;
constexpr double kDriftMost = 999'999;  // parts in a million: a clock never stands still
constexpr Duration kTurn = 10ms;        // least time between the rounds of a protocol
constexpr Duration kPause = 1s;         // least time between the deeds of a person or of a disk's keeper

// One that is over as soon as it begins does nothing.
bool takes_time(FaultKind kind) {
  switch (kind) {
    case FaultKind::bit_rot:
    case FaultKind::vanished_file:
    case FaultKind::wiped_disk:
    case FaultKind::swapped_disks:
    case FaultKind::clock_jump: return false;
    default: return true;
  }
}

void read_life(Section& section, LifeOptions& life) {
  static constexpr std::pair<std::string_view, LifeModel> kModels[] = {
      {"always_up", LifeModel::always_up}, {"exponential", LifeModel::exponential},
      {"pareto", LifeModel::pareto},       {"weibull", LifeModel::weibull},
      {"laptop", LifeModel::laptop},       {"trace", LifeModel::trace},
  };
  static constexpr std::pair<std::string_view, LifeOptions::Upheaval::Kind> kUpheavals[] = {
      {"mass_sleep", LifeOptions::Upheaval::mass_sleep},
      {"household_lost", LifeOptions::Upheaval::household_lost},
      {"shrink", LifeOptions::Upheaval::shrink},
      {"flash_join", LifeOptions::Upheaval::flash_join},
  };
  section.read("model", kModels, life.model);
  section.read("session", life.session);
  section.read("absence", life.absence);
  section.read("shape", 0.05, 100, life.shape);
  section.read("sleeps", 0, kMost, life.sleeps);
  section.read("crashes", 0, kMost, life.crashes);
  section.read("power_losses", 0, kMost, life.power_losses);
  section.read("stops", 0, kMost, life.stops);
  section.read("moves", 0, kMost, life.moves);
  section.read_count("time_zones", 1, 24, life.time_zones);
  section.read("sleepers", 0, 1, life.sleepers);
  section.read("opens", life.opens);
  section.read("closes", life.closes);
  section.read("holidays", 0, 100, life.holidays);
  section.read_count("stable", 0, kNodesMax, life.stable);
  section.read("second_machines", 0, 1, life.second_machines);
  section.read("departures", 0, 1000, life.departures);
  section.read("losses", 0, 1, life.losses);
  section.read("drains", 0, 1, life.drains);
  section.read("newcomers", 0, 1000, life.newcomers);
  section.read("joining", life.joining);
  section.read("trace", life.trace);
  section.each("upheaval", [&](Section& one) {
    LifeOptions::Upheaval upheaval{};
    one.read("kind", kUpheavals, upheaval.kind);
    one.read("at", upheaval.at);
    one.read("lasts", upheaval.lasts);
    one.read("share", 0, 1, upheaval.share_or_count);
    one.read("count", 1, kNodesMax, upheaval.share_or_count);
    life.upheavals.push_back(upheaval);
  });
}

void read_faults(Section& section, Scenario& scenario) {
  for (const auto& [name, kind] : kFaultNames) {
    FaultOptions& fault = scenario.faults[static_cast<std::size_t>(kind)];
    section.section(name, [&](Section& one) {
      one.read("chance", 0, 1, fault.chance);
      one.demand("every", "without it the fault never happens");
      one.read_at_least("every", kTurn, fault.every);
      if (takes_time(kind)) one.demand("lasts", "without it the fault is over at once");
      one.read_range("lasts", fault.least, fault.most);
      const bool is_slowness = kind == FaultKind::slow_node || kind == FaultKind::slow_disk;
      if (is_slowness) one.demand("strength", "how many seconds it takes longer");
      one.read("strength", 0, kind == FaultKind::clock_drift ? kDriftMost : kMost, fault.strength);
    });
  }
}

void read_links(Section& section, LinkOptions& links) {
  static constexpr std::pair<std::string_view, Latency> kLatencies[] = {
      {"none", Latency::none},
      {"uniform", Latency::uniform},
      {"regions", Latency::regions},
      {"euclid", Latency::euclid},
  };
  section.read("streams", links.streams);
  section.read("latency", kLatencies, links.latency);
  section.read("loss", 0, 1, links.loss);
  section.read("silence", links.silence);
  section.read_count("bytes_up", 0, 1e12, links.bytes_up);
  section.read_count("bytes_down", 0, 1e12, links.bytes_down);
}

void read_all(Section& file, Scenario& scenario) {
  file.read("summary", scenario.summary);
  file.read_count("nodes", 1, kNodesMax, scenario.nodes);
  file.read_count("copies", 1, 8, scenario.copies);
  file.read("colours", scenario.colours);
  file.read("varied", scenario.varied);
  file.section("phases", [&](Section& phases) {
    phases.read("grow", scenario.grow);
    phases.read("live", scenario.live);
  });
  file.section("ring", [&](Section& ring) {
    ring.read_count("successor_list", 1, wire::kSuccessorsMax, scenario.ring.successor_list);
    ring.read_at_least("stabilize_period", kTurn, scenario.ring.stabilize_period);
    ring.read_at_least("quiet_period", kTurn, scenario.ring.quiet_period);
    ring.read_at_least("suspended_after", kPause, scenario.ring.suspended_after);
    ring.read("fingers_only", scenario.ring.fingers_only);
    ring.read("acquainted", scenario.ring.acquainted);
  });
  file.section("life", [&](Section& life) { read_life(life, scenario.life); });
  file.section("network", [&](Section& links) { read_links(links, scenario.links); });
  file.section("disk", [&](Section& disk) {
    disk.read("leveldb", scenario.disk.leveldb);
    disk.read_at_least_or_never("scrub", kPause, scenario.disk.scrub);
  });
  file.section("faults", [&](Section& faults) { read_faults(faults, scenario); });
  file.section("liars", [&](Section& liars) {
    liars.read("share", 0, 1, scenario.liars.share);
    liars.read("wrong_routes", scenario.liars.lies.wrong_routes);
    liars.read("withhold_chunks", scenario.liars.lies.withhold_chunks);
    liars.read("corrupt_chunks", scenario.liars.lies.corrupt_chunks);
    liars.read("replay_old_records", scenario.liars.lies.replay_old_records);
    liars.read("fake_receipts", scenario.liars.lies.fake_receipts);
  });
  file.section("workload", [&](Section& workload) {
    workload.read_at_least_or_never("pack_every", kPause, scenario.workload.pack_every);
    workload.read_at_least_or_never("lookup_every", kTurn, scenario.workload.lookup_every);
    workload.read_count("people", 0, 50, scenario.workload.people);
    workload.read_at_least("backup_every", kPause, scenario.workload.backup_every);
  });
  file.section("laws", [&](Section& laws) {
    laws.read("ideal_within", scenario.laws.ideal_within);
    laws.read("known_within", scenario.laws.known_within);
    laws.read("repaired_within", scenario.laws.repaired_within);
    laws.read("readable_within", scenario.laws.readable_within);
    laws.read("zave", scenario.laws.zave);
  });
  file.section("small", [&](Section& small) {
    small.read_count("nodes", 1, kNodesMax, scenario.small.nodes);
    small.read("live", scenario.small.live);
  });
  file.finish();
}

}  // namespace

std::string_view name_of(FaultKind kind) {
  for (const auto& [name, known] : kFaultNames) {
    if (known == kind) return name;
  }
  CHECK(false);
  return {};
}

Result<Scenario> parse_scenario(const std::string& name, std::string_view text) {
  Scenario scenario;
  scenario.name = name;
  std::optional<Error> error;
  try {
    const toml::table table = toml::parse(text);
    Section file(table, "", error);
    read_all(file, scenario);
    if (!error && scenario.live <= 0s) {
      error = fail(Errc::invalid, "'phases.live' must be more than nothing");
    }
    if (!error && scenario.summary.empty()) {
      error = fail(Errc::invalid, "'summary' is missing: one sentence about what happens");
    }
  } catch (const toml::parse_error& wrong) {
    const toml::source_position at = wrong.source().begin;
    error = fail(Errc::invalid, std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                                    std::string(wrong.description()));
  } catch (const std::logic_error& wrong) {
    error = fail(Errc::invalid, wrong.what());
  }
  if (error) {
    error->context = "scenario " + name + ":" + error->context;
    return *error;
  }
  return scenario;
}

}  // namespace peerstore::simulator
