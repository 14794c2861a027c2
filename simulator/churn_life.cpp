// What happens to the machines: founding, joining, sleeping, crashing, leaving.
#include "churn.hpp"

#include <peerstore/runtime/check.hpp>

namespace peerstore::simulator {

namespace {

constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;
constexpr Duration kNews = 1min;          // for a statement to spread before its bearer goes
constexpr Duration kAskAgain = 30s;       // a joiner whose friend did not answer
constexpr Duration kWaitToLeave = 30min;  // a machine that may not be spared yet

// One token each: what more would show about balance, placement's own tests show.
membership::PolicyStatement policy() {
  membership::PolicyStatement statement;
  statement.ring_name = "simulated";
  statement.policy.bytes_per_token = 4 * kGibibyte;
  return statement;
}

}  // namespace

void ChurnRun::found_ring() {
  Machine& first = *machines_.front();
  founder_ =
      membership::found_ring(signatures_, first.entropy(), policy(), "p0", first.name(), 4 * kGibibyte);
  founders_notes_ = std::make_unique<membership::Roster>(signatures_, founder_.root_key);
  for (const wire::Statement& statement : founder_.proof) CHECK(founders_notes_->add(statement).has_value());
  first.set_identity(founder_);
}

Task<void> ChurnRun::live(Machine& machine) {
  co_await world_.sleep_until(TimePoint{machine.life().joins_at});
  if (!machine.identity()) co_await join(machine);
  by_member_.emplace(machine.member(), &machine);
  watch(machine);
  trace(1, machine.index());
  ++report_.joins;
  co_await begin(machine);
  for (const LifeEvent& event : machine.life().events) {
    const bool for_ever = event.kind == LifeKind::leave || event.kind == LifeKind::lose;
    if (TimePoint{event.at} < world_.now() && !for_ever) continue;  // it happened while it was away
    co_await world_.sleep_until(TimePoint{event.at});
    if (!machine.is_up()) co_return;
    trace(2 + static_cast<std::uint64_t>(event.kind), machine.index());
    co_await experience(machine, event);
  }
}

Task<void> ChurnRun::experience(Machine& machine, LifeEvent event) {
  switch (event.kind) {
    case LifeKind::sleep:
      ++report_.sleeps;
      machine.sleep();
      co_await world_.sleep(event.away);
      machine.wake();
      break;
    case LifeKind::crash:
    case LifeKind::power_loss:
      ++report_.crashes;
      machine.crash(event.kind == LifeKind::power_loss);
      co_await world_.sleep(event.away);
      co_await begin(machine);
      break;
    case LifeKind::stop:
      ++report_.stops;
      co_await machine.stop();
      co_await world_.sleep(event.away);
      co_await begin(machine);
      break;
    case LifeKind::leave:
    case LifeKind::lose: co_await leave(machine, event); break;
  }
}

// The process begins, and with it what its owner does on the machine.
Task<void> ChurnRun::begin(Machine& machine) {
  const Result<void> started = co_await machine.start();
  if (!started) {
    violations_.judge("a machine starts again", machine.name() + ": " + started.error().message());
    co_return;
  }
  if (machine.life().machine == 0) machine.commands().spawn(keep_packs(machine));
  machine.commands().spawn(look_things_up(machine));
}

ChurnRun::Machine* ChurnRun::any_live_machine() {
  std::vector<Machine*> live;
  for (const auto& machine : machines_) {
    if (machine->is_live() && machine->phase() == wire::Phase::member) {
      live.push_back(machine.get());
    }
  }
  return live.empty() ? nullptr : live[random_.below(live.size())];
}

Task<void> ChurnRun::join(Machine& machine) {
  if (machine.life().machine == 0) {
    co_await join_as_first(machine);
  } else {
    co_await join_as_second(machine);
  }
}

// As the `join` command does it: any live member may let the joiner in.
Task<void> ChurnRun::join_as_first(Machine& machine) {
  const auto invitation = membership::make_invitation(signatures_, entropy_, founder_, *founders_notes_,
                                                      founders_notes_->next_person(), machine.name(), 0);
  CHECK(invitation.has_value());
  CHECK(founders_notes_->add(invitation->statement).has_value());
  membership::InvitationLink link;
  link.root_key = founder_.root_key;
  link.token = invitation->token;
  link.person = invitation->person;
  membership::Identity identity = membership::claim_invitation(signatures_, machine.entropy(), link,
                                                               "p" + std::to_string(machine.life().person),
                                                               machine.name(), 4 * kGibibyte);
  const wire::Join request{identity.proof};
  const std::unique_ptr<wire::Network> network = network_.joiner();
  for (;;) {
    Machine* contact = any_live_machine();
    if (contact != nullptr) {
      contact->node().membership().learn({invitation->statement}, {});
      const Result<wire::Welcome> welcome = co_await wire::ask(*network, contact->member(), request);
      if (welcome && membership::complete_identity(signatures_, identity, welcome->statements)) {
        CHECK(membership::save_statements(machine.disk(), welcome->statements).has_value());
        break;
      }
    }
    co_await world_.sleep(kAskAgain);
  }
  for (const wire::Statement& statement : identity.proof) (void)founders_notes_->add(statement);
  machine.set_identity(std::move(identity));
}

// A person's second machine needs no invitation: the person certifies it.
Task<void> ChurnRun::join_as_second(Machine& machine) {
  Machine& first = *machines_[machine.index() - 1];
  while (!first.identity()) co_await world_.sleep(kAskAgain);
  membership::Identity identity = *first.identity();
  const wire::RingId ring = founders_notes_->ring_id();
  identity.machine = machine.life().machine;
  identity.root_secret.reset();
  identity.node_secret = signatures_.make_key_pair(machine.entropy()).secret_key;
  membership::MachineStatement statement;
  statement.person = identity.person;
  statement.machine = identity.machine;
  statement.name = machine.name();
  statement.node_key = signatures_.key_pair_from(identity.node_secret).public_key;
  statement.bytes_given = 4 * kGibibyte;
  membership::prove_node_key(signatures_, ring, statement, identity.node_secret);
  const crypto::SigningKeyPair person = signatures_.key_pair_from(identity.person_secret);
  const wire::Statement signed_statement = membership::sign_statement(signatures_, ring, statement, person);
  identity.proof.push_back(signed_statement);
  Machine* contact = nullptr;
  while ((contact = any_live_machine()) == nullptr) co_await world_.sleep(kAskAgain);
  contact->node().membership().learn(identity.proof, {});
  CHECK(membership::save_statements(machine.disk(), contact->node().membership().roster().statements()));
  for (const wire::Statement& known : identity.proof) (void)founders_notes_->add(known);
  const membership::Member* member = founders_notes_->find_by_node_key(statement.node_key);
  CHECK(member != nullptr);
  identity.member = member->id;
  machine.set_identity(std::move(identity));
}

// The design promises that nothing is lost while fewer machines go at a time than there are copies.
// Life keeps to that: whoever has the last copy of something stays until repair has made another.
bool ChurnRun::may_be_spared(Machine& machine) {
  const HasCopy others_have_it = [&](std::uint32_t other, const wire::ChunkAddress& address) {
    return other != machine.index() && machines_[other]->has_copy(address);
  };
  for (std::uint32_t number = 0; number < ledger_.pack_count(); ++number) {
    for (const StoredChunk& chunk : ledger_.pack(number).chunks) {
      const bool concerned = chunk.acknowledged && chunk.on_disks.contains(machine.index());
      if (concerned && copies_of(chunk, others_have_it) == 0) return false;
    }
  }
  return true;
}

bool ChurnRun::announce_departure(Machine& machine) {
  Machine* speaker = machine.is_live() ? &machine : any_live_machine();
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

Task<void> ChurnRun::leave(Machine& machine, LifeEvent event) {
  while (!may_be_spared(machine)) co_await world_.sleep(kWaitToLeave);
  ++report_.departures;
  machine.begin_to_go();
  if (event.kind == LifeKind::leave) {
    announce_departure(machine);
    co_await world_.sleep(kNews);
    co_await machine.stop();
    machine.go(false);
    co_return;
  }
  machine.go(true);
  unannounced_.insert(machine.index());
  co_await world_.sleep(event.away);
  while (!announce_departure(machine)) co_await world_.sleep(kAskAgain);
  unannounced_.erase(machine.index());
}

}  // namespace peerstore::simulator
