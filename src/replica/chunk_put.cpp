#include "replica/chunk_put.hpp"

#include <peerstore/replica/chunk_service.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/scope.hpp>

#include <algorithm>
#include <functional>

namespace peerstore::replica {

namespace {

// Worth a second attempt at the same holder: it may have been a lost packet or a full queue.
bool is_transient(Errc code) {
  switch (code) {
    case Errc::timed_out:
    case Errc::unreachable:
    case Errc::busy:
    case Errc::not_found:  // it lost the begun chunk: restarted in between
    case Errc::io: return true;
    default: return false;
  }
}

std::string count_in_words(std::size_t count) {
  static constexpr std::array<std::string_view, 5> kWords = {"no", "one", "two", "three", "four"};
  return count < kWords.size() ? std::string(kWords[count]) : std::to_string(count);
}

void add_reason(std::string& text, const std::string& reason) {
  if (!text.empty()) text += "; ";
  text += reason;
}

}  // namespace

ChunkPut::ChunkPut(Ring ring, wire::ChunkDescription chunk, std::vector<SharedBytes> segments,
                   std::uint64_t lease)
    : ring_(ring),
      chunk_(std::move(chunk)),
      segments_(std::move(segments)),
      chain_(ring.clock, ring.friends, address_, segments_, ring.options.segments_in_flight) {
  CHECK(chunk_.header.segments >= 1 && chunk_.header.segments <= wire::kSegmentsMax);
  CHECK(chunk_.leaves.size() == chunk_.header.segments && segments_.size() == chunk_.header.segments);
  for (const SharedBytes& segment : segments_) CHECK(segment.size() == wire::kSegmentBytes);
  CHECK(chunk_.header.owner == ring_.writer.person);
  address_ = wire::address_of(chunk_);
  lease_ = sign_lease(ring_.signatures, ring_.view.ring_id(), ring_.writer, address_,
                      std::min(lease, wire::kLeaseNumberMax));
}

Task<Result<PutOutcome>> ChunkPut::run() {
  const auto map = ring_.view.map();
  wanted_ = map->policy().copies;
  list_ = map->preference_list({chunk_.header.placement_key, chunk_.header.chunk_class, ring_.writer.person});
  taken_.assign(list_.size(), false);
  {
    TaskScope lanes(ring_.clock);
    for (std::size_t i = 0; i < std::min(wanted_, list_.size()); ++i) lanes.spawn(lane());
    co_await lanes.join();
  }
  co_await renew_leases();
  if (receipts_.empty()) co_return nothing_stored();
  PutOutcome outcome;
  outcome.receipts = receipts_;
  outcome.wanted = static_cast<unsigned>(wanted_);
  if (!outcome.safe()) outcome.shortfall = shortfall();
  co_return outcome;
}

// The next live member of the list; when there is none left, one that may be back.
std::optional<wire::MemberId> ChunkPut::next_candidate() {
  for (const bool live : {true, false}) {
    for (std::size_t i = 0; i < list_.size(); ++i) {
      if (taken_[i]) continue;
      if (live ? !ring_.friends.is_live(list_[i]) : !ring_.friends.may_be_back(list_[i])) continue;
      taken_[i] = true;
      return list_[i];
    }
  }
  return std::nullopt;
}

Task<void> ChunkPut::lane() {
  while (const std::optional<wire::MemberId> member = next_candidate()) {
    Result<wire::Receipt> receipt = co_await store_on(*member);
    if (receipt) {
      receipts_.push_back(*receipt);
      co_return;
    }
    failures_.push_back({*member, receipt.error()});
  }
}

// Somebody wanted a newer lease than those had who came first. All get it: what was deleted once is not to
// be deleted by that word again, and a copy that is not renewed counts for nothing.
Task<void> ChunkPut::renew_leases() {
  std::vector<wire::Receipt> renewed;
  for (const wire::Receipt& receipt : receipts_) {
    if (leased_[receipt.holder.id] == lease_.number) {
      renewed.push_back(receipt);
      continue;
    }
    const Result<wire::Receipt> again = co_await store_on(receipt.holder.id);
    if (again) renewed.push_back(*again);
    if (!again) failures_.push_back({receipt.holder.id, again.error()});
  }
  receipts_ = std::move(renewed);
}

Task<Result<wire::Receipt>> ChunkPut::store_on(wire::MemberId member) {
  const bool was_live = ring_.friends.is_live(member);
  Result<wire::Receipt> receipt = co_await try_once(member);
  if (receipt || !was_live || !is_transient(receipt.error().code)) co_return receipt;
  const Duration pause = ring_.random.jitter(ring_.options.retry_pause);
  co_await ring_.clock.sleep(pause);
  co_return co_await try_once(member);
}

Task<Result<wire::Receipt>> ChunkPut::try_once(wire::MemberId member) {
  PutChain::Expected expected = chain_.expect();
  Result<Begun> begun = co_await begin_on(member);
  if (!begun) co_return begun.error();
  Result<void> sent =
      co_await chain_.deliver(std::move(expected), member, std::move(begun->missing), PutChain::Way::chained);
  if (!sent) co_return sent.error();
  const Result<wire::Receipt> receipt = co_await commit_on(member, begun->lease);
  if (receipt || receipt.error().code != Errc::invalid) co_return receipt;

  // Somebody before it in the chain may have said that it has what it has not.
  PutChain::Expected again = chain_.expect();
  begun = co_await begin_on(member);
  if (!begun) co_return begun.error();
  if (begun->missing.empty()) co_return receipt;
  sent = co_await chain_.deliver(std::move(again), member, std::move(begun->missing), PutChain::Way::direct);
  if (!sent) co_return sent.error();
  co_return co_await commit_on(member, begun->lease);
}

Task<Result<ChunkPut::Begun>> ChunkPut::begin_on(wire::MemberId member) {
  const wire::Reserve room{room_for_chunk(chunk_.header.segments)};
  const Result<wire::Reserved> reserved = co_await ring_.friends.ask(member, room);
  if (!reserved) co_return reserved.error();

  wire::PutBegin begin{chunk_, lease_, reserved->reservation};
  Result<wire::PutState> state = co_await ring_.friends.ask(member, begin);
  if (state && state->lease_wanted > begin.lease.number) {
    // It was deleted once, and is wanted again now.
    if (const auto raised = raise_lease(state->lease_wanted); !raised) co_return raised.error();
    begin.lease = lease_;
    state = co_await ring_.friends.ask(member, begin);
    if (state && state->lease_wanted != 0) co_return fail(Errc::refused, "asks for ever newer leases");
  }
  if (!state) co_return state.error();
  const bool are_there =
      std::ranges::all_of(state->missing, [this](std::uint32_t index) { return index < segments_.size(); });
  if (!are_there) co_return fail(Errc::invalid, "asked for a segment that the chunk does not have");
  co_return Begun{std::move(state->missing), begin.lease.number};
}

Task<Result<wire::Receipt>> ChunkPut::commit_on(wire::MemberId member, std::uint64_t lease) {
  const wire::PutCommit commit{address_, ring_.writer.person};
  const Result<wire::Receipt> receipt = co_await ring_.friends.ask(member, commit, Friends::kBulkPatience);
  if (!receipt) co_return receipt.error();
  leased_[member] = lease;
  co_return checked(member, *receipt);
}

Result<void> ChunkPut::raise_lease(std::uint64_t wanted) {
  if (wanted <= lease_.number) return {};  // for somebody else already
  if (wanted > std::min(lease_.number + wire::kLeaseStepMax, wire::kLeaseNumberMax)) {
    return fail(Errc::refused, "it asks for a lease with an impossible number");
  }
  lease_ = sign_lease(ring_.signatures, ring_.view.ring_id(), ring_.writer, address_, wanted);
  return {};
}

Result<wire::Receipt> ChunkPut::checked(const wire::MemberId& member, const wire::Receipt& receipt) const {
  if (receipt.address != address_ || receipt.owner != ring_.writer.person || receipt.holder.id != member) {
    return fail(Errc::invalid, "a receipt for something else");
  }
  const auto key = ring_.view.node_key(member);
  if (!key) return fail(Errc::invalid, "a receipt of a machine that is not known");
  if (!ring_.signatures.verify(*key, "receipt", ring_.view.ring_id(), wire::receipt_bytes(receipt),
                               receipt.signature)) {
    return fail(Errc::invalid, "a receipt with a bad signature");
  }
  return receipt;
}

// Why there are fewer copies than wanted, for the owner: who is needed, away, full, or failing.
std::string ChunkPut::shortfall() const {
  std::vector<wire::MemberId> away;
  std::vector<wire::MemberId> full;
  std::vector<wire::MemberId> over_quota;
  std::string reasons;
  if (list_.size() < wanted_) {
    const std::size_t needed = wanted_ - list_.size();
    add_reason(reasons, count_in_words(needed) +
                            (needed == 1 ? " more friend is needed" : " more friends are needed"));
  }
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (!taken_[i]) away.push_back(list_[i]);
  }
  for (const Failure& failure : failures_) {
    if (is_silence(failure.error.code)) away.push_back(failure.member);
    if (failure.error.code == Errc::full) full.push_back(failure.member);
    if (failure.error.code == Errc::over_quota) over_quota.push_back(failure.member);
  }
  if (!away.empty()) {
    add_reason(reasons, ring_.friends.names(away) + (away.size() == 1 ? " is away" : " are away"));
  }
  if (!full.empty()) add_reason(reasons, "no room left on " + ring_.friends.names(full));
  if (!over_quota.empty()) {
    add_reason(reasons, "your quota is used up on " + ring_.friends.names(over_quota) +
                            ": forget and prune snapshots (what is deleted counts for 30 days more)");
  }
  for (const Failure& failure : failures_) {
    const Errc code = failure.error.code;
    if (is_silence(code) || code == Errc::full || code == Errc::over_quota) continue;
    add_reason(reasons,
               ring_.friends.name(failure.member) + " did not take it (" + failure.error.message() + ")");
  }
  return std::to_string(receipts_.size()) + " of " + std::to_string(wanted_) + " copies: " + reasons;
}

Error ChunkPut::nothing_stored() const {
  if (list_.empty()) return fail(Errc::refused, "no friend may hold this chunk: " + shortfall());
  // First the reasons that people can do something about; while somebody is away it may go well later.
  for (const Failure& failure : failures_) {
    const Errc code = failure.error.code;
    if (code == Errc::over_quota || code == Errc::full) return fail(code, shortfall());
  }
  const auto is_silent = [](const Failure& failure) { return is_silence(failure.error.code); };
  const bool somebody_is_away = !std::ranges::all_of(taken_, std::identity{}) ||
                                std::ranges::any_of(failures_, is_silent) || failures_.empty();
  return fail(somebody_is_away ? Errc::unreachable : failures_.back().error.code, shortfall());
}

}  // namespace peerstore::replica
