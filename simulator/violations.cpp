#include "violations.hpp"

#include <peerstore/simulator/report.hpp>

#include <cstdio>

namespace peerstore::simulator {

namespace {

std::string as_time(Duration since_start) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_start).count();
  char text[64];
  std::snprintf(text, sizeof text, "day %lld %02lld:%02lld:%02lld", static_cast<long long>(seconds / 86400),
                static_cast<long long>(seconds / 3600 % 24), static_cast<long long>(seconds / 60 % 60),
                static_cast<long long>(seconds % 60));
  return text;
}

}  // namespace

void Violations::judge(std::string_view law, const std::optional<std::string>& flaw) {
  if (!flaw) return;
  ++total_;
  if (kept_.size() >= kViolationsKept) return;
  kept_.push_back(as_time(clock_.now().since_start) + " " + std::string(law) + ": " + *flaw);
}

}  // namespace peerstore::simulator
