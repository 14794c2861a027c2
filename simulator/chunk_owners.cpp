#include "chunk_owners.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <set>

namespace peerstore::simulator {

namespace {

constexpr std::size_t kReadersAtOnce = 32;
constexpr Duration kReadAgain = 10s;

}  // namespace

ChunkOwners::ChunkOwners(SimulatedRing& ring, const Scenario& scenario, Report& report)
    : ring_(ring), scenario_(scenario), report_(report) {}

void ChunkOwners::begin(SimulatedMachine& machine) {
  const bool stores = scenario_.workload.pack_every > 0s && machine.life().machine == 0;
  if (stores) machine.commands().spawn(keep_packs(machine));
}

// One pack after the other. What could not be stored in full is stored first the next time: an
// owner's index survives whatever happens to its machine.
Task<void> ChunkOwners::keep_packs(SimulatedMachine& machine) {
  const Duration period = scenario_.workload.pack_every;
  const wire::PersonNumber owner = machine.identity()->person;
  // Begun anywhere in the period, so that short lives and many restarts store something, too.
  Duration pause = machine.random().jitter(period) / 2;
  for (;;) {
    co_await machine.clock().sleep(pause);
    pause = machine.random().jitter(period);
    bool all_stored = true;
    for (std::size_t i = 0; i < ledger().packs_of(owner).size(); ++i) {
      const std::uint32_t pack = ledger().packs_of(owner)[i];
      if (ledger().pack(pack).is_acknowledged()) continue;
      co_await store(machine, pack);
      all_stored = all_stored && ledger().pack(pack).is_acknowledged();
    }
    if (all_stored) {
      const std::uint32_t pack = ledger().make_pack(machine.entropy(), machine.random(), owner);
      co_await store(machine, pack);
    }
    co_await read_one(machine);
  }
}

Task<void> ChunkOwners::store(SimulatedMachine& machine, std::uint32_t pack) {
  for (std::uint8_t chunk_class = 0; chunk_class < wire::kClasses; ++chunk_class) {
    const ChunkLedger::Place place{pack, chunk_class};
    if (!ledger().chunk(place).acknowledged) co_await store_chunk(machine, place);
  }
  if (ledger().pack(pack).is_acknowledged()) ++report_.packs_stored;
}

Task<void> ChunkOwners::store_chunk(SimulatedMachine& machine, ChunkLedger::Place place) {
  StoredChunk& chunk = ledger().chunk(place);
  std::vector<SharedBytes> segments(1, chunk.segment);
  const Result<replica::PutOutcome> outcome =
      co_await machine.client().put(chunk.description, std::move(segments));
  if (!outcome) co_return;
  chunk.receipts.clear();
  std::set<wire::PersonNumber> persons;
  unsigned honest = 0;
  for (const wire::Receipt& receipt : outcome->receipts) {
    chunk.receipts.push_back(receipt.holder.id);
    const SimulatedMachine& holder = *ring_.by_member().at(receipt.holder.id);
    persons.insert(holder.identity()->person);
    honest += holder.is_honest() ? 1U : 0U;
  }
  if (!outcome->safe()) co_return;
  if (persons.size() < outcome->wanted) {
    ring_.violations().judge("safe_means_enough_persons",
                             "the receipts of a safe chunk are of " + std::to_string(persons.size()) +
                                 " persons, not " + std::to_string(outcome->wanted),
                             {machine.index()});
  }
  // With nobody but liars to vouch for it nothing was promised.
  if (honest == 0) co_return;
  chunk.acknowledged = true;
  ++report_.chunks_acknowledged;
  ring_.chronicle().note(machine.index(), EventKind::chunk_safe, place.chunk_class, 0, 0,
                         FixedBytesHash()(chunk.address));
}

Task<void> ChunkOwners::read_one(SimulatedMachine& machine) {
  std::vector<std::uint32_t> stored = ledger().packs_of(machine.identity()->person);
  std::erase_if(stored, [this](std::uint32_t pack) { return !ledger().pack(pack).is_acknowledged(); });
  if (stored.empty()) co_return;
  const std::uint32_t pack = stored[machine.random().below(stored.size())];
  const auto chunk_class = static_cast<std::uint8_t>(machine.random().below(wire::kClasses));
  const bool came_back = co_await read(machine, {pack, chunk_class});
  if (!came_back) ++report_.reads_failed;
}

Task<bool> ChunkOwners::read(SimulatedMachine& machine, ChunkLedger::Place place) {
  ++report_.reads;
  const StoredChunk& chunk = ledger().chunk(place);
  const Result<SharedBytes> segment = co_await machine.client().get_segment(ledger().reference(place), 0);
  const auto outcome = static_cast<std::uint8_t>(segment ? Errc{} : segment.error().code);
  ring_.chronicle().note(machine.index(), EventKind::read, place.chunk_class, outcome);
  if (!segment) co_return false;
  if (!(*segment == chunk.segment)) {
    ring_.violations().judge("wrong_bytes_are_never_returned", "a read gave other bytes", {machine.index()});
  }
  co_return true;
}

Task<void> ChunkOwners::read_finally(SimulatedMachine& machine, ChunkLedger::Place place) {
  const TimePoint limit = ring_.world().now() + scenario_.laws.readable_within;
  bool came_back = co_await read(machine, place);
  while (!came_back && ring_.world().now() < limit) {
    co_await ring_.world().sleep(kReadAgain);
    came_back = co_await read(machine, place);
  }
  if (came_back) co_return;
  ring_.violations().judge(
      "every_safe_chunk_can_be_read",
      "class " + std::to_string(place.chunk_class) + " of pack " + std::to_string(place.pack) + " cannot",
      {machine.index()});
}

void ChunkOwners::read_everything_back() {
  std::map<wire::PersonNumber, SimulatedMachine*> readers;
  for (const auto& machine : ring_.machines()) {
    if (machine->is_live()) readers.emplace(machine->identity()->person, machine.get());
  }
  SimulatedMachine* const anybody = ring_.any_live_member();
  if (anybody == nullptr) return;
  TaskScope scope(ring_.world());
  for (std::uint32_t number = 0; number < ledger().pack_count(); ++number) {
    const StoredPack& pack = ledger().pack(number);
    const auto owner = readers.find(pack.owner);
    SimulatedMachine& reader = owner == readers.end() ? *anybody : *owner->second;
    for (std::uint8_t chunk_class = 0; chunk_class < wire::kClasses; ++chunk_class) {
      if (!pack.was_made_here || !pack.chunks[chunk_class].acknowledged) continue;
      while (scope.running() >= kReadersAtOnce) CHECK(ring_.world().step());
      scope.spawn(read_finally(reader, {number, chunk_class}));
    }
  }
  const TimePoint limit = ring_.world().now() + 2 * scenario_.laws.readable_within;
  while (scope.running() > 0 && ring_.world().now() < limit) CHECK(ring_.world().step());
  if (scope.running() > 0) {
    ring_.violations().judge("every_safe_chunk_can_be_read", "reading does not end", {});
  }
}

}  // namespace peerstore::simulator
