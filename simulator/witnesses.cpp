// What the laws see of a run: every message, every step of the ring protocol, every call to a disk.
#include "scenario_run.hpp"

#include <peerstore/runtime/check.hpp>
#include <peerstore/world/virtual_network.hpp>

namespace peerstore::simulator {

namespace {

constexpr std::string_view kIncoming = "chunks/incoming/";
constexpr std::string_view kQuarantine = "chunks/quarantine/";
constexpr std::size_t kPutCommit = wire::Request(wire::PutCommit{}).index();
constexpr std::uint32_t kNobody = ~std::uint32_t{0};

// The address in "chunks/incoming/<digits>" or "chunks/3f/<digits>".
std::optional<wire::ChunkAddress> address_in(std::string_view path) {
  const auto bytes = from_hex(path.substr(path.rfind('/') + 1));
  return bytes ? wire::ChunkAddress::from(*bytes) : std::nullopt;
}

// P5. A liar may sign what it likes, and a disk may lie to its machine.
std::optional<std::string> a_receipt_is_true(const SimulatedMachine& holder,
                                             const wire::ChunkAddress& address) {
  const bool excused = !holder.is_honest() || holder.is_going() || holder.is_gone() || holder.is_damaged();
  if (excused || holder.has_copy(address)) return std::nullopt;
  return holder.name() + " signed for a chunk that it does not have";
}

}  // namespace

void ScenarioRun::watch(Machine& machine) {
  const std::uint32_t place = ring_.network().place_of(machine.member());
  if (place >= by_place_.size()) by_place_.resize(place + 1);
  by_place_[place] = &machine;
  machine.on_disk_call([this](Machine& caller, world::Operation operation, std::string_view path) {
    disk_called(caller, operation, path);
  });
  machine.on_step([this](Machine& stepping) { stepped(stepping); });
}

ScenarioRun::Machine* ScenarioRun::machine_at(std::uint32_t place) {
  return place < by_place_.size() ? by_place_[place] : nullptr;
}

void ScenarioRun::sent(std::uint32_t from, const wire::MemberId& to, const wire::Request& request) {
  bytes_[request.index()] += world::approximate_size(request);
  if (!std::holds_alternative<wire::GetNeighbours>(request)) return;
  if (const Machine* asker = machine_at(from)) asked_first_.asked(asker->index(), to);
}

void ScenarioRun::delivered(const world::MachineNetwork::Delivery& delivery) {
  if (delivery.answer != nullptr && *delivery.answer) {
    bytes_[delivery.request_kind] += world::approximate_size(**delivery.answer);
  }
  Machine* const from = machine_at(delivery.from);
  Machine* const to = machine_at(delivery.to);
  if (to == nullptr) return;
  const std::uint32_t other = from == nullptr ? kNobody : from->index();
  const EventKind kind = delivery.is_answer ? EventKind::answer : EventKind::question;
  ring_.chronicle().note(to->index(), kind, delivery.request_kind, delivery.error, other);
  if (delivery.is_answer) {
    if (delivery.error != 0 && from != nullptr) asked_first_.failed(to->index(), from->member());
    return see_answer(*to, delivery);
  }
  if (const auto* notice = std::get_if<wire::Notify>(delivery.request)) {
    asked_first_.notified(to->index(), notice->from);
  }
}

void ScenarioRun::see_answer(Machine& asker, const world::MachineNetwork::Delivery& delivery) {
  if (delivery.error == 0 && delivery.request_kind == kPutCommit) ++report_.copies_by_owners;
  if (delivery.answer == nullptr || !*delivery.answer) return;
  if (const auto* neighbours = std::get_if<wire::Neighbours>(&**delivery.answer)) {
    asked_first_.answered(asker.index(), asker.awake_time(), *neighbours);
  }
  // Now, and not when the owner has the last one: it may have slept, and the holder may have handed it on.
  if (const auto* receipt = std::get_if<wire::Receipt>(&**delivery.answer)) {
    const auto holder = ring_.by_member().find(receipt->holder.id);
    const bool is_owners = ring_.ledger().find(receipt->address).has_value();
    if (!is_owners || holder == ring_.by_member().end()) return;
    ring_.violations().judge("a_receipt_is_true", a_receipt_is_true(*holder->second, receipt->address),
                             {asker.index(), holder->second->index()});
  }
}

void ScenarioRun::disk_called(Machine& machine, world::Operation operation, std::string_view path) {
  if (!path.starts_with("chunks/")) return;
  const bool interesting = operation == world::Operation::create || operation == world::Operation::rename ||
                           operation == world::Operation::remove;
  if (!interesting) return;
  const auto address = address_in(path);
  const auto place = address ? ring_.ledger().find(*address) : std::nullopt;
  if (!place) return;
  const bool incoming = path.starts_with(kIncoming);
  if (incoming && operation == world::Operation::create) {
    judge_colour(machine, *place);
  } else if (incoming && operation == world::Operation::rename) {
    has_chunk(machine, *place);
    ++report_.copies_by_repair;  // of which owners' copies are taken away at the end
    ring_.chronicle().note(machine.index(), EventKind::chunk_on_disk, place->chunk_class, 0, 0,
                           FixedBytesHash()(*address));
  } else if (!incoming && operation == world::Operation::remove) {
    // The bad file of a copy that was healed is no copy.
    if (!path.starts_with(kQuarantine) || !machine.has_copy(*address)) judge_drop(machine, *place);
  }
}

// Nothing else removes a chunk's file: what is damaged or deleted is moved aside. But for what has just come
// and could not be kept (the disk is full, or fails): nobody was told that it is there.
void ScenarioRun::judge_drop(Machine& machine, ChunkLedger::Place place) {
  constexpr Duration kUntilKept = std::chrono::seconds(30);
  const StoredChunk& chunk = ring_.ledger().chunk(place);
  if (!chunk.acknowledged || !machine.is_honest()) return;
  const auto came = chunk.came_at.find(machine.index());
  if (came != chunk.came_at.end() && ring_.world().now() - came->second < kUntilKept) return;
  // The call is yet to come, and may fail.
  const HasCopy others = [&, there = ring_.there_copy()](std::uint32_t holder, const auto& address) {
    return holder != machine.index() && there(holder, address);
  };
  ring_.violations().judge("a_copy_is_dropped_only_for_others",
                           a_copy_is_dropped_only_for_others(chunk, scenario_.copies, others),
                           {machine.index()});
}

void ScenarioRun::judge_colour(Machine& machine, ChunkLedger::Place place) {
  if (!scenario_.colours) return;
  ring_.violations().judge("no_person_holds_a_whole_pack",
                           whole_packs_.hold(machine.identity()->person, place), {machine.index()});
}

void ScenarioRun::has_chunk(Machine& machine, ChunkLedger::Place place) {
  judge_colour(machine, place);
  StoredChunk& chunk = ring_.ledger().chunk(place);
  chunk.ever_on_disks.insert(machine.index());
  chunk.came_at[machine.index()] = ring_.world().now();
}

void ScenarioRun::stepped(Machine& machine) {
  const std::uint32_t index = machine.index();
  const MemberSnapshot now = machine.ring_snapshot();
  const std::size_t list_length = scenario_.ring.successor_list;
  Violations& violations = ring_.violations();
  if (index >= last_steps_.size()) last_steps_.resize(index + 1);
  // An empty disk knows nothing of earlier lives.
  if (machine.forgot_its_lives()) last_steps_[index] = {};
  violations.judge("ring_state_is_well_formed",
                   ring_state_is_well_formed(now, last_steps_[index].self.incarnation, list_length), {index});
  if (!scenario_.links.streams && machine.is_honest()) {
    violations.judge("neighbours_are_asked_first", asked_first_.step(index, machine.awake_time(), now),
                     {index});
  }
  if (proof_holds_) {
    violations.judge("ring_invariant_holds",
                     ring_invariant_holds(health_of_ring(ring_.live_members()), list_length), {index});
  }
  ring_.chronicle().note(index, EventKind::ring_step, static_cast<std::uint8_t>(now.phase), 0, 0,
                         now.successors.empty() ? 0 : FixedBytesHash()(now.successors.front().id));
  last_steps_[index] = now;
}

void ScenarioRun::check_chunks() {
  for (std::string& lost : no_acknowledged_chunk_lost(ring_.ledger(), ring_.good_copy())) {
    ring_.violations().judge("no_safe_chunk_is_lost", std::move(lost), {});
  }
}

}  // namespace peerstore::simulator
