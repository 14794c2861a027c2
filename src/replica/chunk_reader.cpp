#include "replica/chunk_reader.hpp"

#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/combine.hpp>

#include <algorithm>

namespace peerstore::replica {

namespace {

// Of a large ring's members only the likeliest are asked.
constexpr std::size_t kHoldersAskedMax = 32;

// Ends a fetch whatever happens to its task, and lets those who wait for it look again.
class Fetch {
 public:
  Fetch(bool& fetching, Event& fetched) : fetching_(fetching), fetched_(fetched) { fetching_ = true; }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;
  ~Fetch() {
    fetching_ = false;
    fetched_.notify_all();
  }

 private:
  bool& fetching_;
  Event& fetched_;
};

void append_new(std::vector<wire::MemberId>& list, const wire::MemberId& member) {
  if (!contains(list, member)) list.push_back(member);
}

}  // namespace

Task<Result<SharedBytes>> ChunkReader::segment(ChunkRef chunk, std::uint32_t index) {
  const std::shared_ptr<Known> known = this->known(chunk);
  const Result<void> described = co_await describe(chunk, known);
  if (!described) co_return described.error();
  if (index >= known->description->leaves.size()) {
    co_return fail(Errc::invalid, "a segment that the chunk does not have");
  }
  const crypto::Hash leaf = known->description->leaves[index];
  auto ask = [this, &chunk, index, &leaf](wire::MemberId member) {
    return ask_segment(member, chunk, index, leaf);
  };
  co_return co_await from_any_holder<SharedBytes>(chunk, index, *known, ask);
}

Task<Result<void>> ChunkReader::describe(ChunkRef chunk, std::shared_ptr<Known> known) {
  while (!known->description && known->fetching) co_await known->fetched.wait();
  if (known->description) co_return Result<void>();
  const Fetch fetch(known->fetching, known->fetched);
  auto ask = [this, &chunk](wire::MemberId member) { return ask_description(member, chunk); };
  Result<wire::ChunkDescription> description =
      co_await from_any_holder<wire::ChunkDescription>(chunk, 0, *known, ask);
  if (!description) co_return description.error();
  known->description = std::move(*description);
  co_return Result<void>();
}

Task<Result<wire::ChunkDescription>> ChunkReader::ask_description(wire::MemberId member,
                                                                  const ChunkRef& chunk) {
  const wire::GetDescription question{chunk.address, chunk.token};
  Result<wire::DescriptionReply> reply = co_await friends_.ask(member, question);
  if (!reply) co_return reply.error();
  const wire::ChunkDescription& description = reply->chunk;
  const std::size_t count = description.leaves.size();
  if (count == 0 || count > wire::kSegmentsMax || count != description.header.segments ||
      wire::address_of(description) != chunk.address) {
    co_return fail(Errc::corrupt, "a description of another chunk");
  }
  co_return std::move(reply->chunk);
}

// 0 if it does not have it, or shows no lease that the owner signed.
Task<std::uint64_t> ChunkReader::ask_lease(wire::MemberId member, ChunkRef chunk) {
  const wire::GetDescription question{chunk.address, chunk.token};
  const Result<wire::DescriptionReply> reply = co_await friends_.ask(member, question);
  if (!reply) co_return 0;
  const auto is_owners =
      check_lease(signatures_, view_, chunk.owner, chunk.address, reply->lease, LeaseUse::repair);
  co_return is_owners ? reply->lease.number : 0;
}

Task<std::uint64_t> ChunkReader::highest_lease(wire::ChunkAddress address) {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) co_return 0;
  const ChunkRef chunk = found->second->second->chunk;
  std::vector<Task<std::uint64_t>> tasks;
  for (const wire::MemberId& member : friends_.worth_asking(possible_holders(chunk))) {
    if (friends_.is_live(member)) tasks.push_back(ask_lease(member, chunk));
  }
  const std::vector<std::uint64_t> numbers = co_await when_all(clock_, std::move(tasks));
  co_return numbers.empty() ? 0 : *std::ranges::max_element(numbers);
}

Task<Result<SharedBytes>> ChunkReader::ask_segment(wire::MemberId member, const ChunkRef& chunk,
                                                   std::uint32_t index, const crypto::Hash& leaf) {
  const wire::GetSegment question{chunk.address, index, chunk.token};
  Result<wire::SegmentReply> reply = co_await friends_.ask(member, question, Friends::kBulkPatience);
  if (!reply) co_return reply.error();
  if (reply->data.size() != wire::kSegmentBytes || crypto::merkle_leaf(reply->data.view()) != leaf) {
    co_return fail(Errc::corrupt, "a bad segment");
  }
  co_return std::move(reply->data);
}

template <class T, class Ask>
Task<Result<T>> ChunkReader::from_any_holder(const ChunkRef& chunk, std::uint32_t turn, Known& known,
                                             Ask& ask) {
  const std::vector<wire::MemberId> possible = possible_holders(chunk);
  HedgedRace<T, Ask> race(clock_, options_.hedge_after, order_to_ask(possible, chunk, turn, known), ask);
  std::optional<T> found = co_await race.run();
  for (const AskedInVain& asked : race.in_vain()) {
    if (asked.error.code == Errc::not_found || asked.error.code == Errc::corrupt) {
      known.useless.insert(asked.member);
    }
  }
  for (const wire::MemberId& member : race.slow()) friends_.was_slow(member);
  if (found) co_return std::move(*found);
  co_return explain(chunk, possible, race.in_vain());
}

// Holders by receipt; then the preference list; then other machines of the persons on it.
std::vector<wire::MemberId> ChunkReader::possible_holders(const ChunkRef& chunk) const {
  const auto map = view_.map();
  std::vector<wire::MemberId> possible;
  for (const wire::MemberId& holder : chunk.holders) {
    if (!friends_.is_gone(holder)) append_new(possible, holder);
  }
  const placement::ChunkPlace place{chunk.placement_key, chunk.chunk_class, chunk.owner};
  for (const wire::MemberId& member : map->preference_list(place, kHoldersAskedMax)) {
    append_new(possible, member);
  }
  for (const placement::Machine& machine : map->machines()) {
    if (possible.size() >= kHoldersAskedMax) break;
    if (machine.person == chunk.owner) continue;
    if (!placement::may_hold(map->policy(), machine.colour, chunk.chunk_class)) continue;
    append_new(possible, machine.id);
  }
  return possible;
}

std::vector<wire::MemberId> ChunkReader::likely_holders(const ChunkRef& chunk) const {
  const auto map = view_.map();
  std::vector<wire::MemberId> likely;
  for (const wire::MemberId& holder : chunk.holders) {
    if (!friends_.is_gone(holder)) append_new(likely, holder);
  }
  std::size_t preferred = 0;
  std::size_t live = 0;
  for (const wire::MemberId& member :
       map->preference_list({chunk.placement_key, chunk.chunk_class, chunk.owner})) {
    if (preferred >= map->policy().copies && live >= map->policy().copies) break;
    ++preferred;
    if (friends_.is_live(member)) ++live;
    append_new(likely, member);
  }
  return likely;
}

std::vector<wire::MemberId> ChunkReader::to_wait_for(const ChunkRef& chunk,
                                                     const std::vector<wire::MemberId>& answered) const {
  const std::vector<wire::MemberId> likely = likely_holders(chunk);
  std::vector<wire::MemberId> everybody = likely;
  for (const wire::MemberId& member : possible_holders(chunk)) append_new(everybody, member);
  std::vector<wire::MemberId> silent;
  for (const wire::MemberId& member : everybody) {
    if (!contains(answered, member)) silent.push_back(member);
  }
  if (silent.size() * 2 >= everybody.size()) return silent;
  std::erase_if(silent, [&](const wire::MemberId& member) { return !contains(likely, member); });
  return silent;
}

// The likely holders take turns by segment, so that a chunk is read from several at once; whoever
// was useless before comes after those who were not.
std::vector<wire::MemberId> ChunkReader::order_to_ask(const std::vector<wire::MemberId>& possible,
                                                      const ChunkRef& chunk, std::uint32_t turn,
                                                      const Known& known) const {
  std::vector<wire::MemberId> order;
  std::vector<wire::MemberId> last;
  for (const wire::MemberId& member : friends_.worth_asking(possible)) {
    (known.useless.contains(member) ? last : order).push_back(member);
  }
  order.insert(order.end(), last.begin(), last.end());

  const std::size_t preferred = view_.map()->policy().copies;
  const std::size_t likely = chunk.holders.empty() ? preferred : chunk.holders.size();
  std::size_t group = 0;
  while (group < order.size() && group < likely && friends_.is_live(order[group]) &&
         !known.useless.contains(order[group]) &&
         (chunk.holders.empty() || std::ranges::find(chunk.holders, order[group]) != chunk.holders.end())) {
    ++group;
  }
  if (group > 1) {
    const auto first = order.begin();
    std::rotate(first, first + static_cast<std::ptrdiff_t>(turn % group),
                first + static_cast<std::ptrdiff_t>(group));
  }
  return order;
}

Error ChunkReader::explain(const ChunkRef& chunk, const std::vector<wire::MemberId>& possible,
                           const std::vector<AskedInVain>& in_vain) const {
  std::vector<wire::MemberId> corrupt;
  std::vector<wire::MemberId> answered;
  std::optional<AskedInVain> other;  // neither silent nor without the chunk
  for (const AskedInVain& asked : in_vain) {
    if (is_silence(asked.error.code)) continue;
    answered.push_back(asked.member);
    if (asked.error.code == Errc::corrupt) corrupt.push_back(asked.member);
    if (asked.error.code != Errc::corrupt && asked.error.code != Errc::not_found) other = asked;
  }
  // Without receipts anybody might have it.
  std::vector<wire::MemberId> away = chunk.holders.empty() ? possible : to_wait_for(chunk, answered);
  std::erase_if(away, [&](const wire::MemberId& member) { return contains(answered, member); });
  const std::string bad = corrupt.empty() ? "" : "only a bad copy on " + friends_.names(corrupt);
  if (!away.empty()) {
    const std::string waiting = "waits for " + friends_.names(away, " or ") + " to come on line";
    return fail(Errc::unreachable, bad.empty() ? waiting : bad + "; " + waiting);
  }
  if (!corrupt.empty()) return fail(Errc::corrupt, bad);
  if (possible.empty()) return fail(Errc::not_found, "nobody in this ring may hold it");
  if (other) return other->error.in(friends_.name(other->member));
  return fail(Errc::not_found, "none of " + friends_.names(possible) + " has it");
}

std::shared_ptr<ChunkReader::Known> ChunkReader::known(const ChunkRef& chunk) {
  if (const auto found = by_address_.find(chunk.address); found != by_address_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->second;
  }
  recent_.emplace_front(chunk.address, std::make_shared<Known>(clock_, chunk));
  by_address_.emplace(chunk.address, recent_.begin());
  if (recent_.size() > options_.descriptions_kept) {
    by_address_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return recent_.front().second;
}

}  // namespace peerstore::replica
