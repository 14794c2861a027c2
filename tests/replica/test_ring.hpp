// A ring of holders for the tests of replica/: real services, stores and repair over the virtual
// network, with a roster that the test changes at will, and holders that lie when told to.
#pragma once

#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/replica/chunk_client.hpp>
#include <peerstore/replica/chunk_service.hpp>
#include <peerstore/replica/head_signature.hpp>
#include <peerstore/replica/repair.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <peerstore/world/virtual_key_value.hpp>
#include <peerstore/world/virtual_network.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace peerstore::replica::test {

// What everybody in the test knows about the ring.
struct Truth {
  struct Member {
    wire::PersonNumber person = 0;
    std::uint8_t colour = 0;
    crypto::SigningPublicKey node_key;
    std::uint64_t incarnation = 1;
    Standing standing = Standing::live;
    std::uint32_t machine = 0;
    crypto::SigningPublicKey writer_key;
    std::vector<crypto::SigningPublicKey> former_writers = {};
    bool is_draining = false;
    bool is_full = false;  // as all have heard
  };
  const Member* machine_of(wire::PersonNumber person, std::uint32_t machine) const {
    for (const auto& [id, member] : members) {
      if (member.person == person && member.machine == machine) return &member;
    }
    return nullptr;
  }
  placement::Policy policy;
  std::map<wire::MemberId, Member> members;
  std::map<wire::PersonNumber, crypto::SigningPublicKey> persons;
  std::map<wire::PersonNumber, std::uint64_t> quotas;
  std::shared_ptr<const placement::Map> map;
  wire::RingId ring_id{{{7}}};

  void changed() {
    std::vector<placement::Machine> machines;
    for (const auto& [id, member] : members) {
      if (member.standing == Standing::gone) continue;
      const std::uint64_t given = member.is_draining ? 0 : std::uint64_t{8} << 30;
      machines.push_back({id, member.person, member.colour, given});
    }
    map = std::make_shared<placement::Map>(policy, std::move(machines));
  }
};

class TruthfulView final : public RingView {
 public:
  explicit TruthfulView(const Truth& truth) : truth_(truth) {}
  std::shared_ptr<const placement::Map> map() const override {
    ++maps_asked;
    return truth_.map;
  }
  bool is_full(const wire::MemberId& member) const override {
    return truth_.members.contains(member) && truth_.members.at(member).is_full;
  }
  Standing standing(const wire::MemberId& member) const override {
    return truth_.members.contains(member) ? truth_.members.at(member).standing : Standing::gone;
  }
  std::uint64_t incarnation(const wire::MemberId& member) const override {
    return truth_.members.contains(member) ? truth_.members.at(member).incarnation : 0;
  }
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& member) const override {
    if (!truth_.members.contains(member)) return std::nullopt;
    return truth_.members.at(member).node_key;
  }
  std::optional<crypto::SigningPublicKey> writer_key(wire::PersonNumber person,
                                                     std::uint32_t machine) const override {
    const Truth::Member* const member = truth_.machine_of(person, machine);
    if (member == nullptr || member->standing == Standing::gone) return std::nullopt;
    return member->writer_key;
  }
  std::vector<crypto::SigningPublicKey> former_writer_keys(wire::PersonNumber person,
                                                           std::uint32_t machine) const override {
    const Truth::Member* const member = truth_.machine_of(person, machine);
    if (member == nullptr) return {};
    std::vector<crypto::SigningPublicKey> former = member->former_writers;
    if (member->standing == Standing::gone) former.push_back(member->writer_key);
    return former;
  }
  std::optional<std::uint64_t> bytes_quota(wire::PersonNumber person) const override {
    const auto quota = truth_.quotas.find(person);
    return quota == truth_.quotas.end() ? std::uint64_t{1} << 40 : quota->second;
  }
  std::optional<crypto::SigningPublicKey> person_key(wire::PersonNumber person) const override {
    if (!truth_.persons.contains(person)) return std::nullopt;
    return truth_.persons.at(person);
  }
  std::optional<wire::PersonNumber> person_of(const wire::MemberId& member) const override {
    if (!truth_.members.contains(member)) return std::nullopt;
    return truth_.members.at(member).person;
  }
  wire::RingId ring_id() const override { return truth_.ring_id; }

  mutable std::uint64_t maps_asked = 0;

 private:
  const Truth& truth_;
};

// One machine that serves chunks. `tamper` may change any answer before it leaves, `mishear` any question;
// `delay` holds answers back.
class Holder final : public wire::Service {
 public:
  using Tamper = std::function<void(const wire::Request&, Result<wire::Response>&)>;

  Holder(world::VirtualClock& clock, Random& random, crypto::Signatures& signatures, wire::Network& network,
         const RingView& view, wire::MemberId id, wire::PersonNumber person, crypto::SigningSecretKey secret,
         std::uint64_t capacity)
      : clock_(clock),
        random_(random),
        signatures_(signatures),
        network_(network),
        view_(view),
        id_(id),
        person_(person),
        secret_(secret),
        workers_(clock) {
    store::ChunkStore::Options options;
    options.capacity = capacity;
    chunks = clock.run(store::ChunkStore::open(clock, disk_, facts_, workers_, options)).value();
    heads = clock.run(store::HeadStore::open(disk_, workers_)).value();
    begin_anew();
  }

  // Its chunks lie in this store from now on.
  void use(std::unique_ptr<store::ChunkStore> other) {
    service.reset();
    repair.reset();
    chunks = std::move(other);
    begin_anew();
  }

  // As after a restart of its process: what was only in memory is gone. Nobody's question may be under way.
  void begin_anew() {
    service.reset();
    repair.reset();
    repair = std::make_unique<Repair>(clock_, random_, salts_, signatures_, network_, view_, *chunks, *heads,
                                      id_, person_, repair_options);
    chunks->on_change([this](const store::ChunkFacts& facts, store::ChunkStore::Change change) {
      repair->chunk_changed(facts, change);
    });
    ChunkService::Self self{person_, secret_, [this] { return wire::NodeRef{id_, view_.incarnation(id_)}; }};
    service =
        std::make_unique<ChunkService>(clock_, signatures_, network_, view_, *chunks, *heads, std::move(self),
                                       [this](wire::MemberId from, std::vector<wire::ChunkAddress> lacking) {
                                         repair->offered(from, std::move(lacking));
                                       });
  }

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override {
    ++served[request.index()];
    const wire::Request asked = request;
    if (mishear) mishear(request);
    Result<wire::Response> answer = co_await dispatch(caller, std::move(request));
    if (delay) co_await clock_.sleep(delay(asked));
    if (tamper) tamper(asked, answer);
    co_return answer;
  }

  std::vector<store::ChunkFacts> held() {
    std::vector<store::ChunkFacts> held;
    const Result<void> visited = chunks->for_each([&held](const store::ChunkFacts& facts) {
      held.push_back(facts);
      return true;
    });
    CHECK(visited.has_value());
    return held;
  }
  bool has(const wire::ChunkAddress& address) { return chunks->find(address).has_value(); }

  // Nobody is told, and the store does not know. `segment` alone is damaged; of nothing the file is gone.
  void spoil(const wire::ChunkAddress& address, std::optional<std::uint32_t> segment) {
    if (!segment) CHECK(disk_.remove(path_of(address)).has_value());
    if (segment) flip(address, 4096 + *segment * std::uint64_t{wire::kSegmentBytes} + 5);
  }
  void flip(const wire::ChunkAddress& address, std::uint64_t byte) {
    CHECK(disk_.flip_bit(path_of(address), byte, 3));
  }

  const wire::MemberId& id() const { return id_; }
  wire::PersonNumber person() const { return person_; }
  const crypto::SigningSecretKey& secret() const { return secret_; }

  Tamper tamper;
  std::function<void(wire::Request&)> mishear;
  std::function<Duration(const wire::Request&)> delay;
  Repair::Options repair_options;          // from its next life on
  std::map<std::size_t, unsigned> served;  // questions by kind
  std::unique_ptr<store::ChunkStore> chunks;
  std::unique_ptr<store::HeadStore> heads;
  std::unique_ptr<Repair> repair;
  std::unique_ptr<ChunkService> service;

 private:
  Task<Result<wire::Response>> dispatch(wire::Caller caller, wire::Request request) {
    return std::visit(
        [this, &caller](auto&& question) -> Task<Result<wire::Response>> {
          using Question = std::remove_cvref_t<decltype(question)>;
          if constexpr (requires { service->serve(caller, std::move(question)); }) {
            return service->serve(caller, std::move(question));
          } else if constexpr (requires { repair->serve(caller, std::move(question)); }) {
            return repair->serve(caller, std::move(question));
          } else {
            return refuse(name_of(wire::Request(Question{})));
          }
        },
        std::move(request));
  }
  static Task<Result<wire::Response>> refuse(std::string_view what) {
    co_return fail(Errc::unsupported, std::string(what));
  }

  static std::string path_of(const wire::ChunkAddress& address) {
    const std::string name = to_hex(address.view());
    return "chunks/" + name.substr(0, 2) + "/" + name;
  }

  world::VirtualClock& clock_;
  Random& random_;
  crypto::Signatures& signatures_;
  wire::Network& network_;
  const RingView& view_;
  wire::MemberId id_;
  wire::PersonNumber person_;
  crypto::SigningSecretKey secret_;
  SeededEntropy salts_{1};
  world::InlineWorkers workers_;
  world::VirtualDisk disk_;
  world::VirtualKeyValue facts_;
};

struct TestChunk {
  wire::ChunkDescription description;
  std::vector<SharedBytes> segments;
  ChunkRef ref;
};

inline TestChunk make_chunk(wire::PersonNumber owner, std::uint8_t chunk_class, std::uint64_t seed,
                            std::uint32_t segments = 2) {
  SeededEntropy entropy(seed);
  TestChunk chunk;
  chunk.ref.token = entropy.make<wire::ReadToken>();
  wire::ChunkHeader& header = chunk.description.header;
  header.chunk_class = chunk_class;
  header.segments = segments;
  header.owner = owner;
  header.placement_key = entropy.make<ring::Id>();
  header.key_commitment = entropy.make<crypto::Hash>();
  header.read_token_hash = read_token_hash(chunk.ref.token);
  for (std::uint32_t i = 0; i < segments; ++i) {
    Bytes bytes(wire::kSegmentBytes);
    entropy.fill(bytes);
    chunk.description.leaves.push_back(crypto::merkle_leaf(bytes));
    chunk.segments.emplace_back(std::move(bytes));
  }
  chunk.ref.address = wire::address_of(chunk.description);
  chunk.ref.placement_key = header.placement_key;
  chunk.ref.chunk_class = chunk_class;
  chunk.ref.owner = owner;
  return chunk;
}

// Person n has colour n mod 5 and one machine, "m<n>"; person 0 is the owner in most tests.
class TestRing {
 public:
  static constexpr std::uint64_t kRoom = std::uint64_t{1} << 30;

  explicit TestRing(std::size_t persons, std::uint8_t copies = 3, std::uint64_t seed = 1,
                    std::uint64_t capacity = kRoom)
      : random(seed), entropy(seed + 1), hub(clock, seed + 2), view(truth) {
    truth.policy.copies = copies;
    for (std::size_t i = 0; i < persons; ++i) {
      add(static_cast<wire::PersonNumber>(i), static_cast<std::uint8_t>(i % wire::kClasses), capacity);
    }
  }

  ~TestRing() {
    for (const auto& holder : holders) hub.detach(holder->id());
  }

  Holder& add(wire::PersonNumber person, std::uint8_t colour, std::uint64_t capacity = kRoom) {
    const auto id = entropy.make<wire::MemberId>();
    const crypto::SigningKeyPair keys = signatures.make_key_pair(entropy);
    const crypto::SigningKeyPair writer_keys = signatures.make_key_pair(writer_entropy_);
    std::uint32_t machine = 0;
    while (truth.machine_of(person, machine) != nullptr) ++machine;
    truth.members[id] = {person, colour, keys.public_key, 1, Standing::live, machine, writer_keys.public_key};
    writers.push_back({person, machine, writer_keys.secret_key});
    if (!truth.persons.contains(person)) {
      person_keys[person] = signatures.make_key_pair(entropy);
      truth.persons[person] = person_keys[person].public_key;
    }
    truth.changed();
    names[id] = "m" + std::to_string(holders.size());
    holders.push_back(std::make_unique<Holder>(clock, random, signatures, hub.endpoint(id), view, id, person,
                                               keys.secret_key, capacity));
    hub.attach(id, holders.back().get(), person);
    return *holders.back();
  }

  // A client of the owner of machine `machine`.
  ChunkClient& client(std::size_t machine = 0) {
    auto& slot = clients[machine];
    if (!slot.client) {
      slot.network = hub.client(holders[machine]->id(), holders[machine]->person());
      slot.client =
          std::make_unique<ChunkClient>(clock, random, *slot.network, signatures, view, writers[machine],
                                        [this](const wire::MemberId& member) { return names.at(member); });
    }
    return *slot.client;
  }

  Holder& holder(const wire::MemberId& id) {
    for (const auto& holder : holders) {
      if (holder->id() == id) return *holder;
    }
    CHECK(false);
    std::abort();
  }

  std::vector<wire::MemberId> preference(const TestChunk& chunk) const {
    return truth.map->preference_list({chunk.ref.placement_key, chunk.ref.chunk_class, chunk.ref.owner});
  }

  // As the machine of this place in the ring would sign it.
  wire::Lease lease(const TestChunk& chunk, std::size_t machine = 0, std::uint64_t number = 1) {
    return sign_lease(signatures, truth.ring_id, writers[machine], chunk.ref.address, number);
  }
  wire::PutBegin begin(const TestChunk& chunk, std::size_t machine = 0, std::uint64_t number = 1) {
    return {chunk.description, lease(chunk, machine, number), 0};
  }

  // As this machine of the person would sign it.
  wire::Head head(wire::PersonNumber person, std::uint32_t machine, std::uint64_t version,
                  std::uint8_t content = 1) {
    const auto writer = std::ranges::find_if(
        writers, [&](const Writer& one) { return one.person == person && one.machine == machine; });
    CHECK(writer != writers.end());
    wire::Head head{person, machine, version, {}, SharedBytes(Bytes(100, content)), {}};
    sign_head(signatures, truth.ring_id, *writer, head);
    return head;
  }
  // The machine of this place in the ring has another writer key from now on.
  void rekey(std::size_t machine) {
    const crypto::SigningKeyPair keys = signatures.make_key_pair(writer_entropy_);
    Truth::Member& member = truth.members.at(holders[machine]->id());
    member.former_writers.push_back(std::exchange(member.writer_key, keys.public_key));
    writers[machine].secret = keys.secret_key;
    clients.erase(machine);
  }

  Result<PutOutcome> put(const TestChunk& chunk, std::size_t machine = 0) {
    return clock.run(client(machine).put(chunk.description, chunk.segments));
  }

  // The machine sleeps, and everybody knows.
  void sleep(const wire::MemberId& id) {
    hub.set_asleep(id, true);
    truth.members[id].standing = Standing::away;
  }
  void wake(const wire::MemberId& id) {
    hub.set_asleep(id, false);
    truth.members[id].standing = Standing::live;
    ++truth.members[id].incarnation;
  }
  // Its process ends and begins again, with what is on its disk, and everybody knows.
  void restart(Holder& one) {
    hub.detach(one.id());
    one.begin_anew();
    hub.attach(one.id(), &one, one.person());
    ++truth.members[one.id()].incarnation;
    one.repair->start();
  }
  // The machine is gone for good, and everybody knows.
  void depart(const wire::MemberId& id) {
    hub.set_asleep(id, true);
    truth.members[id].standing = Standing::gone;
    truth.changed();
    for (const auto& holder : holders) holder->repair->ring_changed();
  }
  // It gives no space from now on.
  void drain(const wire::MemberId& id) {
    truth.members[id].is_draining = true;
    truth.changed();
    for (const auto& holder : holders) holder->repair->ring_changed();
  }
  void start_repair() {
    for (const auto& holder : holders) holder->repair->start();
  }

  // Machines that hold the chunk and have not departed.
  std::vector<wire::MemberId> holders_of(const TestChunk& chunk) {
    std::vector<wire::MemberId> found;
    for (const auto& holder : holders) {
      if (truth.members[holder->id()].standing == Standing::gone) continue;
      if (holder->has(chunk.ref.address)) found.push_back(holder->id());
    }
    return found;
  }

  bool nobody_breaks_the_rule() {
    for (const auto& holder : holders) {
      for (const store::ChunkFacts& facts : holder->held()) {
        if (facts.header.owner == holder->person()) return false;
        if (truth.policy.colours > 0 && facts.header.chunk_class == truth.members[holder->id()].colour) {
          return false;
        }
      }
    }
    return true;
  }

  unsigned served(std::size_t kind) const {
    unsigned sum = 0;
    for (const auto& holder : holders) {
      const auto count = holder->served.find(kind);
      if (count != holder->served.end()) sum += count->second;
    }
    return sum;
  }

  world::VirtualClock clock;
  SeededRandom random;
  SeededEntropy entropy;
  crypto::SimulatedSignatures signatures;
  world::VirtualNetwork hub;
  Truth truth;
  TruthfulView view;
  std::map<wire::MemberId, std::string> names;
  std::map<wire::PersonNumber, crypto::SigningKeyPair> person_keys;
  std::vector<std::unique_ptr<Holder>> holders;
  std::vector<Writer> writers;  // of the holders' persons

 private:
  struct Client {
    std::unique_ptr<wire::Network> network;
    std::unique_ptr<ChunkClient> client;
  };
  std::map<std::size_t, Client> clients;
  SeededEntropy writer_entropy_{99};
};

// The place of a kind of question in wire::Request.
template <class Question>
std::size_t kind_of() {
  return wire::Request(Question{}).index();
}

}  // namespace peerstore::replica::test
