#include "replica/put_chain.hpp"

#include <algorithm>

namespace peerstore::replica {

PutChain::PutChain(Clock& clock, Friends& friends, const wire::ChunkAddress& address,
                   const std::vector<SharedBytes>& segments, std::size_t in_flight_max)
    : clock_(clock),
      friends_(friends),
      address_(address),
      segments_(segments),
      in_flight_max_(in_flight_max),
      scope_(clock) {}

PutChain::Expected PutChain::expect() {
  if (expected_++ == 0) {
    gather_until_ = clock_.now() + kGatherTime;
    clock_.arm(*this, gather_until_);
  }
  return Expected(*this);
}

void PutChain::Expected::end() {
  PutChain* const chain = std::exchange(chain_, nullptr);
  if (chain == nullptr || --chain->expected_ > 0) return;
  // Through the clock: it may end because everything is being dropped.
  chain->clock_.arm(*chain, chain->clock_.now());
}

Task<Result<void>> PutChain::deliver(Expected expected, wire::MemberId member,
                                     std::vector<std::uint32_t> missing, Way way) {
  if (missing.empty()) co_return Result<void>();
  if (way == Way::direct) direct_.insert(member);
  holders_.push_back(std::make_unique<Holder>(clock_, member));
  Holder& holder = *holders_.back();
  for (const std::uint32_t index : missing) holder.lacks.set(index);
  expected.end();
  send_what_may_go();
  while (!holder.is_done()) co_await holder.changed.wait();
  const std::optional<Error> error = holder.error;
  std::erase_if(holders_, [&holder](const auto& one) { return one.get() == &holder; });
  if (error) co_return *error;
  co_return Result<void>();
}

void PutChain::send_what_may_go() {
  while (in_flight_ < in_flight_max_ && (expected_ == 0 || clock_.now() >= gather_until_)) {
    std::optional<Shipment> shipment = next_shipment();
    if (!shipment) return;
    ++in_flight_;
    for (Holder* holder : shipment->holders) holder->under_way.set(shipment->index);
    scope_.spawn(send(std::move(*shipment)));
  }
}

// The first segment that somebody lacks to whom it is not on its way, to as many of those as a chain takes.
std::optional<PutChain::Shipment> PutChain::next_shipment() {
  for (std::uint32_t index = 0; index < segments_.size(); ++index) {
    Shipment chained{index, {}};
    Shipment direct{index, {}};
    for (const auto& holder : holders_) {
      if (holder->error || !holder->lacks[index] || holder->under_way[index]) continue;
      Shipment& shipment = goes_directly(*holder) ? direct : chained;
      shipment.holders.push_back(holder.get());
    }
    if (chained.holders.size() > wire::kOnwardMax + 1) chained.holders.resize(wire::kOnwardMax + 1);
    if (!chained.holders.empty()) return chained;
    if (direct.holders.size() > 1) direct.holders.resize(1);
    if (!direct.holders.empty()) return direct;
  }
  return std::nullopt;
}

// Who may be away gets little patience, which no chain would keep to.
bool PutChain::goes_directly(const Holder& holder) const {
  return direct_.contains(holder.member) || !friends_.is_live(holder.member);
}

Task<void> PutChain::send(Shipment shipment) {
  wire::PutSegment segment{address_, shipment.index, segments_[shipment.index], {}};
  for (const Holder* holder : shipment.holders) segment.onward.push_back(holder->member);
  const wire::MemberId first = segment.onward.front();
  segment.onward.erase(segment.onward.begin());
  const Duration patience = Friends::chain_patience(segment.onward.size());
  const Result<wire::SegmentTaken> taken = co_await friends_.ask(first, std::move(segment), patience);
  --in_flight_;
  arrived(shipment, taken);
  send_what_may_go();
}

void PutChain::arrived(const Shipment& shipment, const Result<wire::SegmentTaken>& taken) {
  const std::vector<Holder*>& holders = shipment.holders;
  const auto took = [&](std::size_t place) {
    if (!taken || place == 0) return taken.has_value();
    return taken->onward.size() + 1 == holders.size() && taken->onward[place - 1] == 1;
  };
  bool is_whole = true;
  for (std::size_t place = 0; place < holders.size(); ++place) {
    Holder& holder = *holders[place];
    holder.under_way.reset(shipment.index);
    if (took(place)) {
      holder.lacks.reset(shipment.index);
    } else if (place == 0) {
      if (!holder.error) holder.error = taken.error();
      is_whole = false;
    } else if (std::exchange(is_whole, false)) {
      direct_.insert(holder.member);  // the first that was not reached: what lies behind it may be well
    }
    if (holder.is_done()) holder.changed.notify_all();
  }
}

}  // namespace peerstore::replica
