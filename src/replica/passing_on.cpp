#include "replica/passing_on.hpp"

#include <algorithm>

namespace peerstore::replica {

PassingOn::Passage::Passage(PassingOn& owner, const wire::MemberId& to) : owner_(owner), to_(to) {
  ++owner_.under_way_;
  ++owner_.under_way_to_[to_];
}

PassingOn::Passage::~Passage() {
  --owner_.under_way_;
  const auto count = owner_.under_way_to_.find(to_);
  if (--count->second == 0) owner_.under_way_to_.erase(count);
}

bool PassingOn::may_go(const wire::ChunkAddress& address, const wire::MemberId& to) const {
  const auto header = chunks_.receiving(address);
  if (!header) return false;
  const auto map = view_.map();
  const placement::Machine* machine = map->find(to);
  if (machine == nullptr || machine->person == header->owner) return false;
  if (!placement::may_hold(map->policy(), machine->colour, header->chunk_class)) return false;
  const auto count = under_way_to_.find(to);
  const std::size_t under_way_to = count == under_way_to_.end() ? 0 : count->second;
  return friends_.is_live(to) && under_way_ < kAtOnceMax && under_way_to < kAtOnceToOneMax;
}

Task<std::vector<std::uint8_t>> PassingOn::pass_on(wire::PutSegment segment) {
  const std::vector<wire::MemberId> onward = std::move(segment.onward);
  std::vector<std::uint8_t> took(onward.size(), 0);
  if (onward.empty()) co_return took;
  const TimePoint deadline = clock_.now() + Friends::chain_patience(onward.size() - 1);
  for (std::size_t next = 0; next < onward.size() && clock_.now() < deadline; ++next) {
    if (!may_go(segment.address, onward[next])) continue;
    segment.onward.assign(onward.begin() + static_cast<std::ptrdiff_t>(next) + 1, onward.end());
    const std::size_t rest = segment.onward.size();
    const Duration patience = std::min(Friends::chain_patience(rest), deadline - clock_.now());
    const Passage passage(*this, onward[next]);
    const Result<wire::SegmentTaken> taken = co_await friends_.ask(onward[next], segment, patience);
    if (taken) {
      took[next] = 1;
      if (taken->onward.size() == rest) std::ranges::copy(taken->onward, took.end() - taken->onward.size());
    }
    // Only to whom there is no link it did not go.
    if (taken || taken.error().code != Errc::unreachable) break;
  }
  co_return took;
}

}  // namespace peerstore::replica
