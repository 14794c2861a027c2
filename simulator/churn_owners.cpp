// What owners do on their machines: they store packs, read them back, and look things up.
#include "churn.hpp"

#include <algorithm>

namespace peerstore::simulator {

namespace {
constexpr Duration kLookUpPeriod = 20min;
}

// One pack after the other. What could not be stored in full is stored first the next time: an
// owner's index survives whatever happens to its machine.
Task<void> ChurnRun::keep_packs(Machine& machine) {
  if (options_.packs_per_node_and_day <= 0) co_return;
  const Duration period(static_cast<Duration::rep>(static_cast<double>(Duration(24h).count()) /
                                                   options_.packs_per_node_and_day));
  const wire::PersonNumber owner = machine.identity()->person;
  // Begun anywhere in the period, so that short lives and many restarts store something, too.
  Duration pause = machine.random().jitter(period) / 2;
  for (;;) {
    co_await machine.clock().sleep(pause);
    pause = machine.random().jitter(period);
    bool all_stored = true;
    for (std::size_t i = 0; i < ledger_.packs_of(owner).size(); ++i) {
      const std::uint32_t pack = ledger_.packs_of(owner)[i];
      if (ledger_.pack(pack).is_acknowledged()) continue;
      co_await store(machine, pack);
      all_stored = all_stored && ledger_.pack(pack).is_acknowledged();
    }
    if (all_stored) {
      const std::uint32_t pack = ledger_.make_pack(machine.entropy(), machine.random(), owner);
      co_await store(machine, pack);
    }
    co_await read_one(machine);
  }
}

Task<void> ChurnRun::store(Machine& machine, std::uint32_t pack) {
  for (std::uint8_t chunk_class = 0; chunk_class < wire::kClasses; ++chunk_class) {
    const ChunkLedger::Place place{pack, chunk_class};
    if (!ledger_.chunk(place).acknowledged) co_await store_chunk(machine, place);
  }
  if (ledger_.pack(pack).is_acknowledged()) ++report_.packs_stored;
}

Task<void> ChurnRun::store_chunk(Machine& machine, ChunkLedger::Place place) {
  StoredChunk& chunk = ledger_.chunk(place);
  std::vector<SharedBytes> segments(1, chunk.segment);
  const Result<replica::PutOutcome> outcome =
      co_await machine.client().put(chunk.description, std::move(segments));
  if (!outcome) co_return;
  chunk.receipts.clear();
  std::set<wire::PersonNumber> persons;
  for (const wire::Receipt& receipt : outcome->receipts) {
    chunk.receipts.push_back(receipt.holder.id);
    Machine* holder = by_member_.at(receipt.holder.id);
    persons.insert(holder->identity()->person);
    if (!holder->is_going() && !holder->has_copy(chunk.address)) {
      violations_.judge("a receipt is true", holder->name() + " signed for a chunk that it does not have");
    }
  }
  if (!outcome->safe()) co_return;
  if (persons.size() < outcome->wanted) {
    violations_.judge("a receipt is true", "the holders of a safe chunk are too few persons");
  }
  chunk.acknowledged = true;
  ++report_.chunks_acknowledged;
  trace(20, FixedBytesHash()(chunk.address));
}

Task<void> ChurnRun::read_one(Machine& machine) {
  std::vector<std::uint32_t> stored = ledger_.packs_of(machine.identity()->person);
  std::erase_if(stored, [this](std::uint32_t pack) { return !ledger_.pack(pack).is_acknowledged(); });
  if (stored.empty()) co_return;
  const std::uint32_t pack = stored[machine.random().below(stored.size())];
  const auto chunk_class = static_cast<std::uint8_t>(machine.random().below(wire::kClasses));
  const bool came_back = co_await read(machine, {pack, chunk_class});
  if (!came_back) ++report_.reads_failed;
}

Task<bool> ChurnRun::read(Machine& machine, ChunkLedger::Place place) {
  ++report_.reads;
  const StoredChunk& chunk = ledger_.chunk(place);
  const Result<SharedBytes> segment = co_await machine.client().get_segment(ledger_.reference(place), 0);
  trace(21, segment ? 1 : 0);
  if (!segment) co_return false;
  if (!(*segment == chunk.segment))
    violations_.judge("wrong bytes are never returned", "a read gave other bytes");
  co_return true;
}

Task<void> ChurnRun::look_things_up(Machine& machine) {
  for (;;) {
    const Duration pause = machine.random().jitter(kLookUpPeriod);
    co_await machine.clock().sleep(pause);
    const auto key = machine.entropy().make<ring::Id>();
    const auto found = co_await machine.node().chord().find_successor(key);
    ++report_.lookups;
    if (!found) {
      ++report_.lookups_failed;
      continue;
    }
    trace(22, FixedBytesHash()(found->successor.id));
    hops_ += found->hops;
    report_.hops_max = std::max(report_.hops_max, found->hops);
    if (true_successor(key) != found->successor.id) ++report_.lookups_stale;
  }
}

// The first live member at or after the key.
std::optional<wire::MemberId> ChurnRun::true_successor(const ring::Id& key) const {
  auto at = by_member_.lower_bound(key);
  for (std::size_t looked = 0; looked < by_member_.size(); ++looked, ++at) {
    if (at == by_member_.end()) at = by_member_.begin();
    const Machine& machine = *at->second;
    if (machine.is_live() && machine.phase() == wire::Phase::member) return at->first;
  }
  return std::nullopt;
}

}  // namespace peerstore::simulator
