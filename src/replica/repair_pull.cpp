// The receiving side of repair: chunks that others say this machine should hold, and the heads
// that it should keep.
#include <peerstore/replica/chunk_service.hpp>
#include <peerstore/replica/head_keepers.hpp>
#include <peerstore/replica/head_signature.hpp>
#include <peerstore/replica/lease.hpp>
#include <peerstore/replica/repair.hpp>
#include <peerstore/runtime/combine.hpp>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace peerstore::replica {

namespace {
constexpr Duration kSegmentPatience = std::chrono::seconds(30);  // over a thin uplink
constexpr std::size_t kSegmentsAtOnce = 4;  // of one chunk: the way there and back takes time
constexpr Duration kBusyPause = std::chrono::seconds(5);
constexpr Duration kPrompt = std::chrono::seconds(3);        // for a chunk, or to say no
constexpr Duration kPatience = std::chrono::minutes(10);     // then it must be offered again
constexpr Duration kPullPatience = std::chrono::minutes(1);  // with one source: then others have their turn
constexpr Duration kLookPause = std::chrono::seconds(1);     // while all sources ask for patience
constexpr std::size_t kShareOfPulls = 8;                     // of those waiting, one person's word: one part
}  // namespace

// ---- chunks ----

void Repair::offered(wire::MemberId from, std::vector<wire::ChunkAddress> lacking) { want(from, lacking, 0); }

void Repair::want(const wire::MemberId& from, const std::vector<wire::ChunkAddress>& addresses,
                  std::uint64_t lease) {
  const auto person = view_.person_of(from);
  auto by_its_word =
      std::ranges::count_if(wanted_, [&](const auto& wanted) { return wanted.second.brought_by == person; });
  const auto share = static_cast<std::ptrdiff_t>(options_.pulls_waiting / kShareOfPulls);
  for (const wire::ChunkAddress& address : addresses) {
    const bool has_room = wanted_.size() < options_.pulls_waiting && by_its_word < share;
    if (!wanted_.contains(address) && !has_room) continue;
    const auto [entry, is_new] = wanted_.try_emplace(address);
    Wanted& wanted = entry->second;
    if (is_new) {
      ++by_its_word;
      wanted.brought_by = person;
    }
    wanted.lease = std::max(wanted.lease, lease);
    if (!contains(wanted.from, from)) wanted.from.push_back(from);
  }
  start_pulling();
}

void Repair::chunk_changed(const store::ChunkFacts& facts, store::ChunkStore::Change change) {
  using Change = store::ChunkStore::Change;
  chunks_changed_ = true;
  if (is_reckoning_ && change != Change::kept) gone_meanwhile_.push_back(short_form(facts.address));
  if (change != Change::lost) {
    lost_.erase(facts.address);
    return;
  }
  ++counters_.lost;
  note_lost(facts);
  want_back_patience_ = 1;
  want_back_at_ = std::min(want_back_at_, clock_.now() + options_.period);
  const auto lost = lost_.find(facts.address);
  if (!is_given_up(lost->first, lost->second)) want_back(lost->first, lost->second);
  start_pulling();
}

void Repair::note_lost(const store::ChunkFacts& facts) {
  lost_[facts.address] = {{facts.header.placement_key, facts.header.chunk_class, facts.header.owner},
                          facts.lease};
}

bool Repair::is_given_up(const wire::ChunkAddress& address, const Lost& what) const {
  const auto deletion = chunks_.deletion_of(address);
  if (deletion && deletion->number >= what.lease) return true;
  // What may not be taken anew may still turn out to be sound, and be handed over.
  return !chunks_.find_damaged(address) &&
         !may_keep(view_, self_, person_, what.place.chunk_class, what.place.owner);
}

// From those who should hold it, and then from those who may.
void Repair::want_back(const wire::ChunkAddress& address, const Lost& what) {
  Wanted& wanted = wanted_[address];
  wanted.was_held = true;
  add_sources(what.place, wanted);
}

void Repair::want_back_lost() {
  want_back_at_ = clock_.now() + options_.period * want_back_patience_;
  want_back_patience_ = std::min(want_back_patience_ * 2, options_.slow_down);
  std::erase_if(lost_, [this](const auto& lost) { return is_given_up(lost.first, lost.second); });
  for (const auto& [address, what] : lost_) want_back(address, what);
  start_pulling();
}

void Repair::start_pulling() {
  if (pulling_ == 0) measure_anew();
  while (pulling_ < options_.pulls_at_once && pulling_ < wanted_.size()) {
    ++pulling_;
    scope_.spawn(pull_loop());
  }
}

void Repair::measure_anew() {
  pulling_since_ = clock_.now();
  segments_before_ = counters_.segments_pulled;
}

// Of the first of its sources. If nobody is there who has it, that is said at once.
TimePoint Repair::turn_of(const Wanted& wanted) const {
  if (slow_sources_.empty()) return TimePoint{};
  std::optional<TimePoint> first;
  for (const wire::MemberId& source : wanted.from) {
    if (view_.standing(source) != Standing::live) continue;
    const TimePoint turn = slow_sources_.turn_of(source);
    if (!first || turn < *first) first = turn;
  }
  return first.value_or(TimePoint{});
}

// What was lost here, and then what the fewest others have; but what only slow friends have comes last.
std::map<wire::ChunkAddress, Repair::Wanted>::iterator Repair::rarest() {
  using Rank = std::tuple<bool, TimePoint, std::size_t>;
  auto rarest = wanted_.end();
  std::optional<Rank> best;
  for (auto at = wanted_.begin(); at != wanted_.end(); ++at) {
    const Wanted& wanted = at->second;
    if (wanted.under_way) continue;
    const TimePoint turn = turn_of(wanted);
    if (turn > clock_.now()) continue;
    const Rank rank{!wanted.was_held, turn, wanted.was_held ? 0 : wanted.from.size()};
    if (best && *best <= rank) continue;
    best = rank;
    rarest = at;
    if (rank == Rank{}) break;
  }
  return rarest;
}

Task<void> Repair::pull_loop() {
  // Offers are taken after the question that brought them has been answered.
  co_await clock_.sleep(Duration(0));
  for (;;) {
    const auto next = rarest();
    if (next == wanted_.end()) {
      const bool all_are_under_way =
          std::ranges::all_of(wanted_, [](const auto& wanted) { return wanted.second.under_way; });
      if (all_are_under_way) break;
      co_await clock_.sleep(kLookPause);
      const bool none_is_under_way =
          std::ranges::none_of(wanted_, [](const auto& wanted) { return wanted.second.under_way; });
      if (none_is_under_way) measure_anew();
      continue;
    }
    const wire::ChunkAddress address = next->first;
    next->second.under_way = true;
    const Wanted wanted = next->second;
    const auto held = chunks_.find(address);
    if (!held || held->lease < wanted.lease) {
      std::vector<wire::MemberId> patient;
      const Result<void> pulled = co_await pull(address, wanted, patient);
      if (!pulled && !patient.empty() && come_again(wanted_.at(address), wanted.from, patient)) continue;
      ++(pulled ? counters_.pulled : counters_.pull_failures);
    }
    wanted_.erase(address);
  }
  --pulling_;
}

// Those of whom it pays to ask it later, and who has offered it since, are left. False if that has gone on
// for long.
bool Repair::come_again(Wanted& wanted, const std::vector<wire::MemberId>& asked,
                        const std::vector<wire::MemberId>& patient) {
  const TimePoint now = clock_.now();
  if (!wanted.give_up_at) wanted.give_up_at = now + kPatience;
  if (now >= *wanted.give_up_at) return false;
  std::erase_if(wanted.from, [&](const wire::MemberId& source) {
    return std::ranges::find(asked, source) != asked.end() ||
           std::ranges::find(patient, source) != patient.end();
  });
  wanted.from.insert(wanted.from.begin(), patient.begin(), patient.end());
  wanted.under_way = false;
  return true;
}

// Each source may lack another part: who comes next is asked for what is missing still.
// `patient` is told who may have it and asked to come again.
Task<Result<void>> Repair::pull(wire::ChunkAddress address, Wanted wanted,
                                std::vector<wire::MemberId>& patient) {
  // The disk may have failed for a while only.
  if (chunks_.find_damaged(address)) {
    const Result<void> is_sound = co_await chunks_.recheck(address);
    if (is_sound) co_return is_sound;
  }
  std::ranges::sort(wanted.from, {},
                    [this](const wire::MemberId& source) { return slow_sources_.turn_of(source); });
  Error last = fail(Errc::unreachable, "nobody who has it answers");
  std::optional<placement::ChunkPlace> place;
  bool is_widened = false;
  for (std::size_t i = 0; i < wanted.from.size(); ++i) {
    const wire::MemberId source = wanted.from[i];
    const bool is_live = view_.standing(source) == Standing::live;
    if (is_live && slow_sources_.turn_of(source) > clock_.now()) {
      patient.push_back(source);
    } else if (is_live) {
      const TimePoint begin = clock_.now();
      bool is_busy = false;
      const Result<void> pulled = co_await pull_from(source, address, wanted.was_held, place, is_busy);
      const TimePoint now = clock_.now();
      const bool was_prompt = now - begin < kPrompt;
      if (pulled && was_prompt) {
        slow_sources_.was_prompt(source);
      } else if (!was_prompt || !wanted.was_held) {
        slow_sources_.put_off(source, is_busy ? now + random_.jitter(kBusyPause) : now);
      }
      if (pulled) co_return pulled;
      if (is_busy) patient.push_back(source);
      last = pulled.error();
    }
    // Those who said that they have it do not have all of it: then who else may.
    const bool is_last = i + 1 == wanted.from.size();
    if (is_last && place && !std::exchange(is_widened, true)) add_sources(*place, wanted);
  }
  co_return last;
}

void Repair::add_sources(const placement::ChunkPlace& place, Wanted& wanted) {
  for (const wire::MemberId& member : view_.map()->preference_list(place, options_.sources)) {
    if (member != self_ && !contains(wanted.from, member)) wanted.from.push_back(member);
  }
}

// What one source began another may end: segments that are here are not asked for again. `place` is told if
// the source has the chunk, but not all of it; `is_busy`, if it has it and asks to come again for the rest.
Task<Result<void>> Repair::pull_from(wire::MemberId source, wire::ChunkAddress address, bool was_held,
                                     std::optional<placement::ChunkPlace>& place, bool& is_busy) {
  const wire::GetDescription describe{address, wire::ReadToken{}};
  Result<wire::DescriptionReply> offered = co_await wire::ask(network_, source, describe);
  if (!offered) co_return offered.error();
  if (const Result<void> fit = check_offer(address, *offered, was_held); !fit) co_return fit.error();

  const auto held = chunks_.find(address);
  if (held && held->lease >= offered->lease.number) co_return fail(Errc::refused, "held by no older lease");
  const auto deletion = chunks_.deletion_of(address);
  if (deletion && deletion->number >= offered->lease.number) {
    // Of what was held by a newer lease the tombstone is old.
    if (!was_held) co_await pass_on(source, *deletion);
    co_return fail(Errc::refused, "its owner deleted it");
  }
  const wire::ChunkHeader header = offered->chunk.header;
  store::HeldChunk chunk{std::move(offered->chunk), offered->lease};
  // What was acknowledged is repaired whatever the owner's quota says today.
  Result<std::vector<std::uint32_t>> missing = co_await chunks_.begin(std::move(chunk), {});
  if (missing && !missing->empty()) missing = co_await chunks_.salvage(address);
  if (!missing) co_return missing.error();
  const Result<void> fetched = co_await fetch(source, address, std::move(*missing));
  if (fetched) co_return co_await chunks_.commit(address);
  is_busy = fetched.error().code == Errc::busy;
  if (fetched.error().code == Errc::corrupt) {
    place = placement::ChunkPlace{header.placement_key, header.chunk_class, header.owner};
  }
  co_return fetched;
}

// Errc::corrupt if all that is good at the source has come; Errc::busy if the rest is to be asked for later.
Task<Result<void>> Repair::fetch(wire::MemberId source, wire::ChunkAddress address,
                                 std::vector<std::uint32_t> segments) {
  const TimePoint begin = clock_.now();
  std::optional<Error> bad_part;
  std::optional<Error> end;
  auto fetch_one = [&](std::uint32_t index) -> Task<void> {
    if (end) co_return;
    if (clock_.now() - begin >= kPullPatience) {
      end = fail(Errc::busy, "it comes slowly: others first");
      co_return;
    }
    const wire::GetSegment question{address, index, wire::ReadToken{}};
    Result<wire::SegmentReply> segment = co_await wire::ask(network_, source, question, kSegmentPatience);
    if (!segment) {
      (segment.error().code == Errc::corrupt ? bad_part : end) = segment.error();
      co_return;
    }
    const Result<void> put = co_await chunks_.put_segment(address, index, std::move(segment->data));
    if (put) ++counters_.segments_pulled;
    if (!put) (put.error().code == Errc::corrupt ? bad_part : end) = put.error();
  };
  co_await for_each_bounded(clock_, kSegmentsAtOnce, std::move(segments), fetch_one);
  if (end) co_return *end;
  if (bad_part) co_return *bad_part;
  co_return Result<void>();
}

// To one who slept when the owner said so.
Task<void> Repair::pass_on(wire::MemberId member, wire::Deletion deletion) {
  if (deletion.signature.is_zero()) co_return;
  wire::DeleteChunks message;
  message.deletions.push_back(deletion);
  // If it fails, the next offer brings it up again.
  (void)co_await wire::ask(network_, member, message);
}

// An offer is a claim: the description must be the chunk's own, which says who the owner is, the owner must
// have signed for it, and this machine must find by its own reckoning that it should hold the chunk, unless
// it held it already.
Result<void> Repair::check_offer(const wire::ChunkAddress& address, const wire::DescriptionReply& offered,
                                 bool was_held) const {
  const wire::ChunkHeader& header = offered.chunk.header;
  if (header.segments < 1 || header.segments > wire::kSegmentsMax || header.chunk_class >= wire::kClasses ||
      offered.chunk.leaves.size() != header.segments || wire::address_of(offered.chunk) != address) {
    return fail(Errc::corrupt, "a description of another chunk");
  }
  const Result<void> may = may_keep(view_, self_, person_, header.chunk_class, header.owner);
  if (!may) return may;
  const placement::ChunkPlace place{header.placement_key, header.chunk_class, header.owner};
  const std::vector<wire::MemberId> holders = targets(*view_.map(), view_, place);
  const bool is_holder = std::ranges::find(holders, self_) != holders.end();
  if (!was_held && !is_holder && !may_stand_in(place)) {
    return fail(Errc::refused, "not this machine's to hold");
  }
  return check_lease(signatures_, view_, header.owner, address, offered.lease, LeaseUse::repair);
}

// ---- heads ----

Repair::HeadDuty Repair::head_duty(const placement::Map& map) const {
  const auto& machines = map.machines();
  HeadDuty duty{self_, view_.incarnation(self_)};
  if (keepers_wanted(map) == machines.size()) return duty;  // (self, self]: everybody's
  const auto place = std::ranges::lower_bound(machines, self_, {}, &placement::Machine::id);
  const auto index = static_cast<std::size_t>(place - machines.begin());
  duty.from = machines[(index + machines.size() - keepers_wanted(map)) % machines.size()].id;
  return duty;
}

// What was published while this machine slept, or before it had to keep it.
Task<void> Repair::collect_heads() {
  const auto map = view_.map();
  if (map->find(self_) == nullptr) co_return;
  const HeadDuty duty = head_duty(*map);
  if (heads_collected_ == duty) co_return;
  std::set<wire::PersonNumber> persons;
  for (const placement::Machine& machine : map->machines()) {
    if (ring::in_half_open(duty.from, head_place(machine.person), self_)) persons.insert(machine.person);
  }
  bool complete = true;
  for (const wire::PersonNumber person : persons) {
    const bool answered = co_await collect_heads_of(person);
    complete = complete && answered;
  }
  if (complete) heads_collected_ = duty;
}

// True if somebody answered, or nobody else is there to keep heads.
Task<bool> Repair::collect_heads_of(wire::PersonNumber person) {
  const auto map = view_.map();
  if (map->machines().size() == 1) co_return true;
  std::vector<wire::MemberId> keepers;
  for (const wire::MemberId& member : head_walk(*map, person, 2 * kHeadKeepers)) {
    if (member != self_ && view_.standing(member) == Standing::live) keepers.push_back(member);
  }
  if (keepers.size() > options_.heads_from) keepers.resize(options_.heads_from);
  bool answered = false;
  for (const wire::MemberId& keeper : keepers) {
    const wire::GetHeads question{person};
    Result<wire::HeadsReply> reply = co_await wire::ask(network_, keeper, question);
    if (!reply) continue;
    answered = true;
    for (wire::Head& head : reply->heads) {
      if (head.person != person) continue;
      const HeadRank rank = rank_of(signatures_, view_, head);
      const HeadRank rank_here = rank_of_held(signatures_, view_, heads_, head);
      if (rank == kNobodys || rank < rank_here) continue;
      // Refused if it is not newer than what is here, which is what is wanted.
      (void)co_await heads_.put(std::move(head), rank > rank_here);
    }
  }
  co_return answered;
}

}  // namespace peerstore::replica
