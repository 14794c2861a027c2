#include "keep_rules.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace peerstore::drive {

namespace {

enum class Period { day, week, month, year };

// A number that is the same for all times in one such period.
std::int64_t period_of(Period period, std::int64_t taken_ns, std::int64_t utc_offset_seconds) {
  using namespace std::chrono;
  const sys_seconds local{floor<seconds>(nanoseconds(taken_ns)) + seconds(utc_offset_seconds)};
  const sys_days day = floor<days>(local);
  const year_month_day date(day);
  const std::int64_t year = static_cast<int>(date.year());
  switch (period) {
    case Period::day: return day.time_since_epoch().count();
    case Period::week: return (day - (weekday(day) - Monday)).time_since_epoch().count();
    case Period::month: return year * 12 + static_cast<unsigned>(date.month());
    case Period::year: return year;
  }
  return 0;
}

}  // namespace

std::set<std::string> kept_by(const KeepRules& rules, const std::vector<Snapshot>& snapshots) {
  std::map<std::pair<std::uint32_t, std::vector<std::string>>, std::vector<const Snapshot*>> groups;
  for (const Snapshot& snapshot : snapshots) groups[{snapshot.machine, snapshot.roots}].push_back(&snapshot);
  std::set<std::string> kept;
  for (auto& [group, all] : groups) {
    std::sort(all.begin(), all.end(), [](const Snapshot* a, const Snapshot* b) {
      return std::tie(a->taken_ns, a->id) > std::tie(b->taken_ns, b->id);
    });
    for (std::size_t i = 0; i < all.size() && i < rules.last; ++i) kept.insert(all[i]->id);
    for (const auto& [period, count] :
         {std::pair{Period::day, rules.daily}, std::pair{Period::week, rules.weekly},
          std::pair{Period::month, rules.monthly}, std::pair{Period::year, rules.yearly}}) {
      std::optional<std::int64_t> last;
      unsigned periods = 0;
      for (const Snapshot* const snapshot : all) {
        const std::int64_t its = period_of(period, snapshot->taken_ns, rules.utc_offset_seconds);
        if (last == its) continue;
        if (periods++ == count) break;
        last = its;
        kept.insert(snapshot->id);
      }
    }
  }
  return kept;
}

}  // namespace peerstore::drive
