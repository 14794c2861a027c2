#include "machine.hpp"

#include <peerstore/link/link_network.hpp>
#include <peerstore/runtime/check.hpp>

namespace peerstore::simulator {

namespace {
constexpr std::size_t kAddressesKept = 8;
constexpr Duration kAskAgain = 30s;

struct ResetAtEnd {
  explicit ResetAtEnd(bool& lowered) : flag(lowered) {}
  ~ResetAtEnd() { flag = false; }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;
  bool& flag;
};
}  // namespace

SimulatedMachine::SimulatedMachine(Surroundings surroundings, MachineLife life, std::uint32_t index,
                                   std::uint64_t seed)
    : surroundings_(surroundings),
      life_(std::move(life)),
      index_(index),
      clock_(surroundings.world),
      random_(seed),
      entropy_(seed + 1),
      disk_({.pool = &surroundings.contents}),
      workers_(clock_),
      commands_(clock_) {}

SimulatedMachine::~SimulatedMachine() {
  if (is_up()) end_process();
}

std::string SimulatedMachine::name() const {
  return "p" + std::to_string(life_.person) + "-laptop" + std::to_string(life_.machine);
}

Result<void> SimulatedMachine::open_facts(FactsOpening& opening) {
  Result<std::unique_ptr<world::DiskDatabase>> opened = opening(disk_, "facts");
  if (!opened) return opened.error();
  database_ = std::move(*opened);
  return {};
}

Task<Result<std::unique_ptr<node::Node>>> SimulatedMachine::open_node(Disk& disk, KeyValue& facts) {
  wire::Network& network = surroundings_.network.endpoint(member());
  const node::Environment environment{clock_,  random_, entropy_, surroundings_.signatures,
                                      network, disk,    facts,    workers_};
  node::Node::Options options;
  options.addresses = {address()};
  const RingTuning& ring = surroundings_.scenario.ring;
  options.chord.successor_list = ring.successor_list;
  options.chord.stabilize_period = ring.stabilize_period;
  options.chord.quiet_period = ring.quiet_period;
  options.chord.suspended_after = ring.suspended_after;
  options.chord.fingers_only = ring.fingers_only;
  const Duration scrub = surroundings_.scenario.disk.scrub;
  if (scrub > 0s) options.scrub = {.contents_period = scrub, .names_period = scrub};
  co_return co_await node::Node::open(environment, *identity_, options);
}

KeyValue& SimulatedMachine::facts() { return database_ ? static_cast<KeyValue&>(*database_) : facts_; }

Task<Result<void>> SimulatedMachine::start() {
  CHECK(identity_ && !is_up() && !starting_ && !gone_);
  starting_ = true;
  const ResetAtEnd no_longer(starting_);
  const bool leveldb = surroundings_.scenario.disk.leveldb;
  if (leveldb) {
    if (auto facts = open_facts(world::DiskDatabase::open); !facts) co_return facts.error();
  }
  equip();
  Result<std::unique_ptr<node::Node>> opened = co_await open_node(disk_, facts());
  if (leveldb && !opened && opened.error().code == Errc::corrupt) {
    // As the daemon does: once more, with a new database.
    database_.reset();
    if (auto facts = open_facts(world::DiskDatabase::begin_anew); !facts) co_return facts.error();
    opened = co_await open_node(disk_, facts());
  }
  if (!opened) {
    database_.reset();
    co_return opened.error();
  }
  node_ = std::move(*opened);
  directory_->use(node_->membership(), surroundings_.signatures);
  if (on_step_) {
    node_->chord().on_step([this] { on_step_(*this); });
  }
  client_network_ = surroundings_.network.client(member(), identity_->person);
  client_ = std::make_unique<replica::ChunkClient>(
      clock_, random_, *client_network_, surroundings_.signatures, node_->view(),
      replica::Writer{identity_->person, identity_->machine, identity_->writer_secret},
      [](const wire::MemberId& id) { return ring::short_name(id); });
  wire::Service* service = node_.get();
  if (lies_) {
    liar_ = std::make_unique<Liar>(
        *node_, clock_, random_, surroundings_.signatures, node_->membership().roster().ring_id(),
        identity_->node_secret, [this] { return node_->chord().state().self(); }, *lies_);
    service = liar_.get();
  }
  surroundings_.network.attach(member(), service, identity_->person);
  if (link::LinkNetwork* const links = surroundings_.network.links_of_process(member())) {
    node_->membership().on_change([links] { links->drop_strangers(); });
    commands_.spawn(find_friends());
  }
  node_->start();
  count_awake_time(true);
  co_return Result<void>();
}

Task<Result<void>> SimulatedMachine::try_disk_of(SimulatedMachine& other) {
  CHECK(!is_up() && !other.is_up());
  equip();
  const Result<std::unique_ptr<node::Node>> opened = co_await open_node(other.disk_, other.facts_);
  if (!opened) co_return opened.error();
  co_return Result<void>();
}

Task<void> SimulatedMachine::stop() {
  commands_.cancel();
  if (is_live()) count_awake_time(false);
  stopping_ = true;
  co_await node_->stop();
  end_process();
}

void SimulatedMachine::crash(bool power_failed) {
  end_process();
  if (!power_failed) return;
  disk_.crash(random_);
  facts_.crash();
}

void SimulatedMachine::move() {
  ++moves_;
  surroundings_.network.set_address(member(), address());
  if (is_up()) node_->set_addresses({address()});
}

// The network gets an empty directory, and lets go of the one before.
void SimulatedMachine::equip() {
  auto fresh = std::make_unique<node::RosterDirectory>(clock_, membership::ring_id_of(identity_->root_key),
                                                       identity_->proof);
  const crypto::SigningKeyPair key = surroundings_.signatures.key_pair_from(identity_->node_secret);
  surroundings_.network.equip(member(), {clock_, *fresh, key.public_key, address()});
  directory_ = std::move(fresh);
}

// As the daemon does with the addresses that it kept, until somebody tells it about the ring.
Task<void> SimulatedMachine::find_friends() {
  for (;;) {
    for (const std::string& friends_address : remembered_addresses_) {
      link::LinkNetwork* const links = surroundings_.network.links_of_process(member());
      const Result<wire::MemberId> found = co_await links->connect(friends_address, std::nullopt);
      if (!found) continue;
      const Result<void> learned = co_await node_->membership().exchange(*found);
      if (learned) co_return;
    }
    Clock& clock = clock_;
    co_await clock.sleep(kAskAgain);
  }
}

void SimulatedMachine::remember_friends() {
  if (!node_) return;
  std::vector<std::string> known;
  for (const wire::MemberId& friend_id : node_->membership().live_members()) {
    const wire::Presence* presence = node_->membership().presence(friend_id);
    if (presence == nullptr || presence->addresses.empty()) continue;
    known.push_back(presence->addresses.front());
    if (known.size() == kAddressesKept) break;
  }
  if (!known.empty()) remembered_addresses_ = std::move(known);
}

std::string SimulatedMachine::address() const {
  return name() + (moves_ == 0 ? "" : "-" + std::to_string(moves_)) + ":7000";
}

void SimulatedMachine::wipe() {
  CHECK(!is_up());
  disk_.wipe();
  facts_.wipe();
  forgot_ = true;
}

void SimulatedMachine::set_lies(std::optional<Lies> lies) {
  lies_ = lies;
  if (liar_) liar_->set_lies(lies.value_or(Lies{}));
}

// Called before it falls asleep or ends, and after it woke or started.
void SimulatedMachine::count_awake_time(bool awake) {
  const TimePoint now = surroundings_.world.now();
  if (!awake) awake_before_ += now - awake_since_;
  awake_since_ = now;
}

Duration SimulatedMachine::awake_time() const {
  return awake_before_ + (is_live() ? surroundings_.world.now() - awake_since_ : Duration::zero());
}

void SimulatedMachine::end_process() {
  if (is_live()) count_awake_time(false);
  stopping_ = false;
  remember_friends();
  commands_.cancel();
  surroundings_.network.detach(member());
  client_.reset();
  client_network_.reset();
  liar_.reset();
  equip();  // questions on their way must find no trace of the node that ends
  node_.reset();
  database_.reset();
}

void SimulatedMachine::sleep() {
  count_awake_time(false);
  clock_.sleep();
  surroundings_.network.set_asleep(member(), true);
}

void SimulatedMachine::wake() {
  surroundings_.network.set_asleep(member(), false);
  clock_.wake();
  count_awake_time(true);
}

void SimulatedMachine::go(bool lost) {
  if (is_up()) end_process();
  gone_ = true;
  if (!lost) return;
  disk_.wipe();
  facts_.wipe();
}

namespace {
std::string path_of(const wire::ChunkAddress& address) {
  const std::string name = to_hex(address.view());
  return "chunks/" + name.substr(0, 2) + "/" + name;
}
}  // namespace

bool SimulatedMachine::has_file(const wire::ChunkAddress& address) const {
  return !gone_ && disk_.survives_crash(path_of(address));
}

bool SimulatedMachine::has_copy(const wire::ChunkAddress& address) const {
  return !going_ && !gone_ && disk_.survives_crash(path_of(address));
}

bool SimulatedMachine::has_good_copy(const wire::ChunkAddress& address) const {
  return !disk_in_doubt_ && has_copy(address) && disk_.is_intact(path_of(address));
}

MemberSnapshot SimulatedMachine::ring_snapshot() const {
  const chord::RingState& state = node_->chord().state();
  MemberSnapshot snapshot;
  snapshot.self = state.self();
  snapshot.phase = state.phase();
  snapshot.predecessor = state.predecessor();
  snapshot.successors = state.successors();
  return snapshot;
}

MemberSnapshot SimulatedMachine::snapshot() const {
  MemberSnapshot snapshot = ring_snapshot();
  snapshot.roster_digest = node_->membership().roster().digest();
  snapshot.members_believed_live = node_->membership().live_members().size();
  return snapshot;
}

void SimulatedMachine::on_disk_call(DiskObserver observer) {
  disk_.faults().set_rule([this, observer = std::move(observer)](
                              world::Operation operation, std::string_view path) -> std::optional<Error> {
    observer(*this, operation, path);
    return std::nullopt;
  });
}

}  // namespace peerstore::simulator
