#include <peerstore/world/stream_network.hpp>

#include <peerstore/runtime/check.hpp>

#include <algorithm>

#include "world/stream_connection.hpp"
#include "world/stream_endpoints.hpp"
#include "world/stream_knock.hpp"

namespace peerstore::world {

namespace {
constexpr Duration kSentAgainAfter = 200ms;  // doubled each time
constexpr int kSentAgainMost = 6;
constexpr std::uint64_t kPieceBitsMost = 16;  // 64 KiB
}  // namespace

StreamNetwork::StreamNetwork(Clock& clock, std::uint64_t seed, Options options)
    : clock_(clock), options_(std::move(options)), random_(seed) {
  if (!options_.latency) {
    options_.latency = uniform_latency(seed, options_.latency_least, options_.latency_spread);
  }
  weather_.loss = options_.loss;
  weather_.jitter = options_.jitter;
}

StreamNetwork::~StreamNetwork() {
  knocks_.clear();
  for (auto& machine : machines_) machine->process.reset();
  for (const auto& [id, connection] : std::map(connections_)) connection->kill();
}

StreamNetwork::Machine& StreamNetwork::machine(const wire::MemberId& member) {
  Machine*& known = by_member_[member];
  if (known == nullptr) {
    machines_.push_back(std::make_unique<Machine>(static_cast<std::uint32_t>(machines_.size())));
    known = machines_.back().get();
  }
  return *known;
}

std::uint32_t StreamNetwork::place_of(const wire::MemberId& member) { return machine(member).place; }

const StreamNetwork::Counters& StreamNetwork::counters(const wire::MemberId& member) const {
  static constexpr Counters kNothing;
  const auto found = by_member_.find(member);
  return found == by_member_.end() ? kNothing : found->second->sent;
}

// ---- machines and their processes ----

void StreamNetwork::equip(const wire::MemberId& member, Equipment equipment) {
  Machine& home = machine(member);
  CHECK(home.served == nullptr);
  home.process.reset();
  const std::string address = equipment.address;
  home.equipment.emplace(std::move(equipment));
  set_address(member, address);
}

link::LinkNetwork& StreamNetwork::links_of(Machine& machine) {
  if (machine.process == nullptr) {
    CHECK(machine.equipment.has_value());
    machine.process = std::make_unique<Process>(*this, machine, *machine.equipment, link::Role::node);
  }
  return machine.process->links;
}

wire::Network& StreamNetwork::endpoint(const wire::MemberId& member) {
  Machine& home = machine(member);
  if (!home.endpoint) home.endpoint = std::make_unique<NodeEndpoint>(*this, home);
  return *home.endpoint;
}

std::unique_ptr<wire::Network> StreamNetwork::client(const wire::MemberId& member, wire::PersonNumber) {
  Machine& home = machine(member);
  CHECK(home.equipment.has_value());
  return std::make_unique<ClientEndpoint>(*this, home);
}

std::unique_ptr<wire::Network> StreamNetwork::joiner() {
  return std::make_unique<JoinerEndpoint>(*this, machine(wire::MemberId{}));
}

void StreamNetwork::attach(const wire::MemberId& member, wire::Service* service, wire::PersonNumber) {
  CHECK(service != nullptr);
  Machine& home = machine(member);
  CHECK(home.served == nullptr);
  home.served = std::make_unique<Served>(*this, home, *service);
  links_of(home).serve(*home.served);
}

void StreamNetwork::detach(const wire::MemberId& member) {
  Machine& home = machine(member);
  home.process.reset();
  home.served.reset();
}

bool StreamNetwork::is_attached(const wire::MemberId& member) const {
  const auto found = by_member_.find(member);
  return found != by_member_.end() && found->second->served != nullptr;
}

StreamNetwork::Machine* StreamNetwork::who_answers_at(const std::string& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : found->second;
}

std::shared_ptr<StreamNetwork::Connection> StreamNetwork::connect(Machine& dialler,
                                                                  const crypto::SigningPublicKey& key,
                                                                  Machine& listener) {
  const std::uint64_t id = ++connections_so_far_;
  const std::array<Machine*, 2> machines{&dialler, &listener};
  const std::array<crypto::SigningPublicKey, 2> keys{key, listener.equipment->node_key};
  auto connection = std::make_shared<Connection>(*this, id, machines, keys);
  connections_.emplace(id, connection);
  return connection;
}

// ---- how bytes travel ----

Duration StreamNetwork::delay(const Machine& from, const Machine& to) {
  Duration total = options_.latency->one_way(from.place, to.place);
  if (weather_.jitter > Duration::zero()) {
    const std::uint64_t jitter = random_.below(static_cast<std::uint64_t>(weather_.jitter.count()));
    total += Duration(static_cast<Duration::rep>(jitter));
  }
  return total;
}

TimePoint StreamNetwork::arrival(Machine& from, Machine& to, std::size_t bytes) {
  Duration late{};
  Duration again = kSentAgainAfter;
  for (int times = 0; times < kSentAgainMost && weather_.loss > 0 && random_.unit() < weather_.loss;
       ++times) {
    late += again;
    again *= 2;
  }
  if (weather_.reordering > 0 && random_.unit() < weather_.reordering) {
    const double share = random_.unit();
    late += Duration(static_cast<Duration::rep>(share * static_cast<double>(weather_.delay_most.count())));
  }
  const TimePoint departs = from.up.pass(clock_.now(), bytes);
  return to.down.pass(departs + delay(from, to) + late, bytes);
}

// As many small pieces as large ones.
std::size_t StreamNetwork::piece_size(std::size_t most) {
  const std::uint64_t magnitude = std::uint64_t{1} << random_.below(kPieceBitsMost + 1);
  return std::min<std::size_t>(most, 1 + random_.below(magnitude));
}

bool StreamNetwork::is_corrupted() { return corruption_ > 0 && random_.unit() < corruption_; }

void StreamNetwork::set_corruption(double share, Corruption what) {
  corruption_ = share;
  what_corruption_does_ = what;
}

}  // namespace peerstore::world
