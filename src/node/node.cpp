#include <peerstore/node/node.hpp>
#include <peerstore/runtime/check.hpp>

#include "node/disk_claim.hpp"
#include "node/node_parts.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::node {

namespace {

// How often a machine looks whether it should tell others of its room, and how much (as a part of
// the space given) has to have changed.
constexpr Duration kRoomPeriod = std::chrono::minutes(1);
constexpr std::uint64_t kRoomPart = 16;
// How often it is counted for how long friends have been silent; each how many times it is kept, and how long
// a silence must be to be worth it.
constexpr Duration kListenPeriod = std::chrono::minutes(5);
constexpr unsigned kListensKept = 12;
constexpr Duration kSilenceLeast = std::chrono::minutes(10);
// So long a life lasts that began because others remember a later one.
constexpr Duration kLifeAtLeast = std::chrono::minutes(1);
// A life each second for nine million years.
constexpr std::uint64_t kIncarnationsMax = std::uint64_t{1} << 48;

// What one coming or going costs each member that follows the ring: the news and the answer.
constexpr double kNewsBytes = 165;
constexpr std::size_t kMembersMax = 4000;
constexpr Duration kBudgetPeriod = std::chrono::seconds(10);
// So long it must be calm until the whole ring is followed again.
constexpr Duration kCalm = std::chrono::minutes(5);

struct Loaded {
  membership::Roster roster;
  std::optional<crypto::Hash> on_disk;  // its digest, if all of it is there
};

// A machine has far fewer lives than seconds pass: above any number that it can have forgotten.
std::uint64_t seconds_now(const Clock& clock) {
  const std::int64_t seconds = clock.wall_time().nanoseconds / 1'000'000'000;
  return seconds > 0 ? static_cast<std::uint64_t>(seconds) : 0;
}

// The roster as it was kept, and at least the proof of this machine's own membership.
Task<Result<Loaded>> load_roster(Environment environment, const membership::Identity& identity) {
  membership::Roster roster(environment.signatures, identity.root_key);
  Disk& disk = environment.disk;
  Result<std::vector<wire::Statement>> kept =
      co_await environment.workers.run([&disk] { return membership::load_statements(disk); });
  // A damaged roster is learned again from friends; the proof is enough to be let in by them.
  const bool usable = kept || kept.error().code == Errc::not_found || kept.error().code == Errc::corrupt;
  if (!usable) co_return kept.error();
  // What cannot count is left out: a roster is nothing but statements that verify.
  std::optional<crypto::Hash> on_disk;
  if (kept) {
    (void)roster.add_all(*kept);
    on_disk = roster.digest();
  }
  (void)roster.add_all(identity.proof);
  const membership::Member* self = roster.find(identity.member);
  if (self == nullptr) {
    co_return fail(Errc::invalid, "the identity file does not show that this machine belongs to the ring");
  }
  if (self->gone) co_return fail(Errc::refused, "this machine has left the ring, or was expelled from it");
  co_return Loaded{std::move(roster), on_disk};
}

}  // namespace

Node::Parts::Parts(Environment the_environment, membership::Identity the_identity, Options the_options,
                   Opened opened)
    : environment(the_environment),
      identity(std::move(the_identity)),
      options(std::move(the_options)),
      incarnations(std::move(opened.incarnations)),
      chunk_store(std::move(opened.chunks)),
      head_store(std::move(opened.heads)),
      membership(environment.clock, environment.random, environment.signatures, environment.network,
                 std::move(opened.roster), identity.member, options.membership),
      view(membership),
      network(environment.network, membership),
      ring_network(environment.clock, environment.network, membership, identity.member),
      saver(environment.clock, environment.disk, environment.workers, membership.roster(),
            opened.roster_on_disk),
      acquaintances(environment.clock, membership, identity.member),
      repair(environment.clock, environment.random, environment.entropy, environment.signatures, network,
             view, *chunk_store, *head_store, identity.member, identity.person,
             {.period = options.repair_period}),
      scrub(environment.clock, environment.disk, environment.workers, *chunk_store, options.scrub),
      service(environment.clock, environment.signatures, network, view, *chunk_store, *head_store,
              {identity.person, identity.node_secret, [this] { return chord.state().self(); }},
              [this](wire::MemberId from, std::vector<wire::ChunkAddress> lacking) {
                repair.offered(from, std::move(lacking));
              }),
      user_records(environment.clock, environment.random, environment.signatures, network, membership, view,
                   *head_store, identity.member),
      chord(environment.clock, environment.random, ring_network, acquaintances,
            {identity.member, incarnations->current()}, options.chord),
      join_previews(environment.clock, 1),
      scope(environment.clock) {
  service.limit_repair(options.repair_rate, options.repair_rate_is_measured);
  silences_kept = std::move(opened.silences);
  view.remember_silences(silences_kept);
  chord.on_new_incarnation([this] { return begin_life(); });
  chord.on_fingers_only([this] { follow(chord.fingers_only()); });
  membership.on_denial([this](std::uint64_t remembered) { denied(remembered); });
  membership.on_stale([this] { return chord.has_slept(); });
  membership.on_return([this](const wire::MemberId& member) { chord.heard_of(member); });
  chunk_store->on_change([this](const store::ChunkFacts& facts, store::ChunkStore::Change change) {
    repair.chunk_changed(facts, change);
  });
  membership.on_change([this] {
    saver.changed();
    const membership::Member* self = membership.roster().find(identity.member);
    if (self != nullptr) chunk_store->set_capacity(self->bytes_given);
    repair.ring_changed();
  });
}

Task<Result<std::unique_ptr<Node>>> Node::open(Environment environment, membership::Identity identity,
                                               Options options) {
  Disk& disk = environment.disk;
  const wire::MemberId self = identity.member;
  const Result<void> claimed =
      co_await environment.workers.run([&disk, self] { return claim_disk(disk, self); });
  if (!claimed) co_return claimed.error();
  Result<Loaded> loaded = co_await load_roster(environment, identity);
  if (!loaded) co_return loaded.error();
  Result<std::unique_ptr<Incarnations>> incarnations =
      co_await Incarnations::open(environment.disk, environment.workers, seconds_now(environment.clock));
  if (!incarnations) co_return incarnations.error();

  store::ChunkStore::Options store_options;
  store_options.capacity = loaded->roster.find(identity.member)->bytes_given;
  Result<std::unique_ptr<store::ChunkStore>> chunks = co_await store::ChunkStore::open(
      environment.clock, environment.disk, environment.facts, environment.workers, store_options);
  if (!chunks) co_return chunks.error();
  Result<std::unique_ptr<store::HeadStore>> heads =
      co_await store::HeadStore::open(environment.disk, environment.workers);
  if (!heads) co_return heads.error();

  Silences silences = co_await environment.workers.run([&disk] { return load_silences(disk); });

  Opened opened{std::move(loaded->roster), loaded->on_disk,   std::move(*incarnations),
                std::move(*chunks),        std::move(*heads), std::move(silences)};
  auto parts =
      std::make_unique<Parts>(environment, std::move(identity), std::move(options), std::move(opened));
  co_return std::unique_ptr<Node>(new Node(std::move(parts)));
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Node::~Node() = default;

void Node::start() {
  CHECK(!parts_->started);
  parts_->started = true;
  if (parts_->chord.fingers_only()) parts_->follow(true);
  parts_->membership.start();
  parts_->membership.set_presence(parts_->make_presence());
  parts_->saver.changed();
  parts_->chord.start();
  parts_->repair.start();
  parts_->scrub.start();
  parts_->scope.spawn(parts_->mind_the_room());
  parts_->scope.spawn(parts_->keep_silences());
  parts_->scope.spawn(parts_->mind_the_budget());
  parts_->scope.spawn(parts_->user_records.compare_with_others());
}

Task<void> Node::stop() {
  co_await parts_->chord.leave();
  // The friends have it as well; what could not be saved is learned again.
  (void)co_await parts_->saver.save();
  // What is not kept is counted again, which makes repair later.
  (void)co_await parts_->save_silences_now();
}

// ---- lives and presences ----

std::uint64_t Node::Parts::begin_life() {
  // A machine whose disk was replaced may be remembered with higher numbers than it has itself.
  const wire::Presence* remembered = membership.presence(identity.member);
  if (remembered != nullptr) life_remembered = std::max(life_remembered, remembered->node.incarnation);
  const std::uint64_t life = incarnations->next(life_remembered);
  if (incarnations->must_be_kept() && !std::exchange(keeping_incarnation, true)) {
    scope.spawn(keep_incarnation());
  }
  presence_sequence = 0;
  membership.set_presence(make_presence());
  return life;
}

void Node::Parts::denied(std::uint64_t remembered) {
  // What others say is not signed. Numbers may rise at will, but a liar must neither use them up nor keep
  // this machine out of the ring with one new life after another.
  const TimePoint now = environment.clock.now();
  const bool is_just_begun = overtaken_at && now - *overtaken_at < kLifeAtLeast;
  if (remembered <= incarnations->current() || remembered > kIncarnationsMax || is_just_begun) {
    return membership.announce(make_presence());
  }
  overtaken_at = now;
  life_remembered = std::max(life_remembered, remembered);
  chord.begin_again();
}

Task<void> Node::Parts::keep_incarnation() {
  // If it fails, the next new life tries again; there is room for some before the bound.
  (void)co_await incarnations->keep();
  keeping_incarnation = false;
}

wire::Presence Node::Parts::make_presence() {
  wire::Presence presence;
  presence.node = {identity.member, incarnations->current()};
  presence.sequence = ++presence_sequence;
  presence.addresses = options.addresses;
  presence.free_bytes = room_told = chunk_store->usage().room;
  const Bytes bytes = wire::presence_bytes(presence);
  presence.signature = environment.signatures.sign(identity.node_secret, "presence", view.ring_id(), bytes);
  return presence;
}

Task<void> Node::Parts::mind_the_room() {
  for (;;) {
    const Duration period = environment.random.jitter(kRoomPeriod);
    co_await environment.clock.sleep(period);
    // What cannot be removed today is removed tomorrow.
    (void)co_await chunk_store->sweep_trash();
    // If it does not tell, what it told before counts on.
    (void)co_await chunk_store->measure_disk();
    const store::ChunkStore::Usage usage = chunk_store->usage();
    const std::uint64_t room = usage.room;
    const std::uint64_t change = room > room_told ? room - room_told : room_told - room;
    const bool fills_or_empties = (room < room_least()) != (room_told < room_least());
    if (fills_or_empties || change > usage.capacity / kRoomPart) membership.announce(make_presence());
  }
}

Task<void> Node::Parts::keep_silences() {
  TimePoint last = environment.clock.now();
  for (unsigned listens = 1;; ++listens) {
    const Duration period = environment.random.jitter(kListenPeriod);
    co_await environment.clock.sleep(period);
    const TimePoint now = environment.clock.now();
    // Beyond that the machine slept.
    view.listened(std::min(now - last, 2 * kListenPeriod));
    last = now;
    if (listens % kListensKept == 0) (void)co_await save_silences_now();
  }
}

Task<Result<void>> Node::Parts::save_silences_now() {
  Silences silences;
  for (const auto& [id, member] : membership.roster().members()) {
    if (member.gone || id == identity.member) continue;
    const Duration silence = view.silence(id);
    if (silence >= kSilenceLeast) silences.emplace(id, silence);
  }
  if (silences == silences_kept) co_return Result<void>();
  Disk& disk = environment.disk;
  const Result<void> saved =
      co_await environment.workers.run([&disk, &silences] { return save_silences(disk, silences); });
  if (saved) silences_kept = std::move(silences);
  co_return saved;
}

// ---- how much of the ring is followed ----

// Past the budget a node keeps its neighbours and a sample (Accordion, NSDI 2005). Where others do so there
// are hardly any news, so a node does as most do who answer it until it knows by itself that all is calm.
Task<void> Node::Parts::mind_the_budget() {
  std::optional<TimePoint> calm_since;
  for (;;) {
    const Duration period = environment.random.jitter(kBudgetPeriod);
    co_await environment.clock.sleep(period);
    const TimePoint now = environment.clock.now();
    const double cost = cost_of_news();
    const bool is_too_large = membership.roster().members().size() > kMembersMax;
    const bool is_calm = !is_too_large && cost <= options.news_budget / 2;
    if (!is_calm) calm_since.reset();
    if (is_calm && !calm_since) calm_since = now;
    const bool is_calm_for_long = calm_since && now - *calm_since > kCalm;
    const bool is_past_it = is_too_large || cost > options.news_budget;
    const RosterAcquaintances::Custom custom = acquaintances.custom();
    const bool others_follow_all = custom == RosterAcquaintances::Custom::whole_ring;
    if (is_calm_for_long || (is_calm && others_follow_all)) {
      chord.set_fingers_only(false);
    } else if (is_past_it || custom == RosterAcquaintances::Custom::neighbours_only) {
      chord.set_fingers_only(true);
    }
  }
}

// Bytes a second, if the whole ring is followed: by what the neighbourhood shows, and by the news.
double Node::Parts::cost_of_news() const {
  const auto cost = [](double members, Duration session) {
    return 2 * members / std::chrono::duration<double>(session).count() * kNewsBytes;
  };
  // Neighbours may name members who do not exist.
  const double members =
      std::min(chord.estimated_members(), static_cast<double>(membership.roster().members().size()));
  const double nearby = cost(members, chord.mean_session_nearby());
  if (chord.fingers_only()) return nearby;
  const auto live = static_cast<double>(membership.live().size() + 1);
  return std::max(nearby, cost(live, *acquaintances.mean_session()));
}

void Node::Parts::follow(bool neighbours_only) {
  membership.follow_neighbours_only(neighbours_only);
  ring_network.look_ahead(neighbours_only);
  // Nobody knows much of the others any more: all say where they are.
  if (!neighbours_only && started) membership.announce(make_presence());
}

// ---- what others see ----

void Node::set_addresses(std::vector<std::string> addresses) {
  Parts& parts = *parts_;
  if (addresses == parts.options.addresses) return;
  parts.options.addresses = std::move(addresses);
  if (!parts.started) return;
  parts.membership.announce_now(parts.make_presence());
  if (parts.chord.fingers_only()) parts.membership.tell(parts.chord.neighbours_and_fingers());
}

NodeStatus Node::status() const {
  const Parts& parts = *parts_;
  const membership::Roster& roster = parts.membership.roster();
  NodeStatus status;
  status.ring_name = roster.ring_name();
  status.ring_id = roster.ring_id();
  status.policy = roster.policy();
  status.phase = parts.chord.state().phase();
  status.self = parts.chord.state().self();
  status.addresses = parts.options.addresses;
  status.reachable_copies = roster.map()->reachable_copies(parts.identity.person);
  status.usage = parts.chunk_store->usage();
  status.repairs_pending = parts.repair.pending();
  const replica::Repair::Work repairs = parts.repair.work();
  status.repairs_to_fetch = repairs.to_pull;
  status.repairs_to_hand_out = repairs.to_give;
  status.repair_bytes_per_second = repairs.bytes_per_second;
  status.repair_comparisons = parts.repair.counters().compared;
  status.repair_offers = parts.repair.counters().offered;
  for (const auto& [id, member] : roster.members()) {
    MemberStatus row;
    row.id = id;
    row.name = member.name;
    const auto person = roster.persons().find(member.person);
    if (person != roster.persons().end()) row.person = person->second.name;
    row.self = id == parts.identity.member;
    row.live = parts.view.standing(id) == replica::Standing::live;
    row.gone = member.gone;
    row.bytes_given = member.bytes_given;
    if (const auto heard = parts.membership.last_heard(id)) {
      const Duration ago = parts.environment.clock.now() - *heard;
      row.seconds_since_heard = std::chrono::duration_cast<std::chrono::seconds>(ago).count();
    }
    if (const wire::Presence* presence = parts.membership.presence(id)) {
      row.bytes_free = presence->free_bytes;
      row.addresses = presence->addresses;
    }
    if (row.self) row.bytes_free = status.usage.room;
    status.members.push_back(std::move(row));
  }
  return status;
}

DrainStatus Node::drain_status() const {
  const Parts& parts = *parts_;
  const membership::Member* self = parts.membership.roster().find(parts.identity.member);
  const replica::Repair::Surplus& surplus = parts.repair.surplus();
  DrainStatus status;
  status.draining = self != nullptr && self->bytes_given == 0;
  const store::ChunkStore::Usage usage = parts.chunk_store->usage();
  status.chunks = usage.chunks + usage.damaged;
  status.bytes = usage.held + usage.damaged_bytes;
  status.damaged = usage.damaged;
  status.without_a_place = surplus.without_a_place;
  using Reason = DrainStatus::Reason;
  for (const wire::MemberId& member : surplus.waiting_for) {
    if (parts.view.standing(member) == replica::Standing::live) continue;  // it is back
    status.waiting_for.push_back({parts.name_of(member), Reason::away});
  }
  for (const wire::MemberId& member : parts.repair.lacking()) {
    const bool is_full = parts.view.is_full(member);
    status.waiting_for.push_back({parts.name_of(member), is_full ? Reason::full : Reason::taking});
  }
  return status;
}

Task<DrainPreview> Node::preview_drain() {
  const Parts& parts = *parts_;
  const replica::Repair::Preview preview = co_await parts_->repair.preview_without_self();
  DrainPreview told;
  told.chunks = preview.chunks;
  told.without_a_place = preview.without_a_place;
  for (const auto& [member, bytes] : preview.bytes) {
    const wire::Presence* presence = parts.membership.presence(member);
    const bool live = parts.view.standing(member) == replica::Standing::live;
    told.friends.push_back({parts.name_of(member), bytes, presence ? presence->free_bytes : 0, live});
  }
  std::ranges::sort(told.friends, {}, &DrainPreview::Friend::name);
  const membership::Roster& roster = parts.membership.roster();
  const auto* invitation = roster.invitation(parts.identity.person);
  const bool others_give = std::ranges::any_of(roster.members(), [&](const auto& entry) {
    const membership::Member& member = entry.second;
    return member.person == parts.identity.person && member.id != parts.identity.member && !member.gone &&
           member.bytes_given > 0;
  });
  told.ends_quota = invitation != nullptr && invitation->bytes_quota == 0 && !others_give;
  co_return told;
}

std::string Node::Parts::name_of(const wire::MemberId& member) const {
  const membership::Member* known = membership.roster().find(member);
  return known == nullptr ? to_hex(member.view()).substr(0, 8) : known->name;
}

chord::ChordNode& Node::chord() { return parts_->chord; }
membership::Membership& Node::membership() { return parts_->membership; }
store::HeadStore& Node::heads() { return *parts_->head_store; }
store::ChunkStore& Node::chunks() { return *parts_->chunk_store; }
const replica::RingView& Node::view() const { return parts_->view; }

}  // namespace peerstore::node
