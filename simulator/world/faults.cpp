#include <peerstore/world/faults.hpp>

#include <string>

namespace peerstore::world {

void Faults::fail_call(std::uint64_t n, Errc code) {
  one_ = calls_ + n;
  code_ = code;
}

void Faults::fail_from_call(std::uint64_t n) { from_ = calls_ + n; }

void Faults::set_rule(std::function<std::optional<Error>(Operation, std::string_view)> rule) {
  rule_ = std::move(rule);
}

void Faults::fail_sometimes(Random* random, double share, Errc code, std::string_view prefix) {
  random_ = random;
  share_ = share;
  sometimes_code_ = code;
  prefix_ = prefix;
}

void Faults::clear() {
  one_ = 0;
  from_ = 0;
  rule_ = nullptr;
  random_ = nullptr;
}

std::optional<Error> Faults::before(Operation operation, std::string_view path) {
  ++calls_;
  if (calls_ == one_) return fail(code_, std::string(path) + ": a simulated fault");
  if (from_ != 0 && calls_ >= from_) return fail(Errc::io, std::string(path) + ": the machine is down");
  if (rule_) {
    if (auto fault = rule_(operation, path)) return fault;
  }
  if (random_ != nullptr && path.starts_with(prefix_) && random_->unit() < share_) {
    return fail(sometimes_code_, std::string(path) + ": a simulated fault");
  }
  return std::nullopt;
}

}  // namespace peerstore::world
