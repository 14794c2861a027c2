#include "output.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace peerstore::cli {

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string human_duration(std::int64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 86400) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

namespace {

// The length of the UTF-8 sequence that begins here, 0 if there is no valid one.
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 && first < 0xf5   ? 4
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xc2 && first < 0xe0 ? 2
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<std::uint8_t>(text[i]) & 0xc0) != 0x80) return 0;
  }
  const auto second = static_cast<std::uint8_t>(text[1]);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_high = first == 0xf4 && second >= 0x90;
  const bool control = first == 0xc2 && second < 0xa0;
  return overlong || surrogate || too_high || control ? 0 : length;
}

}  // namespace

std::string printable(std::string_view raw) {
  std::string text;
  while (!raw.empty()) {
    const auto first = static_cast<std::uint8_t>(raw[0]);
    const std::size_t length = first < 0x20 || first == 0x7f ? 0 : utf8_length(raw);
    if (length == 0) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(first));
      text += escape;
      raw.remove_prefix(1);
    } else {
      text += raw.substr(0, length);
      raw.remove_prefix(length);
    }
  }
  return text;
}

Result<std::uint64_t> read_bytes(std::string_view text) {
  const auto wrong = [&] {
    return fail(Errc::invalid, "'" + std::string(text) +
                                   "' is no amount of space: write a number with M, G or T, "
                                   "for example 200G");
  };
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !(value >= 0)) return wrong();
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.ends_with('B') || unit.ends_with('b')) unit.remove_suffix(1);
  double factor = 1;
  if (unit == "k" || unit == "K") {
    factor = 1e3;
  } else if (unit == "M") {
    factor = 1e6;
  } else if (unit == "G") {
    factor = 1e9;
  } else if (unit == "T") {
    factor = 1e12;
  } else if (!unit.empty()) {
    return wrong();
  }
  const double bytes = value * factor;
  if (bytes > 1e18) return wrong();
  return static_cast<std::uint64_t>(bytes);
}

Result<std::int64_t> read_lifetime(std::string_view text) {
  constexpr std::int64_t kDay = 86400;
  constexpr std::int64_t kMost = 3650 * kDay;
  if (text == "never") return std::int64_t{0};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t factor = unit.empty() || unit == "d" ? kDay
                              : unit == "h"               ? 3600
                              : unit == "min"             ? 60
                              : unit == "s"               ? 1
                                                          : 0;
  if (error != std::errc() || factor == 0 || value <= 0 || value > kMost / factor) {
    return fail(Errc::invalid, "'" + std::string(text) +
                                   "' is no time: write a number with d, h, min or s (at most ten years), or "
                                   "never, for example 7d");
  }
  return value * factor;
}

}  // namespace peerstore::cli
