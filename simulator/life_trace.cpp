#include "life_trace.hpp"

#include "life_upheavals.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace peerstore::simulator {

namespace {

constexpr std::size_t kTraceMachinesMax = 100'000;
constexpr double kSecondsMax = 1e8;  // about three years

// "down" is a process that ends in order.
constexpr std::pair<std::string_view, LifeKind> kWords[] = {
    {"down", LifeKind::stop},
    {"sleep", LifeKind::sleep},
    {"move", LifeKind::move},
    {"crash", LifeKind::crash},
    {"power_loss", LifeKind::power_loss},
    {"leave", LifeKind::leave},
    {"drain", LifeKind::drain},
    {"lose", LifeKind::lose},
};
constexpr std::string_view kUp = "up";

std::string_view next_word(std::string_view& line) {
  constexpr std::string_view kBlanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

std::optional<Duration> seconds_of(std::string_view word) {
  double seconds = 0;
  const char* const end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(word.data(), end, seconds, std::chars_format::fixed);
  const bool good = error == std::errc() && stopped == end && seconds >= 0 && seconds <= kSecondsMax;
  if (!good) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000 + 0.5));
}

class TraceReader {
 public:
  explicit TraceReader(Duration end) : end_(end) {}

  // What is wrong with the line; empty if nothing is.
  std::string read_line(std::string_view line) {
    line = line.substr(0, line.find('#'));
    const std::string_view name = next_word(line);
    if (name.empty()) return {};
    const std::string_view seconds = next_word(line);
    const std::string_view what = next_word(line);
    if (what.empty() || !next_word(line).empty()) return "is not of the form: machine seconds what";
    const std::optional<Duration> at = seconds_of(seconds);
    if (!at) return "'" + std::string(seconds) + "' is not a time in seconds from 0 to 100000000";
    if (what == kUp) return begin(std::string(name), *at);
    for (const auto& [word, kind] : kWords) {
      if (word == what) return end(std::string(name), *at, kind);
    }
    std::string allowed(kUp);
    for (const auto& [word, kind] : kWords) allowed += ", " + std::string(word);
    return "'" + std::string(what) + "' is not one of: " + allowed;
  }

  Result<LifePlan> finish(const std::vector<Duration>& newcomers) {
    for (const Duration at : newcomers) machines_.emplace_back().life.joins_at = at;
    std::multimap<Duration, MachineLife> by_joining;  // those of one moment as they were told
    for (Told& told : machines_) {
      std::erase_if(told.life.events, [this](const LifeEvent& event) { return event.at >= end_; });
      const Duration joins_at = told.life.joins_at;
      if (joins_at < end_) by_joining.emplace(joins_at, std::move(told.life));
    }
    if (by_joining.empty()) return fail(Errc::invalid, "trace: no machine is up before the end");
    LifePlan plan;
    plan.end = end_;
    for (auto& [joins_at, life] : by_joining) {
      life.person = static_cast<std::uint32_t>(plan.machines.size());
      plan.machines.push_back(std::move(life));
    }
    const std::vector<LifeEvent>& founder = plan.machines.front().events;
    if (!founder.empty() && is_for_ever(founder.back().kind)) {
      return fail(Errc::invalid,
                  "trace: the machine that is up first founds the ring, and must neither leave nor be lost");
    }
    return plan;
  }

 private:
  struct Told {
    MachineLife life;
    Duration last{};
    bool is_up = false;
  };

  // A machine is up, for the first time or again.
  std::string begin(std::string name, Duration at) {
    const auto known = by_name_.find(name);
    if (known == by_name_.end()) {
      if (machines_.size() == kTraceMachinesMax) return "there are more than 100000 machines";
      by_name_.emplace(std::move(name), machines_.size());
      Told& told = machines_.emplace_back();
      told.life.joins_at = told.last = at;
      told.is_up = true;
      return {};
    }
    Told& told = machines_[known->second];
    if (told.is_up) return "'" + name + "' is up already";
    if (is_for_ever(told.life.events.back().kind)) return "'" + name + "' is gone for good";
    if (at <= told.last) return "'" + name + "' went away later than that";
    told.life.events.back().away = at - told.last;
    told.last = at;
    told.is_up = true;
    return {};
  }

  std::string end(std::string name, Duration at, LifeKind kind) {
    const auto known = by_name_.find(name);
    if (known == by_name_.end()) return "'" + name + "' was never up before";
    Told& told = machines_[known->second];
    if (!told.is_up) return "'" + name + "' is away already";
    if (at <= told.last) return "'" + name + "' was up later than that";
    // Whoever is not told to be up again stays away to the end.
    told.life.events.push_back({at, kind, std::max<Duration>(1s, end_ - at)});
    told.last = at;
    told.is_up = false;
    return {};
  }

  Duration end_;
  std::vector<Told> machines_;
  std::map<std::string, std::size_t> by_name_;
};

}  // namespace

Result<LifePlan> plan_of_trace(const LifeOptions& options, Duration end) {
  std::string_view text = options.trace;
  TraceReader reader(end);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string wrong = reader.read_line(line);
    if (!wrong.empty()) return fail(Errc::invalid, "trace line " + std::to_string(number) + ": " + wrong);
  }
  return reader.finish(flash_joins(options));
}

}  // namespace peerstore::simulator
