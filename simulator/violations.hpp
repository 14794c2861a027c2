// Violations: the broken laws of a run, in words, with the virtual time of each.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::simulator {

class Violations {
 public:
  explicit Violations(const Clock& clock) : clock_(clock) {}

  // Notes it if there is a flaw.
  void judge(std::string_view law, const std::optional<std::string>& flaw);

  const std::vector<std::string>& kept() const { return kept_; }
  std::uint64_t total() const { return total_; }

 private:
  const Clock& clock_;
  std::vector<std::string> kept_;
  std::uint64_t total_ = 0;
};

}  // namespace peerstore::simulator
