#include "simulated_ring.hpp"

#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/world/stream_network.hpp>
#include <peerstore/world/virtual_network.hpp>

#include <algorithm>

namespace peerstore::simulator {

namespace {

constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;
constexpr Duration kAskAgain = 30s;  // a joiner whose friend did not answer

// One token each: what more would show about balance, placement's own tests show.
membership::PolicyStatement policy(const Scenario& scenario) {
  membership::PolicyStatement statement;
  statement.ring_name = "simulated";
  statement.policy.bytes_per_token = 4 * kGibibyte;
  statement.policy.copies = scenario.copies;
  if (!scenario.colours) statement.policy.colours = 0;
  return statement;
}

std::shared_ptr<const world::LatencyModel> latency_of(Latency latency, std::uint64_t seed) {
  switch (latency) {
    case Latency::none: return world::uniform_latency(seed, Duration::zero(), Duration::zero());
    case Latency::uniform: break;  // the network's own
    case Latency::regions: return world::regional_latency(seed);
    case Latency::euclid: return world::euclid_latency(seed);
  }
  return nullptr;
}

template <class Network>
std::unique_ptr<world::MachineNetwork> make_network(Clock& world, const LinkOptions& links,
                                                    std::uint64_t seed) {
  typename Network::Options options;
  options.loss = links.loss;
  options.latency = latency_of(links.latency, seed);
  if (links.latency == Latency::none) options.jitter = Duration::zero();
  // Over streams a caller's patience comes from measured round trips.
  if constexpr (requires { options.silence; }) options.silence = links.silence;
  return std::make_unique<Network>(world, seed, options);
}

std::uint64_t seed_of(std::uint64_t seed, std::uint64_t index) { return seed * 1'000'003 + index * 7; }

}  // namespace

SimulatedRing::SimulatedRing(const Scenario& scenario, const LifePlan& plan, std::uint64_t seed)
    : scenario_(scenario),
      random_(seed),
      entropy_(seed + 1),
      network_(scenario.links.streams ? make_network<world::StreamNetwork>(world_, scenario.links, seed)
                                      : make_network<world::VirtualNetwork>(world_, scenario.links, seed)) {
  const Surroundings surroundings{world_, *network_, signatures_, contents_, scenario_};
  for (const MachineLife& life : plan.machines) {
    const auto index = static_cast<std::uint32_t>(machines_.size());
    machines_.push_back(std::make_unique<SimulatedMachine>(surroundings, life, index, seed_of(seed, index)));
  }
  found();
}

// The network still knows their services.
SimulatedRing::~SimulatedRing() {
  for (auto& machine : machines_) machine.reset();
}

void SimulatedRing::found() {
  SimulatedMachine& first = *machines_.front();
  founder_ = membership::found_ring(signatures_, first.entropy(), policy(scenario_), "p0", first.name(),
                                    4 * kGibibyte);
  founders_notes_ = std::make_unique<membership::Roster>(signatures_, founder_.root_key);
  for (const wire::Statement& statement : founder_.proof) CHECK(founders_notes_->add(statement).has_value());
  first.set_identity(founder_);
  if (scenario_.ring.acquainted) acquaint_all();
}

// As in a ring that has been there for long: what is to be seen is coming and going.
void SimulatedRing::acquaint_all() {
  for (const auto& machine : machines_) {
    if (machine->identity() || machine->life().machine != 0) continue;
    Joiner joiner = invite(*machine);
    for (const wire::Statement& statement : joiner.identity.proof) (void)founders_notes_->add(statement);
    CHECK(membership::complete_identity(signatures_, joiner.identity, founders_notes_->statements()));
    machine->set_identity(std::move(joiner.identity));
  }
  const std::vector<wire::Statement> all = founders_notes_->statements();
  for (const auto& machine : machines_) {
    if (machine->identity()) CHECK(membership::save_statements(machine->disk(), all).has_value());
  }
}

unsigned SimulatedRing::live_count() const {
  return static_cast<unsigned>(
      std::ranges::count_if(machines_, [](const auto& one) { return one->is_live(); }));
}

SimulatedMachine* SimulatedRing::any_live_member() {
  std::vector<SimulatedMachine*> live;
  for (const auto& machine : machines_) {
    if (machine->is_live() && machine->phase() == wire::Phase::member) live.push_back(machine.get());
  }
  return live.empty() ? nullptr : live[random_.below(live.size())];
}

SimulatedMachine* SimulatedRing::any_live_machine_but(const SimulatedMachine* other) {
  std::vector<SimulatedMachine*> live;
  for (const auto& machine : machines_) {
    if (machine->is_live() && machine.get() != other) live.push_back(machine.get());
  }
  return live.empty() ? nullptr : live[random_.below(live.size())];
}

std::optional<wire::MemberId> SimulatedRing::true_successor(const ring::Id& key) const {
  auto at = by_member_.lower_bound(key);
  for (std::size_t looked = 0; looked < by_member_.size(); ++looked, ++at) {
    if (at == by_member_.end()) at = by_member_.begin();
    const SimulatedMachine& machine = *at->second;
    if (machine.is_live() && machine.phase() == wire::Phase::member) return at->first;
  }
  return std::nullopt;
}

std::vector<MemberSnapshot> SimulatedRing::live_members() const {
  std::vector<MemberSnapshot> members;
  for (const auto& [id, machine] : by_member_) {
    if (!machine->is_live() || machine->phase() != wire::Phase::member) continue;
    members.push_back(machine->ring_snapshot());
  }
  return members;
}

HasCopy SimulatedRing::any_copy() const {
  return [this](std::uint32_t machine, const wire::ChunkAddress& address) {
    return machines_[machine]->has_copy(address);
  };
}

HasCopy SimulatedRing::there_copy() const {
  return [this](std::uint32_t machine, const wire::ChunkAddress& address) {
    return machines_[machine]->has_file(address);
  };
}

HasCopy SimulatedRing::good_copy() const {
  return [this](std::uint32_t machine, const wire::ChunkAddress& address) {
    return machines_[machine]->has_good_copy(address);
  };
}

bool SimulatedRing::may_be_spared(const SimulatedMachine& machine) const {
  const HasCopy others_have_it = [&](std::uint32_t other, const wire::ChunkAddress& address) {
    return other != machine.index() && machines_[other]->has_good_copy(address);
  };
  for (std::uint32_t number = 0; number < ledger_.pack_count(); ++number) {
    for (const StoredChunk& chunk : ledger_.pack(number).chunks) {
      const bool concerned = chunk.acknowledged && chunk.ever_on_disks.contains(machine.index());
      if (concerned && copies_of(chunk, others_have_it) == 0) return false;
    }
  }
  return true;
}

Task<void> SimulatedRing::join(SimulatedMachine& machine) {
  if (machine.identity()) {  // the founder, or let in before the run
    if (const SimulatedMachine* contact = any_live_member()) machine.remember_address(contact->address());
  } else if (machine.life().machine == 0) {
    co_await join_as_first(machine);
  } else {
    co_await join_as_second(machine);
  }
  by_member_.emplace(machine.member(), &machine);
  chronicle_.note(machine.index(), EventKind::joined);
}

// What the joiner makes of an invitation by the founder.
SimulatedRing::Joiner SimulatedRing::invite(SimulatedMachine& machine) {
  const auto invitation = membership::make_invitation(signatures_, entropy_, founder_, *founders_notes_,
                                                      founders_notes_->next_person(), machine.name(), 0);
  CHECK(invitation.has_value());
  CHECK(founders_notes_->add(invitation->statement).has_value());
  membership::InvitationLink link;
  link.root_key = founder_.root_key;
  link.token = invitation->token;
  link.person = invitation->person;
  return {invitation->statement, membership::claim_invitation(signatures_, machine.entropy(), link,
                                                              "p" + std::to_string(machine.life().person),
                                                              machine.name(), 4 * kGibibyte)};
}

// As the `join` command does it: any live member may let the joiner in.
Task<void> SimulatedRing::join_as_first(SimulatedMachine& machine) {
  Joiner joiner = invite(machine);
  membership::Identity& identity = joiner.identity;
  const wire::Join request{identity.proof};
  const std::unique_ptr<wire::Network> network = network_->joiner();
  for (;;) {
    SimulatedMachine* contact = any_live_member();
    if (contact != nullptr) {
      contact->node().membership().learn({joiner.invitation}, {});
      const Result<wire::Welcome> welcome = co_await wire::ask(*network, contact->member(), request);
      if (welcome && membership::complete_identity(signatures_, identity, welcome->statements)) {
        CHECK(membership::save_statements(machine.disk(), welcome->statements).has_value());
        machine.remember_address(contact->address());
        break;
      }
    }
    co_await world_.sleep(kAskAgain);
  }
  for (const wire::Statement& statement : identity.proof) (void)founders_notes_->add(statement);
  machine.set_identity(std::move(identity));
}

// A person's second machine needs no invitation: the person certifies it.
Task<void> SimulatedRing::join_as_second(SimulatedMachine& machine) {
  SimulatedMachine& first = *machines_[machine.index() - 1];
  while (!first.identity()) co_await world_.sleep(kAskAgain);
  membership::Identity identity = *first.identity();
  const wire::RingId ring = founders_notes_->ring_id();
  identity.machine = machine.life().machine;
  identity.root_secret.reset();
  const membership::MachineSecrets secrets = membership::make_machine_secrets(signatures_, machine.entropy());
  identity.node_secret = secrets.node_secret;
  identity.writer_secret = secrets.writer_secret;
  const membership::NewMachine certified{identity.person, identity.machine, machine.name(), 4 * kGibibyte};
  identity.proof.push_back(
      membership::certify_machine(signatures_, ring, identity.person_secret, certified, secrets));
  SimulatedMachine* contact = nullptr;
  while ((contact = any_live_member()) == nullptr) co_await world_.sleep(kAskAgain);
  contact->node().membership().learn(identity.proof, {});
  CHECK(membership::save_statements(machine.disk(), contact->node().membership().roster().statements()));
  machine.remember_address(contact->address());
  for (const wire::Statement& known : identity.proof) (void)founders_notes_->add(known);
  const membership::Member* member =
      founders_notes_->find_by_node_key(signatures_.key_pair_from(identity.node_secret).public_key);
  CHECK(member != nullptr);
  identity.member = member->id;
  machine.set_identity(std::move(identity));
}

bool SimulatedRing::announce_departure(SimulatedMachine& machine) {
  SimulatedMachine* speaker = machine.is_live() ? &machine : any_live_member();
  if (speaker == nullptr) return false;
  membership::DepartureStatement departure;
  departure.person = machine.identity()->person;
  departure.machine = machine.identity()->machine;
  const crypto::SigningKeyPair person = signatures_.key_pair_from(machine.identity()->person_secret);
  const wire::Statement statement =
      membership::sign_statement(signatures_, founders_notes_->ring_id(), departure, person);
  speaker->node().membership().learn({statement}, {});
  (void)founders_notes_->add(statement);
  return true;
}

bool SimulatedRing::is_departure_known(const SimulatedMachine& machine) const {
  return std::ranges::any_of(machines_, [&](const auto& other) {
    if (other.get() == &machine || !other->is_live()) return false;
    const membership::Member* member = other->node().membership().roster().find(machine.member());
    return member != nullptr && member->gone;
  });
}

bool SimulatedRing::announce_drain(SimulatedMachine& machine) {
  if (!machine.is_live()) return false;
  const Result<wire::Statement> statement =
      membership::restate_bytes_given(signatures_, machine.node().membership().roster(),
                                      machine.identity()->person_secret, machine.member(), 0);
  if (!statement) return false;
  machine.node().membership().learn({*statement}, {});
  (void)founders_notes_->add(*statement);
  return true;
}

}  // namespace peerstore::simulator
