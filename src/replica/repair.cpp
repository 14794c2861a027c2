#include <peerstore/replica/chunk_service.hpp>
#include <peerstore/replica/repair.hpp>

#include <algorithm>

namespace peerstore::replica {

namespace {
constexpr unsigned kFolders = 256;          // of the store, by the first byte of the addresses
constexpr std::size_t kFolderInChunks = 8;  // opening one takes as long as so many chunks
}  // namespace

struct Repair::NextLook {
  Repair& repair;
  explicit NextLook(Repair& a_repair) : repair(a_repair) {}
  NextLook(const NextLook&) = delete;
  NextLook& operator=(const NextLook&) = delete;
  ~NextLook() {
    repair.waiting_ = false;
    repair.alarm_.disarm();
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    repair.waiting_ = true;
    repair.alarm_.set(waiter);
    repair.clock_.arm(repair.alarm_, repair.next_look_);
  }
  void await_resume() noexcept { repair.waiting_ = false; }
};

std::uint64_t Repair::short_form(const wire::ChunkAddress& address) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof word; ++i) word = word << 8 | address.bytes[i];
  return word;
}

Repair::Repair(Clock& clock, Random& random, Entropy& entropy, crypto::Signatures& signatures,
               wire::Network& network, const RingView& view, store::ChunkStore& chunks,
               store::HeadStore& heads, wire::MemberId self, wire::PersonNumber person, Options options)
    : clock_(clock),
      random_(random),
      entropy_(entropy),
      signatures_(signatures),
      network_(network),
      view_(view),
      chunks_(chunks),
      heads_(heads),
      self_(self),
      person_(person),
      options_(options),
      scope_(clock) {}

void Repair::start() {
  for (const store::ChunkFacts& facts : chunks_.damaged()) note_lost(facts);
  scope_.spawn(run());
}

void Repair::ring_changed() {
  const TimePoint soon = clock_.now() + random_.jitter(options_.after_change);
  if (soon >= next_look_) return;
  next_look_ = soon;
  if (waiting_) clock_.arm(alarm_, next_look_);
}

Repair::Work Repair::work() const {
  Work work{.to_pull = wanted_.size()};
  for (const auto& [member, partner] : partners_) {
    if (partner.answers) work.to_give += partner.owing;
  }
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - pulling_since_).count();
  if (pulling_ > 0 && milliseconds > 0) {
    const std::uint64_t bytes = (counters_.segments_pulled - segments_before_) * wire::kSegmentBytes;
    work.bytes_per_second = bytes * 1000 / static_cast<std::uint64_t>(milliseconds);
  }
  return work;
}

std::uint64_t Repair::pending() const {
  const Work now = work();
  return now.to_pull + now.to_give;
}

std::vector<wire::MemberId> Repair::lacking() const {
  std::vector<wire::MemberId> lacking;
  for (const auto& [member, partner] : partners_) {
    if (partner.answers && partner.owing > 0) lacking.push_back(member);
  }
  return lacking;
}

// ---- who should hold what ----

std::vector<wire::MemberId> Repair::first_of(const placement::Map& map, const placement::ChunkPlace& chunk,
                                             const Counts& counts) {
  const std::size_t copies = map.policy().copies;
  std::vector<wire::MemberId> first;
  // A longer list is reckoned only if somebody on the shorter one does not count.
  for (std::size_t most = copies;; most *= 2) {
    const std::vector<ring::Id> list = map.preference_list(chunk, most);
    first.clear();
    for (const wire::MemberId& member : list) {
      if (first.size() < copies && counts(member)) first.push_back(member);
    }
    if (first.size() >= copies || list.size() < most) return first;
  }
}

std::vector<wire::MemberId> Repair::targets(const placement::Map& map, const RingView& view,
                                            const placement::ChunkPlace& chunk) {
  return first_of(map, chunk, [&view](const wire::MemberId& member) { return view.is_there(member); });
}

bool Repair::is_passed_over(const wire::MemberId& member, const wire::ChunkAddress& address) const {
  const auto partner = partners_.find(member);
  return partner != partners_.end() && partner->second.lacks.contains(short_form(address)) &&
         view_.is_full(member);
}

// Those who should hold it, and who stands in for whom of them is full and lacks it.
std::vector<wire::MemberId> Repair::offered_to(const placement::Map& map, const Held& chunk,
                                               const std::vector<wire::MemberId>& holders) const {
  std::vector<wire::MemberId> all = holders;
  const auto is_over = [&](const wire::MemberId& member) { return is_passed_over(member, chunk.address); };
  if (std::ranges::none_of(holders, is_over)) return all;
  const auto counts = [&](const wire::MemberId& member) {
    return view_.is_there(member) && !is_over(member);
  };
  for (const wire::MemberId& member : first_of(map, chunk.place, counts)) {
    if (!contains(all, member)) all.push_back(member);
  }
  return all;
}

// What one machine knows of who is full another may not know yet: then it is offered the chunk again.
bool Repair::may_stand_in(const placement::ChunkPlace& place) const {
  const auto counts = [this](const wire::MemberId& member) {
    return view_.is_there(member) && (member == self_ || !view_.is_full(member));
  };
  const auto first = first_of(*view_.map(), place, counts);
  return contains(first, self_);
}

// ---- offering ----

Task<void> Repair::run() {
  unsigned patience = 1;
  TimePoint offer_again;
  next_look_ = clock_.now() + random_.jitter(options_.after_change);
  while (true) {
    NextLook next_look(*this);
    co_await next_look;
    next_look_ = clock_.now() + random_.jitter(pace());
    const bool news = has_news();
    if (news || (is_owed_by_live() && clock_.now() >= offer_again)) {
      co_await round();
      const bool moving = news || confirmed_in_round_ > 0 || !wanted_.empty();
      patience = moving ? 1 : std::min(patience * 2, options_.slow_down);
      offer_again = clock_.now() + pace() * patience;
      // It may be what the last hand-over had nobody to ask for.
      if (confirmed_in_round_ > 0 && !asked_for_pledges_) hand_over_at_ = clock_.now();
    }
    if (!to_hand_over_.empty() && clock_.now() >= hand_over_at_) co_await hand_over();
    if (clock_.now() >= want_back_at_) want_back_lost();
    co_await collect_heads();
  }
}

// A machine that is being emptied does not take its time: somebody waits for it to be done.
Duration Repair::pace() const {
  const auto map = view_.map();
  const placement::Machine* const self = map->find(self_);
  const bool is_counted_on = self != nullptr && self->bytes_given > 0;
  return is_counted_on ? options_.period : std::min(options_.after_change, options_.period);
}

bool Repair::has_news() const {
  if (view_.map() != map_of_last_round_) return true;
  if (chunks_changed_ || stand_ins_may_go_) return true;
  for (const auto& [member, partner] : partners_) {
    const Standing standing = view_.standing(member);
    if (!partner.lacks.empty() && !view_.is_full(member)) return true;
    if (partner.counts != (standing != Standing::long_away)) return true;
    if (partner.incarnation != view_.incarnation(member) && !partner.confirmed.empty()) return true;
    if (!partner.confirmed.empty() && is_old(partner)) return true;
    const bool is_owed = partner.owing > 0 || partner.is_put_off;
    if (is_owed && !partner.answers && standing == Standing::live) return true;
  }
  return false;
}

bool Repair::is_old(const Partner& partner) const {
  return clock_.now() - partner.confirmed_since > options_.asked_again_after;
}

bool Repair::is_owed_by_live() const {
  return std::ranges::any_of(partners_, [](const auto& entry) {
    const Partner& partner = entry.second;
    return partner.answers && (partner.owing > 0 || partner.is_put_off);
  });
}

std::vector<Repair::Held> Repair::held_chunks() {
  std::vector<Held> held;
  const Result<void> visited = chunks_.for_each([&held](const store::ChunkFacts& facts) {
    held.push_back(
        {facts.address, {facts.header.placement_key, facts.header.chunk_class, facts.header.owner}});
    return true;
  });
  // A database that cannot be read is the store's to report and mend; what was read is offered.
  (void)visited;
  return held;
}

Task<Result<void>> Repair::walk(Visit visit) {
  Result<void> outcome;
  std::size_t work = 0;
  for (unsigned folder = 0; folder < kFolders; ++folder) {
    work += kFolderInChunks;
    const Result<std::vector<store::ChunkFacts>> held = chunks_.in_folder(folder);
    if (!held) outcome = held.error();
    for (std::size_t i = 0; held && i < held->size(); ++i) {
      if (++work >= options_.chunks_per_turn) {
        work = 0;
        co_await clock_.sleep(Duration(0));
      }
      const wire::ChunkHeader& header = (*held)[i].header;
      visit((*held)[i], {header.placement_key, header.chunk_class, header.owner});
    }
  }
  co_return outcome;
}

void Repair::refresh_partners(const placement::Map& map) {
  std::erase_if(partners_, [&map](const auto& entry) { return map.find(entry.first) == nullptr; });
  for (const placement::Machine& machine : map.machines()) {
    if (view_.standing(machine.id) == Standing::long_away) partners_[machine.id];
  }
  for (auto& [member, partner] : partners_) {
    const Standing standing = view_.standing(member);
    partner.counts = standing != Standing::long_away;
    partner.answers = standing == Standing::live;
    partner.owing = 0;
    partner.is_put_off = false;
    const std::uint64_t incarnation = view_.incarnation(member);
    const bool is_new_life = std::exchange(partner.incarnation, incarnation) != incarnation;
    partner.confirmed_before = std::exchange(partner.confirmed, {});
    if (is_new_life || (!partner.confirmed_before.empty() && is_old(partner))) {
      partner.confirmed_before.clear();
      partner.is_to_compare = true;
      partner.compared_first.reset();
    }
    if (is_new_life || !view_.is_full(member)) partner.lacks.clear();
  }
}

Repair::Partner& Repair::partner_of(const wire::MemberId& member) {
  const auto [entry, is_new] = partners_.try_emplace(member);
  if (is_new) {
    entry->second.incarnation = view_.incarnation(member);
    entry->second.answers = view_.standing(member) == Standing::live;
  }
  return entry->second;
}

Task<void> Repair::round() {
  const auto map = view_.map();
  map_of_last_round_ = map;
  chunks_changed_ = false;
  confirmed_in_round_ = 0;
  stand_ins_may_go_ = false;
  to_hand_over_.clear();
  surplus_being_found_ = {};
  refresh_partners(*map);

  std::map<wire::MemberId, std::vector<wire::ChunkAddress>> open;
  const std::vector<Held> held = held_chunks();
  co_await compare(map, held);
  for (std::size_t i = 0; i < held.size(); ++i) {
    if ((i + 1) % options_.chunks_per_turn == 0) co_await clock_.sleep(Duration(0));
    const std::vector<wire::MemberId> holders = targets(*map, view_, held[i].place);
    note_if_surplus(*map, held[i], holders);
    for (const wire::MemberId& member : offered_to(*map, held[i], holders)) {
      if (member == self_) continue;
      Partner& partner = partner_of(member);
      if (partner.confirmed_before.contains(short_form(held[i].address))) {
        partner.confirmed.insert(short_form(held[i].address));
        continue;
      }
      if (std::ranges::binary_search(partner.put_off, short_form(held[i].address))) continue;
      ++partner.owing;
      if (!partner.answers) continue;
      std::vector<wire::ChunkAddress>& addresses = open[member];
      addresses.push_back(held[i].address);
      if (addresses.size() >= options_.offers_per_message) {
        co_await offer(member, std::exchange(addresses, {}));
      }
    }
  }
  for (auto& [member, addresses] : open) {
    if (!addresses.empty()) co_await offer(member, std::move(addresses));
  }
  for (auto& [member, partner] : partners_) {
    partner.confirmed_before = {};
    partner.put_off = {};
  }
  surplus_ = std::exchange(surplus_being_found_, {});
}

Task<void> Repair::offer(wire::MemberId member, std::vector<wire::ChunkAddress> addresses) {
  const wire::OfferChunks question{std::move(addresses)};
  counters_.offered += question.addresses.size();
  const Result<wire::OfferReply> reply = co_await wire::ask(network_, member, question);
  Partner& partner = partners_[member];
  if (!reply) {
    if (reply.error().code == Errc::timed_out || reply.error().code == Errc::unreachable) {
      partner.answers = false;
    }
    co_return;
  }
  if (reply->have.size() != question.addresses.size()) co_return;
  if (partner.confirmed.empty() && partner.confirmed_before.empty()) partner.confirmed_since = clock_.now();
  const bool is_full = view_.is_full(member);
  for (std::size_t i = 0; i < reply->have.size(); ++i) {
    if (reply->have[i] == 1) {
      if (partner.lacks.erase(short_form(question.addresses[i])) > 0) stand_ins_may_go_ = true;
    } else if (is_full) {
      partner.lacks.insert(short_form(question.addresses[i]));
    }
    if (reply->have[i] != 1 || !partner.confirmed.insert(short_form(question.addresses[i])).second) continue;
    ++confirmed_in_round_;
    if (partner.owing > 0) --partner.owing;
  }
}

}  // namespace peerstore::replica
