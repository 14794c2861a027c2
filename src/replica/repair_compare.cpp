// Two machines find out by digests whether they hold the same, of what both should hold.
//
// What one of them says of itself holds for its present life, so each night that laptops sleep would have all
// chunks offered anew, at 32 bytes each to every other holder. In place of that the asker divides the chunks
// of which both are preferred holders by the leading bits of their addresses, and sends for each part one
// digest: the addresses' short hashes by the salt of this question, xored. Where the asked one comes to the
// same digest for what it holds, it holds the same: so much is confirmed. The other parts are offered chunk
// by chunk, and so is everything else: what stand-ins hold, few chunks, and all of them if the asked one does
// not know this question. What it lacks itself the asker learns when the other one asks.
//
// Who the preferred holders are follows from the map alone, never from who is awake, so both reckon with the
// same chunks if they have the same map. The salt is drawn when the chunks are here already, so nobody can
// have stored chunks that hide the lack of another's. A liar can say that it holds the same, as it can in
// answer to an offer: the asker has a copy less than it thinks, until it asks again.
//
// The asked one has to look at every chunk that it holds. It answers all together who ask at about the same
// time, each of them seldom, and walks at most once in a while, whoever asks.
#include <peerstore/crypto/short_hash.hpp>
#include <peerstore/replica/repair.hpp>
#include <peerstore/runtime/combine.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace peerstore::replica {

namespace {

constexpr std::size_t kChunksInPart = 128;  // at most, while there may be more parts
constexpr std::size_t kQuestionsAtOnce = 16;
constexpr Duration kPatience = std::chrono::seconds(40);    // for a walk over many chunks
constexpr Duration kOffersAfter = std::chrono::minutes(8);  // no comparison came about
constexpr Duration kGathering = std::chrono::seconds(1);    // who asks meanwhile is answered by the same walk
constexpr Duration kBetweenWalks = std::chrono::seconds(20);  // from one's beginning to the next one's
constexpr Duration kAnsweredAgain = std::chrono::minutes(2);  // one member
constexpr std::size_t kAskedMax = 64;                         // that wait

std::size_t parts_for(std::size_t chunks) {
  return std::min(wire::kChunkDigestsMax, std::bit_ceil((chunks + kChunksInPart - 1) / kChunksInPart));
}

// `count` is a power of two.
std::size_t part_of(std::uint64_t short_form, std::size_t count) {
  return count == 1 ? 0 : static_cast<std::size_t>(short_form >> (64 - std::countr_zero(count)));
}

}  // namespace

struct Repair::Comparison {
  wire::MemberId partner;
  crypto::ShortHashKey salt;
  struct Chunk {
    std::uint64_t short_form;
    std::uint64_t hash;
  };
  std::vector<Chunk> chunks = {};
  std::size_t open = 0;  // of them: not confirmed
};

struct Repair::Asked {
  Asked(Clock& clock, const wire::MemberId& a_member, wire::CompareChunks a_question)
      : from(a_member), question(std::move(a_question)), own(question.digests.size()), answer(clock) {}
  wire::MemberId from;
  wire::CompareChunks question;
  std::vector<std::uint64_t> own;  // digests
  OneShot<Result<wire::Response>> answer;
};

// ---- the one that asks ----

std::map<wire::MemberId, Repair::Comparison> Repair::comparisons_due(const placement::Map& map) {
  std::map<wire::MemberId, Comparison> due;
  for (const placement::Machine& machine : map.machines()) {
    if (machine.id == self_ || view_.standing(machine.id) != Standing::live) continue;
    if (!partner_of(machine.id).is_to_compare) continue;
    due.emplace(machine.id, Comparison{machine.id, entropy_.make<crypto::ShortHashKey>()});
  }
  return due;
}

// What is found equal counts as confirmed before the round that waits for this.
Task<void> Repair::compare(Map map, const std::vector<Held>& held) {
  if (held.size() < options_.compared_from) co_return;
  auto due = comparisons_due(*map);
  if (due.empty()) co_return;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if ((i + 1) % options_.chunks_per_turn == 0) co_await clock_.sleep(Duration(0));
    const auto preferred = map->preference_list(held[i].place, map->policy().copies);
    if (!contains(preferred, self_)) continue;
    for (const wire::MemberId& member : preferred) {
      const auto found = due.find(member);
      if (found == due.end()) continue;
      Comparison& own = found->second;
      const std::uint64_t short_one = short_form(held[i].address);
      own.chunks.push_back({short_one, crypto::short_hash(own.salt, held[i].address.view())});
      if (!partners_[member].confirmed_before.contains(short_one)) ++own.open;
    }
  }
  std::vector<Comparison*> worth_it;
  for (auto& [member, own] : due) {
    const bool is_worth_it = own.open >= options_.compared_from;
    if (is_worth_it) worth_it.push_back(&own);
    if (!is_worth_it) partners_[member].is_to_compare = false;
  }
  const std::uint64_t mark = mark_of(map);
  const auto ask_one = [this, mark](Comparison* own) { return compare_with(*own, mark); };
  co_await for_each_bounded(clock_, kQuestionsAtOnce, std::move(worth_it), ask_one);
}

Task<void> Repair::compare_with(Comparison& own, std::uint64_t map_mark) {
  const std::vector<Comparison::Chunk> chunks = std::move(own.chunks);
  wire::CompareChunks question{map_mark, own.salt, {}};
  const std::size_t parts = parts_for(chunks.size());
  question.digests.resize(parts);
  for (const auto& [short_one, hash] : chunks) question.digests[part_of(short_one, parts)] ^= hash;
  ++counters_.compared;
  const TimePoint asked_at = clock_.now();
  const Result<wire::ChunkDifference> reply = co_await wire::ask(network_, own.partner, question, kPatience);

  Partner& partner = partners_[own.partner];
  const Errc failure = reply ? Errc{} : reply.error().code;
  const bool is_silent = failure == Errc::timed_out || failure == Errc::unreachable;
  if (is_silent) partner.answers = false;
  const bool comes_again = is_silent || failure == Errc::busy || (reply && reply->differs.empty());
  if (!partner.compared_first) partner.compared_first = asked_at;
  if (comes_again && clock_.now() - *partner.compared_first < kOffersAfter) {
    partner.is_put_off = true;
    for (const auto& [short_one, hash] : chunks) partner.put_off.push_back(short_one);
    std::ranges::sort(partner.put_off);
    co_return;
  }
  partner.is_to_compare = false;
  partner.compared_first.reset();
  if (!reply || reply->differs.size() != parts) co_return;
  if (partner.confirmed_before.empty()) partner.confirmed_since = clock_.now();
  for (const auto& [short_one, hash] : chunks) {
    if (reply->differs[part_of(short_one, parts)] != 0) continue;
    if (partner.lacks.erase(short_one) > 0) stand_ins_may_go_ = true;
    if (partner.confirmed_before.insert(short_one).second) ++confirmed_in_round_;
  }
}

// ---- the one that is asked ----

Task<Result<wire::Response>> Repair::serve(wire::Caller caller, wire::CompareChunks request) {
  if (caller.is_client) co_return fail(Errc::refused, "only machines that hold chunks compare them");
  if (request.digests.size() > wire::kChunkDigestsMax || !std::has_single_bit(request.digests.size())) {
    co_return fail(Errc::invalid, "a wrong number of digests");
  }
  if (mark_of(view_.map()) != request.map) co_return wire::Response(wire::ChunkDifference{});
  const TimePoint now = clock_.now();
  std::erase_if(answered_, [now](const auto& answer) { return now - answer.second >= kAnsweredAgain; });
  if (asked_.size() >= kAskedMax || answered_.contains(caller.member)) {
    co_return fail(Errc::busy, "compared a moment ago");
  }
  answered_[caller.member] = now;
  const auto asked = std::make_shared<Asked>(clock_, caller.member, std::move(request));
  asked_.push_back(asked);
  if (!std::exchange(is_answering_, true)) scope_.spawn(answer_comparisons());
  co_return co_await asked->answer;
}

Task<void> Repair::answer_comparisons() {
  while (!asked_.empty()) {
    co_await clock_.sleep_until(std::max(clock_.now() + kGathering, answered_at_ + kBetweenWalks));
    answered_at_ = clock_.now();
    co_await answer_together(std::exchange(asked_, {}));
  }
  is_answering_ = false;
}

Task<void> Repair::answer_together(std::vector<std::shared_ptr<Asked>> together) {
  const Map map = view_.map();
  const std::uint64_t mark = mark_of(map);
  is_reckoning_ = true;
  gone_meanwhile_.clear();
  const Result<void> walked =
      co_await walk([&](const store::ChunkFacts& facts, const placement::ChunkPlace& place) {
        const auto preferred = map->preference_list(place, map->policy().copies);
        if (!contains(preferred, self_)) return;
        for (const auto& asked : together) {
          if (!contains(preferred, asked->from)) continue;
          const std::size_t part = part_of(short_form(facts.address), asked->own.size());
          asked->own[part] ^= crypto::short_hash(asked->question.salt, facts.address.view());
        }
      });
  is_reckoning_ = false;
  // Some of these were counted. They differ, whatever the digests say.
  std::vector<std::uint64_t> not_held = std::exchange(gone_meanwhile_, {});
  for (const wire::ChunkAddress& address : leaving_) not_held.push_back(short_form(address));
  for (const auto& asked : together) {
    wire::ChunkDifference difference;
    const std::size_t parts = asked->own.size();
    const bool is_same_map = view_.map() == map && asked->question.map == mark;
    if (is_same_map) difference.differs.resize(parts);
    for (std::size_t i = 0; i < difference.differs.size(); ++i) {
      difference.differs[i] = asked->own[i] == asked->question.digests[i] ? 0 : 1;
    }
    if (is_same_map) {
      for (const std::uint64_t short_one : not_held) difference.differs[part_of(short_one, parts)] = 1;
    }
    if (!walked) asked->answer.set(walked.error());
    if (walked) asked->answer.set(wire::Response(std::move(difference)));
  }
}

}  // namespace peerstore::replica
