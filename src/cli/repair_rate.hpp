// RepairRate: how fast this machine's chunks go to friends who repair: as its owner says, else a tenth of
// what the line carries.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "output.hpp"

namespace peerstore::cli {

// With less a segment would not arrive before it is given up.
inline constexpr std::uint64_t kRepairRateLeast = 1000;
// Repair is never starved for want of a measurement, or by one that a busy hour made.
inline constexpr std::uint64_t kRepairRateFloor = 100'000;

struct RepairRate {
  std::optional<std::uint64_t> fixed;  // bytes a second

  // "auto", or a rate like 500K. Nothing if it is neither.
  static std::optional<RepairRate> parse(std::string_view text) {
    if (text == "auto") return RepairRate{};
    const auto rate = read_bytes(text);
    if (!rate || *rate < kRepairRateLeast) return std::nullopt;
    return RepairRate{*rate};
  }
  // Over a line that carried so many bytes a second when it was last busy; 0: not known.
  std::uint64_t over(std::uint64_t line) const {
    return fixed.value_or(std::max(line / 10, kRepairRateFloor));
  }
};

}  // namespace peerstore::cli
