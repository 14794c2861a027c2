#include "node/incarnations.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace peerstore::node {

namespace {

constexpr std::string_view kPath = "incarnation";

Result<std::uint64_t> read_bound(Disk& disk) {
  const Result<Bytes> file = disk.read_all(kPath, 32);
  if (!file && file.error().code == Errc::not_found) return std::uint64_t{0};
  if (!file) return file.error_in("the incarnation file");
  const std::string_view text = as_text(*file);
  std::uint64_t bound = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
  // Damaged is as good as lost.
  if (error != std::errc() || end != text.data() + text.size()) return std::uint64_t{0};
  return bound;
}

}  // namespace

Task<Result<std::unique_ptr<Incarnations>>> Incarnations::open(Disk& disk, Workers& workers,
                                                               std::uint64_t if_forgotten) {
  Result<std::uint64_t> bound = co_await workers.run([&disk] { return read_bound(disk); });
  if (!bound) co_return bound.error();
  if (*bound == 0) bound = if_forgotten;
  std::unique_ptr<Incarnations> incarnations(new Incarnations(disk, workers, *bound));
  (void)incarnations->next(0);
  const Result<void> kept = co_await incarnations->keep();
  if (!kept) co_return kept.error();
  co_return incarnations;
}

std::uint64_t Incarnations::next(std::uint64_t seen) {
  current_ = std::max(current_, seen) + 1;
  return current_;
}

Task<Result<void>> Incarnations::keep() {
  const std::uint64_t bound = current_ + kAhead;
  const std::string text = std::to_string(bound);
  const Result<void> kept =
      co_await workers_.run([this, &text] { return disk_.replace(kPath, as_bytes(text)); });
  if (!kept) co_return kept.error_in("keeping the incarnation");
  bound_ = std::max(bound_, bound);
  co_return Result<void>();
}

}  // namespace peerstore::node
