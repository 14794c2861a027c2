// When a stand-in may drop its copy.
//
// Each of the first holders of the preference list, as many as the policy wants copies, has to pledge its
// own: it has just read a segment of it, which the challenge chooses, should hold the chunk by the very same
// map, and is not about to drop it. Of two machines that drop a copy, each by another map and on the
// other's word, the one that went over to the newer map first no longer pledges by the older one; and who is
// about to drop does not pledge. So somebody keeps it. Whoever has thrown its copy away cannot answer.
//
// Where a preferred holder is full and lacks the chunk, the next of the list pledges in its place. A machine
// thus drops its copy only on the word of ones before it in the list, who do so only on the word of
// ones before them: the first of the list that have it keep it, whatever each has heard of who is full.
#include <peerstore/crypto/hash.hpp>
#include <peerstore/replica/repair.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace peerstore::replica {

namespace {

constexpr Duration kPledgePatience = std::chrono::seconds(30);  // each chunk is read from a disk

constexpr std::size_t kAskersMax = 8;  // that are answered side by side

// Each asker has one question at a time.
struct Asking {
  std::set<wire::MemberId>& askers;
  wire::MemberId asker;
  Asking(std::set<wire::MemberId>& all, const wire::MemberId& one) : askers(all), asker(one) {
    askers.insert(asker);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() { askers.erase(asker); }
};

}  // namespace

std::uint64_t Repair::mark_of(const Map& map) {
  if (marked_map_ == map) return mark_;
  ByteWriter out;
  const placement::Policy& policy = map->policy();
  out.u8(policy.copies).u8(policy.colours).u64(policy.bytes_per_token).u32(policy.tokens_max);
  out.i64(policy.grace.count());
  for (const placement::Machine& machine : map->machines()) {
    out.fixed(machine.id).u32(machine.person).u8(machine.colour).u64(machine.bytes_given);
  }
  marked_map_ = map;
  mark_ = wire::mark_of(crypto::hash("placement map", {out.view()}));
  return mark_;
}

// ---- the one that drops ----

// `holders` are those who should hold it now. Somebody who stands in for one who is away too long counts
// for nothing here.
void Repair::note_if_surplus(const placement::Map& map, const Held& chunk,
                             const std::vector<wire::MemberId>& holders) {
  if (std::ranges::find(holders, self_) != holders.end()) return;
  const std::size_t copies = map.policy().copies;
  const auto preferred = map.preference_list(chunk.place, copies);
  if (std::ranges::find(preferred, self_) != preferred.end()) return;
  const auto by_word_of = takers(map, chunk);
  // It stands in for one who is full.
  if (std::ranges::find(by_word_of, self_) != by_word_of.end()) return;
  ++surplus_being_found_.chunks;
  if (preferred.size() < copies) ++surplus_being_found_.without_a_place;
  for (const wire::MemberId& member : by_word_of) {
    if (view_.standing(member) != Standing::live) surplus_being_found_.waiting_for.insert(member);
  }
  if (by_word_of.size() == copies && holders == preferred) to_hand_over_.push_back(chunk);
}

std::vector<wire::MemberId> Repair::takers(const placement::Map& map, const Held& chunk) const {
  return first_of(map, chunk.place,
                  [&](const wire::MemberId& member) { return !is_passed_over(member, chunk.address); });
}

bool Repair::may_be_handed_over(const placement::Map& map, const Held& chunk) const {
  const auto holders = takers(map, chunk);
  return holders.size() == map.policy().copies &&
         std::ranges::all_of(holders, [&](const wire::MemberId& member) {
           const auto partner = partners_.find(member);
           return view_.standing(member) == Standing::live && !silent_.contains(member) &&
                  partner != partners_.end() && partner->second.confirmed.contains(short_form(chunk.address));
         });
}

Task<void> Repair::hand_over() {
  const Map map = map_of_last_round_;
  silent_.clear();
  asked_for_pledges_ = false;
  std::vector<Held> kept;
  std::vector<Held> batch;
  std::size_t dropped = 0;
  const std::vector<Held> surplus = std::exchange(to_hand_over_, {});
  for (std::size_t i = 0; i < surplus.size(); ++i) {
    if ((i + 1) % options_.chunks_per_turn == 0) co_await clock_.sleep(Duration(0));
    (may_be_handed_over(*map, surplus[i]) ? batch : kept).push_back(surplus[i]);
    const bool is_last = i + 1 == surplus.size();
    if (batch.empty() || (batch.size() < wire::kPledgesMax && !is_last)) continue;
    const std::vector<Held> asked = std::exchange(batch, {});
    asked_for_pledges_ = true;
    dropped += co_await hand_over_some(map, asked);
    if (view_.map() != map) co_return;  // the next round finds out anew
    std::ranges::copy_if(asked, std::back_inserter(kept),
                         [this](const Held& chunk) { return chunks_.find(chunk.address).has_value(); });
  }
  to_hand_over_ = std::move(kept);
  hand_over_patience_ = dropped > 0 ? 1 : std::min(hand_over_patience_ * 2, options_.slow_down);
  hand_over_at_ = clock_.now() + pace() * hand_over_patience_;
}

// How many were dropped.
Task<std::size_t> Repair::hand_over_some(Map map, std::vector<Held> batch) {
  const std::size_t copies = map->policy().copies;
  const std::uint64_t challenge = random_.next();
  std::map<wire::ChunkAddress, crypto::Hash> expected;
  std::map<wire::ChunkAddress, std::uint64_t> leases;
  std::map<wire::MemberId, wire::PledgeChunks> questions;
  for (const Held& chunk : batch) {
    const crypto::Hash own = co_await proof(chunk.address, challenge);
    const auto facts = chunks_.find(chunk.address);
    if (own.is_zero() || !facts) continue;
    expected[chunk.address] = own;
    leases[chunk.address] = facts->lease;
    for (const wire::MemberId& member : takers(*map, chunk)) {
      if (member == self_) break;  // it stands in itself, since a moment ago
      wire::PledgeChunks& question = questions[member];
      question.map = mark_of(map);
      question.challenge = challenge;
      question.addresses.push_back(chunk.address);
      question.leases.push_back(facts->lease);
    }
  }
  for (const auto& [address, own] : expected) leaving_.insert(address);
  std::map<wire::ChunkAddress, std::size_t> pledges;
  for (auto& [member, question] : questions) {
    co_await ask_for_pledges(member, std::move(question), expected, pledges);
  }
  std::size_t dropped = 0;
  for (const auto& [address, count] : pledges) {
    if (count < copies || view_.map() != map) continue;
    const auto facts = chunks_.find(address);
    if (!facts || facts->lease != leases.at(address)) continue;  // stored anew since they were asked
    const Result<void> removed = co_await chunks_.remove(address);
    if (removed) ++dropped;
  }
  leaving_.clear();
  counters_.handed_over += dropped;
  co_return dropped;
}

// Of whom no pledge comes the word of before counts no more: it is offered the chunk again.
Task<void> Repair::ask_for_pledges(wire::MemberId member, wire::PledgeChunks question,
                                   const std::map<wire::ChunkAddress, crypto::Hash>& expected,
                                   std::map<wire::ChunkAddress, std::size_t>& pledges) {
  const std::uint64_t life = view_.incarnation(member);
  const Result<wire::PledgeReply> reply = co_await wire::ask(network_, member, question, kPledgePatience);
  if (!reply || reply->proofs.size() != question.addresses.size()) {
    silent_.insert(member);
    co_return;
  }
  if (view_.incarnation(member) != life) co_return;
  Partner& partner = partners_[member];
  for (std::size_t i = 0; i < question.addresses.size(); ++i) {
    const wire::ChunkAddress& address = question.addresses[i];
    if (reply->proofs[i] == expected.at(address)) {
      ++pledges[address];
    } else if (partner.confirmed.erase(short_form(address)) > 0) {
      ++partner.owing;
    }
  }
}

// ---- the one that keeps ----

Task<Result<wire::Response>> Repair::serve(wire::Caller caller, wire::PledgeChunks request) {
  if (caller.is_client) co_return fail(Errc::refused, "only machines that hold chunks ask for pledges");
  if (request.addresses.size() > wire::kPledgesMax || request.leases.size() != request.addresses.size()) {
    co_return fail(Errc::invalid, "too many addresses, or not a lease for each");
  }
  if (askers_.contains(caller.member) || askers_.size() >= kAskersMax) {
    co_return fail(Errc::busy, "pledging already");
  }
  const Asking asking(askers_, caller.member);
  wire::PledgeReply reply;
  reply.proofs.resize(request.addresses.size());
  if (mark_of(view_.map()) != request.map) co_return wire::Response(std::move(reply));  // reads nothing
  for (std::size_t i = 0; i < request.addresses.size(); ++i) {
    reply.proofs[i] = co_await proof(request.addresses[i], request.challenge);
  }
  // All at one instant: what is said holds for all of them when it is said.
  for (std::size_t i = 0; i < request.addresses.size(); ++i) {
    const wire::ChunkAddress& address = request.addresses[i];
    const auto held = chunks_.find(address);
    const bool keeps_it = held && should_keep(*held, request.map);
    if (keeps_it && held->lease >= request.leases[i]) continue;
    reply.proofs[i] = {};
    if (keeps_it) want(caller.member, {address}, request.leases[i]);
  }
  co_return wire::Response(std::move(reply));
}

bool Repair::should_keep(const store::ChunkFacts& held, std::uint64_t map_mark) {
  const Map map = view_.map();
  if (mark_of(map) != map_mark || leaving_.contains(held.address)) return false;
  const wire::ChunkHeader& header = held.header;
  const placement::ChunkPlace place{header.placement_key, header.chunk_class, header.owner};
  const auto holders = map->preference_list(place, map->policy().copies);
  return std::ranges::find(holders, self_) != holders.end() || may_stand_in(place);
}

// Zero if the segment that the challenge chooses cannot be read.
Task<crypto::Hash> Repair::proof(wire::ChunkAddress address, std::uint64_t challenge) {
  // Its head as well: without that nobody can read it.
  const auto held = co_await chunks_.describe(address);
  const auto facts = chunks_.find(address);
  if (!held || !facts) co_return crypto::Hash{};
  ByteReader first(address.view());
  const auto index = static_cast<std::uint32_t>((challenge ^ first.u64()) % facts->header.segments);
  const Result<SharedBytes> segment = co_await chunks_.read_segment(address, index);
  if (!segment) co_return crypto::Hash{};
  ByteWriter number;
  number.u64(challenge);
  co_return crypto::hash("pledge", {number.view(), address.view(), segment->view()});
}

}  // namespace peerstore::replica
