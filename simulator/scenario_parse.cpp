#include <peerstore/runtime/check.hpp>

#include "scenario.hpp"

// Some mistakes in a file meet an assertion of the library instead of its errors.
#define TOML_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : throw std::logic_error("this is not TOML: " #condition))
#include <toml++/toml.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace peerstore::simulator {

namespace {

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr Unit kUnits[] = {{"ms", 1ms}, {"s", 1s}, {"min", 1min}, {"h", 1h}, {"d", 24h}};

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
};
static_assert(std::size(kFaultNames) == kFaultKinds);

// One table of the file. Each key is asked for by name with its place to go; what nobody asked for is an
// error. The first error counts; after it nothing more is read.
class Section {
 public:
  Section(const toml::table& table, std::string name, std::optional<Error>& error)
      : table_(table), name_(std::move(name)), error_(error) {}

  void read(std::string_view key, double least, double most, double& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::optional<double> value = node->is_number() ? node->value<double>() : std::nullopt;
    if (!value || !(*value >= least && *value <= most)) {
      return wrong(*node, key, "must be a number from " + brief(least) + " to " + brief(most));
    }
    into = *value;
  }
  template <class Unsigned>
  void read_count(std::string_view key, double least, double most, Unsigned& into) {
    double value = static_cast<double>(into);
    read(key, least, most, value);
    if (value != std::floor(value)) return wrong(*table_.get(key), key, "must be a whole number");
    into = static_cast<Unsigned>(value);
  }
  void read(std::string_view key, bool& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::optional<bool> value = node->value_exact<bool>();
    if (!value) return wrong(*node, key, "must be true or false");
    into = *value;
  }
  void read(std::string_view key, std::string& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::optional<std::string> value = node->value_exact<std::string>();
    if (!value) return wrong(*node, key, "must be a text in quotes");
    into = *value;
  }
  void read(std::string_view key, Duration& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    if (!parse(*node, into)) wrong(*node, key, R"(must be a time such as "90s", "10min", "8h" or "30d")");
  }
  void read_range(std::string_view key, Duration& least, Duration& most) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::array* both = node->as_array();
    const bool good = both != nullptr && both->size() == 2 && parse((*both)[0], least) &&
                      parse((*both)[1], most) && least <= most;
    if (!good) wrong(*node, key, R"(must be two times, the lesser first: ["10s", "1min"])");
  }
  template <class Enum, std::size_t N>
  void read(std::string_view key, const std::pair<std::string_view, Enum> (&names)[N], Enum& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::optional<std::string> value = node->value_exact<std::string>();
    std::string allowed;
    for (const auto& [name, meaning] : names) {
      if (value == name) {
        into = meaning;
        return;
      }
      allowed += (allowed.empty() ? "" : ", ") + std::string(name);
    }
    wrong(*node, key, "must be one of: " + allowed);
  }
  // Calls `body` with the table of that name, if there is one.
  template <class Body>
  void section(std::string_view key, const Body& body) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) return wrong(*node, key, "must be a table");
    body_of(*table, path(key), body);
  }
  // Calls `body` with each table of [[key]].
  template <class Body>
  void each(std::string_view key, const Body& body) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::array* tables = node->as_array();
    if (tables == nullptr) return wrong(*node, key, "must be tables: [[" + path(key) + "]]");
    for (const toml::node& element : *tables) {
      if (!element.is_table()) return wrong(element, key, "must be tables: [[" + path(key) + "]]");
      body_of(*element.as_table(), path(key), body);
    }
  }
  void finish() {
    for (const auto& [key, node] : table_) {
      if (taken_.contains(key.str())) continue;
      std::string known;
      for (const std::string& one : taken_) known += (known.empty() ? "" : ", ") + one;
      return wrong(node, key.str(), "is not known here. Known are: " + known);
    }
  }

 private:
  static std::string brief(double number) {
    std::string text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
  }
  static bool parse(const toml::node& node, Duration& into) {
    const std::optional<std::string> text = node.value_exact<std::string>();
    if (!text) return false;
    const std::size_t digits = text->find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string::npos || digits > 9) return false;
    double number = 0;
    const char* const end = text->data() + digits;
    if (std::from_chars(text->data(), end, number).ptr != end) return false;
    const std::string_view unit = std::string_view(*text).substr(digits);
    for (const Unit& known : kUnits) {
      if (unit != known.name) continue;
      const double length = number * static_cast<double>(known.length.count());
      if (length > 4e18) return false;
      into = Duration(static_cast<Duration::rep>(length));
      return true;
    }
    return false;
  }
  template <class Body>
  void body_of(const toml::table& table, const std::string& name, const Body& body) {
    Section section(table, name, error_);
    body(section);
    section.finish();
  }
  std::string path(std::string_view key) const {
    return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
  }
  const toml::node* take(std::string_view key) {
    taken_.insert(std::string(key));
    return error_ ? nullptr : table_.get(key);
  }
  void wrong(const toml::node& node, std::string_view key, const std::string& what) {
    if (error_) return;
    const toml::source_position at = node.source().begin;
    error_ = fail(Errc::invalid, std::to_string(at.line) + ":" + std::to_string(at.column) + ": '" +
                                     path(key) + "' " + what);
  }

  const toml::table& table_;
  std::string name_;
  std::optional<Error>& error_;
  std::set<std::string, std::less<>> taken_;
};

constexpr double kMost = 1e9;

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
      one.read("every", fault.every);
      one.read_range("lasts", fault.least, fault.most);
      one.read("strength", 0, kMost, fault.strength);
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
    ring.read("stabilize_period", scenario.ring.stabilize_period);
    ring.read("quiet_period", scenario.ring.quiet_period);
    ring.read("suspended_after", scenario.ring.suspended_after);
    ring.read("fingers_only", scenario.ring.fingers_only);
  });
  file.section("life", [&](Section& life) { read_life(life, scenario.life); });
  file.section("network", [&](Section& links) { read_links(links, scenario.links); });
  file.section("disk", [&](Section& disk) { disk.read("leveldb", scenario.disk.leveldb); });
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
    workload.read("pack_every", scenario.workload.pack_every);
    workload.read("lookup_every", scenario.workload.lookup_every);
    workload.read_count("people", 0, 50, scenario.workload.people);
    workload.read("backup_every", scenario.workload.backup_every);
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
