#include "churn.hpp"

#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/combine.hpp>

#include <algorithm>
#include <chrono>

namespace peerstore::simulator {

namespace {

constexpr Duration kLook = 1h;            // how often the laws look at all chunks
constexpr unsigned kPeriodsToIdeal = 10;  // T2, in stabilise periods of a quiet ring
constexpr Duration kTimeToRepair = 6h;    // P9, from the moment when everybody is back
constexpr std::size_t kReadersAtOnce = 32;
constexpr Duration kTimeToRead = 6h;
constexpr std::string_view kIncoming = "chunks/incoming/";
constexpr std::size_t kPutCommit = wire::Request(wire::PutCommit{}).index();

std::uint64_t seed_of(std::uint64_t seed, std::uint64_t index) { return seed * 1'000'003 + index * 7; }

// The address in "chunks/incoming/<digits>" or "chunks/3f/<digits>".
std::optional<wire::ChunkAddress> address_in(std::string_view path) {
  const auto bytes = from_hex(path.substr(path.rfind('/') + 1));
  return bytes ? wire::ChunkAddress::from(*bytes) : std::nullopt;
}

}  // namespace

ChurnRun::ChurnRun(const ChurnOptions& options)
    : options_(options),
      plan_(plan_life(options.nodes,
                      Duration(static_cast<Duration::rep>(options.days * Duration(24h).count())),
                      draw_rates(options.seed), options.seed)),
      random_(options.seed),
      entropy_(options.seed + 1),
      network_(world_, options.seed) {
  network_.observe(this);
  for (const MachineLife& life : plan_.machines) {
    const auto index = static_cast<std::uint32_t>(machines_.size());
    const Surroundings surroundings{world_, network_, signatures_, contents_};
    machines_.push_back(std::make_unique<Machine>(surroundings, life, index, seed_of(options.seed, index)));
  }
  incarnations_.resize(machines_.size());
}

ChurnRun::~ChurnRun() {
  life_.cancel();
  // The network still knows their services.
  for (auto& machine : machines_) machine.reset();
}

Report ChurnRun::run() {
  const auto began = std::chrono::steady_clock::now();
  found_ring();
  for (const auto& machine : machines_) life_.spawn(live(*machine));
  while (world_.now().since_start < plan_.end) {
    let_time_pass(std::min(plan_.end, world_.now().since_start + kLook));
    check_chunks();
  }
  bring_everybody_back();
  wait_until_ideal();
  wait_until_repaired();
  read_everything_back();
  finish_report();
  report_.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report_;
}

// ---- what is seen of it ----

void ChurnRun::trace(std::uint64_t kind, std::uint64_t what) {
  trace_.add(static_cast<std::uint64_t>(world_.now().since_start.count()));
  trace_.add(kind << 56 ^ what);
}

void ChurnRun::delivered(const world::VirtualNetwork::Delivery& delivery) {
  const std::uint64_t between = std::uint64_t{delivery.from} << 32 | delivery.to;
  trace(100 + delivery.request_kind * 2U + (delivery.is_answer ? 1U : 0U), between ^ delivery.error);
  if (delivery.is_answer && delivery.error == 0 && delivery.request_kind == kPutCommit)
    ++report_.copies_by_owners;
}

void ChurnRun::watch(Machine& machine) {
  machine.on_disk_call([this](Machine& caller, world::Operation operation, std::string_view path) {
    disk_called(caller, operation, path);
  });
  machine.on_step([this](Machine& stepping) { stepped(stepping); });
}

void ChurnRun::disk_called(Machine& machine, world::Operation operation, std::string_view path) {
  if (!path.starts_with("chunks/")) return;
  const bool interesting = operation == world::Operation::create || operation == world::Operation::rename ||
                           operation == world::Operation::remove;
  if (!interesting) return;
  const auto address = address_in(path);
  const auto place = address ? ledger_.find(*address) : std::nullopt;
  if (!place) return;
  const bool incoming = path.starts_with(kIncoming);
  StoredChunk& chunk = ledger_.chunk(*place);
  if (incoming && operation == world::Operation::create) {
    violations_.judge("no_person_holds_a_whole_pack", whole_packs_.hold(machine.identity()->person, *place));
  } else if (incoming && operation == world::Operation::rename) {
    chunk.on_disks.insert(machine.index());
    ++report_.copies_by_repair;  // of which owners' copies are taken away at the end
    trace(23, FixedBytesHash()(*address) ^ machine.index());
  } else if (!incoming) {
    chunk.on_disks.erase(machine.index());
  }
}

void ChurnRun::stepped(Machine& machine) {
  std::uint64_t& before = incarnations_[machine.index()];
  const MemberSnapshot now = machine.ring_snapshot();
  const std::size_t list_length = chord::ChordNode::Options().successor_list;
  violations_.judge("ring_state_is_well_formed", ring_state_is_well_formed(now, before, list_length));
  before = now.self.incarnation;
}

HasCopy ChurnRun::has_copy() {
  return [this](std::uint32_t machine, const wire::ChunkAddress& address) {
    return machines_[machine]->has_copy(address);
  };
}

void ChurnRun::check_chunks() {
  for (std::string& lost : no_acknowledged_chunk_lost(ledger_, has_copy())) {
    violations_.judge("no_acknowledged_chunk_lost", std::move(lost));
  }
}

unsigned ChurnRun::live_count() const {
  return static_cast<unsigned>(
      std::ranges::count_if(machines_, [](const auto& one) { return one->is_live(); }));
}

void ChurnRun::let_time_pass(Duration until) {
  world_.run_until(TimePoint{until});
  if (!options_.on_progress) return;
  options_.on_progress({world_.now().since_start, plan_.end, live_count(), violations_.total()});
}

// ---- the end: everybody who is left comes back, and the laws ask for rest ----

void ChurnRun::bring_everybody_back() {
  life_.cancel();
  for (const auto& machine : machines_) {
    machine->commands().cancel();
    if (!machine->identity() || machine->is_gone()) continue;
    if (machine->is_going()) machine->go(false);
    if (machine->is_gone()) continue;
    if (machine->is_asleep()) machine->wake();
  }
  for (const auto& machine : machines_) {
    const bool down = machine->identity() && !machine->is_gone() && !machine->is_up();
    if (!down) continue;
    const Result<void> started = world_.run(machine->start());
    if (!started)
      violations_.judge("a machine starts again", machine->name() + ": " + started.error().message());
  }
  for (const std::uint32_t lost : unannounced_) announce_departure(*machines_[lost]);
  trace(30, live_count());
}

std::optional<std::string> ChurnRun::flaw_of_ring() const {
  std::vector<MemberSnapshot> live;
  for (const auto& machine : machines_) {
    if (machine->is_live()) live.push_back(machine->snapshot());
  }
  return ring_becomes_ideal(std::move(live), chord::ChordNode::Options().successor_list);
}

void ChurnRun::wait_until_ideal() {
  const TimePoint began = world_.now();
  const TimePoint limit = began + kPeriodsToIdeal * chord::ChordNode::Options().quiet_period;
  std::optional<std::string> flaw = flaw_of_ring();
  while (flaw && world_.now() < limit) {
    world_.run_for(1s);
    flaw = flaw_of_ring();
  }
  violations_.judge("ring_becomes_ideal", flaw);
  report_.seconds_to_ideal = std::chrono::duration<double>(world_.now() - began).count();
}

// As many copies as the policy asks and the colours allow, of every acknowledged chunk.
std::optional<std::string> ChurnRun::flaw_of_copies() {
  const HasCopy counted = has_copy();
  Machine* witness = any_live_machine();
  if (witness == nullptr) return std::nullopt;
  const std::shared_ptr<const placement::Map> map = witness->node().view().map();
  for (std::uint32_t number = 0; number < ledger_.pack_count(); ++number) {
    const StoredPack& pack = ledger_.pack(number);
    for (const StoredChunk& chunk : pack.chunks) {
      if (!chunk.acknowledged) continue;
      const wire::ChunkHeader& header = chunk.description.header;
      const placement::ChunkPlace place{header.placement_key, header.chunk_class, pack.owner};
      const std::size_t wanted = map->preference_list(place, map->policy().copies).size();
      const std::size_t copies = copies_of(chunk, counted);
      if (copies >= wanted) continue;
      return "class " + std::to_string(header.chunk_class) + " of pack " + std::to_string(number) + " has " +
             std::to_string(copies) + " copies of " + std::to_string(wanted);
    }
  }
  return std::nullopt;
}

void ChurnRun::wait_until_repaired() {
  const TimePoint began = world_.now();
  std::optional<std::string> flaw = flaw_of_copies();
  while (flaw && world_.now() < began + kTimeToRepair) {
    world_.run_for(1min);
    flaw = flaw_of_copies();
  }
  violations_.judge("every_chunk_gets_its_copies_back", flaw);
  report_.seconds_to_repaired = std::chrono::duration<double>(world_.now() - began).count();
  check_chunks();
}

Task<void> ChurnRun::read_finally(Machine& machine, ChunkLedger::Place place) {
  const bool came_back = co_await read(machine, place);
  if (came_back) co_return;
  violations_.judge("every_acknowledged_chunk_can_be_read",
                    "class " + std::to_string(place.chunk_class) + " of pack " + std::to_string(place.pack));
}

void ChurnRun::read_everything_back() {
  std::map<wire::PersonNumber, Machine*> readers;
  for (const auto& machine : machines_) {
    if (machine->is_live()) readers.emplace(machine->identity()->person, machine.get());
  }
  Machine* anybody = any_live_machine();
  if (anybody == nullptr) return;
  TaskScope scope(world_);
  for (std::uint32_t number = 0; number < ledger_.pack_count(); ++number) {
    const StoredPack& pack = ledger_.pack(number);
    const auto owner = readers.find(pack.owner);
    Machine& reader = owner == readers.end() ? *anybody : *owner->second;
    for (std::uint8_t chunk_class = 0; chunk_class < wire::kClasses; ++chunk_class) {
      if (!pack.chunks[chunk_class].acknowledged) continue;
      while (scope.running() >= kReadersAtOnce) CHECK(world_.step());
      scope.spawn(read_finally(reader, {number, chunk_class}));
    }
  }
  const TimePoint limit = world_.now() + kTimeToRead;
  while (scope.running() > 0 && world_.now() < limit) CHECK(world_.step());
  if (scope.running() > 0) violations_.judge("every_acknowledged_chunk_can_be_read", "reading does not end");
}

void ChurnRun::finish_report() {
  report_.scenario = "churn";
  report_.nodes = options_.nodes;
  report_.days = options_.days;
  report_.seed = options_.seed;
  report_.events = world_.events();
  report_.messages = network_.counters().messages;
  report_.bytes = network_.counters().bytes;
  report_.members_at_end = live_count();
  report_.copies_by_repair -= std::min(report_.copies_by_repair, report_.copies_by_owners);
  const std::uint64_t answered = report_.lookups - report_.lookups_failed;
  report_.hops_mean = answered == 0 ? 0 : static_cast<double>(hops_) / static_cast<double>(answered);
  report_.violations = violations_.kept();
  report_.violations_total = violations_.total();
  report_.trace_hash = trace_.hex();
}

Report run_churn(const ChurnOptions& options) {
  CHECK(options.nodes > 0 && options.nodes <= kNodesMax && options.days > 0);
  return ChurnRun(options).run();
}

std::vector<Scenario> scenarios() {
  return {{"churn", "laptops of friends join, sleep, crash, leave for good and are replaced, for some days"}};
}

}  // namespace peerstore::simulator
