// Violations: the broken laws of a run. The first one is what matters: the run ends there, and its story is
// told before anything else happens.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::simulator {

struct Violation {
  TimePoint at;
  std::string law;
  std::string flaw;
  std::vector<std::uint32_t> machines;  // that had a part in it
};

class Violations {
 public:
  explicit Violations(const Clock& clock) : clock_(clock) {}

  // Notes it if there is a flaw.
  void judge(std::string_view law, const std::optional<std::string>& flaw,
             std::vector<std::uint32_t> machines);
  // Called with the first, at once, while everything is still as it was.
  void on_first(std::function<void(const Violation&)> witness) { witness_ = std::move(witness); }

  const std::optional<Violation>& first() const { return first_; }
  std::uint64_t total() const { return total_; }

 private:
  const Clock& clock_;
  std::optional<Violation> first_;
  std::uint64_t total_ = 0;
  std::function<void(const Violation&)> witness_;
};

}  // namespace peerstore::simulator
