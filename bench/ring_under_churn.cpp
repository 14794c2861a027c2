// The ring under churn, measured: whole nodes over the virtual network, up and down for
// exponential times (half of the ends crashes, half sleep), while everybody looks up random keys.
//
//   ring_under_churn [--machines N] [--up SECONDS] [--down SECONDS] [--asleep SHARE] [--warm MINUTES]
//                    [--minutes N] [--lookup-every SECONDS] [--seed N] [--still] [--fingers]
//
// Right: the true successor among live members, at the time of the answer or of the question.
// Bytes are those that the codec makes, with the frame: of every question asked, heard or not, and of
// every answer given.
#include <peerstore/membership/invitation.hpp>
#include <peerstore/node/node.hpp>
#include <peerstore/wire/codec.hpp>
#include <peerstore/world/latency.hpp>
#include <peerstore/world/machine_clock.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <peerstore/world/virtual_key_value.hpp>
#include <peerstore/world/virtual_network.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::bench {
namespace {

constexpr std::size_t kFrame = 28;
constexpr std::uint64_t kGiven = std::uint64_t{1} << 30;

struct Plan {
  unsigned machines = 1000;
  double up = 3600;
  double down = 3600;
  double asleep = 0.5;  // share of the ends that are sleep, not a crash
  double warm_minutes = 30;
  double minutes = 30;
  double lookup_every = 600;
  double loss = 0;
  std::uint64_t seed = 1;
  bool still = false;    // nobody goes down
  bool fingers = false;  // nobody uses the whole roster
};

struct Sent {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
};
using Traffic = std::map<std::string, Sent>;

class CountingNetwork final : public wire::Network {
 public:
  CountingNetwork(wire::Network& network, Traffic& traffic) : network_(network), traffic_(traffic) {}
  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override {
    Sent& count = traffic_[std::string(wire::name_of(request))];
    ++count.messages;
    count.bytes += kFrame + wire::encode(request).message.size();
    return network_.call(peer, std::move(request), patience);
  }

 private:
  wire::Network& network_;
  Traffic& traffic_;
};

class CountingService final : public wire::Service {
 public:
  CountingService(wire::Service& service, Traffic& traffic) : service_(service), traffic_(traffic) {}
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override {
    Sent& count = traffic_["-> " + std::string(wire::name_of(request))];
    Result<wire::Response> answer = co_await service_.serve(caller, std::move(request));
    ++count.messages;
    count.bytes += kFrame + wire::encode(answer).message.size();
    co_return answer;
  }

 private:
  wire::Service& service_;
  Traffic& traffic_;
};

struct Machine {
  Machine(Clock& world, world::ContentPool& pool, std::uint64_t seed)
      : clock(world), random(seed), entropy(seed + 1), disk({.pool = &pool}), workers(clock), owner(clock) {}
  world::MachineClock clock;
  SeededRandom random;
  SeededEntropy entropy;
  world::VirtualDisk disk;
  world::VirtualKeyValue facts;
  world::InlineWorkers workers;
  membership::Identity identity;
  std::unique_ptr<CountingNetwork> network;
  std::unique_ptr<node::Node> node;
  std::unique_ptr<CountingService> service;
  TaskScope owner;
  TimePoint up_since;
  bool is_live() const { return node && !clock.asleep(); }
  bool is_member() const { return is_live() && node->chord().state().is_member(); }
};

struct Tally {
  std::uint64_t lookups = 0;
  std::uint64_t first_call = 0;  // right, and at most one question
  std::uint64_t wrong = 0;       // never the true successor while it was looked for
  std::uint64_t failed = 0;
  std::uint64_t failed_after_retry = 0;  // failed or wrong, and again when asked again after a second
  std::uint64_t hops = 0;
  std::map<unsigned, std::uint64_t> by_hops;
  double seconds = 0;
  double slowest = 0;
};

class Run {
 public:
  explicit Run(const Plan& plan)
      : plan_(plan),
        random_(plan.seed),
        entropy_(plan.seed + 1),
        hub_(world_, plan.seed, weather_of(plan)),
        life_(world_) {}
  ~Run() {
    life_.cancel();
    for (auto& machine : machines_) end(*machine);
  }

  void run() {
    const auto began = std::chrono::steady_clock::now();
    make_ring();
    for (auto& machine : machines_) life_.spawn(live(*machine));
    world_.run_for(minutes(plan_.warm_minutes));
    reset();
    const auto measured = std::chrono::steady_clock::now();
    counting_ = true;
    world_.run_for(minutes(plan_.minutes));
    counting_ = false;
    for (auto& machine : machines_) note_down(*machine);
    report(std::chrono::duration<double>(measured - began).count(),
           std::chrono::duration<double>(std::chrono::steady_clock::now() - measured).count());
  }

 private:
  static world::VirtualNetwork::Options weather_of(const Plan& plan) {
    world::VirtualNetwork::Options options;
    options.loss = plan.loss;
    options.latency = world::regional_latency(plan.seed);
    return options;
  }
  static Duration minutes(double count) { return Duration(static_cast<Duration::rep>(count * 60e9)); }
  Duration drawn(double mean) {
    const double seconds = -std::log(1 - random_.unit()) * mean;
    return Duration(static_cast<Duration::rep>(seconds * 1e9));
  }

  void make_ring() {
    membership::PolicyStatement policy;
    policy.ring_name = "measured";
    std::unique_ptr<membership::Roster> roster;
    for (unsigned i = 0; i < plan_.machines; ++i) {
      machines_.push_back(std::make_unique<Machine>(world_, pool_, plan_.seed * 1'000'003 + 7 * i));
      membership::Identity& identity = machines_.back()->identity;
      const std::string name = "p" + std::to_string(i);
      if (i == 0) {
        identity = membership::found_ring(signatures_, entropy_, policy, name, name, kGiven);
        roster = std::make_unique<membership::Roster>(signatures_, identity.root_key);
      } else {
        const auto made = membership::make_invitation(signatures_, entropy_, machines_[0]->identity, *roster,
                                                      roster->next_person(), name, 0);
        CHECK(roster->add(made->statement).has_value());
        membership::InvitationLink link;
        link.root_key = machines_[0]->identity.root_key;
        link.token = made->token;
        link.person = made->person;
        identity = membership::claim_invitation(signatures_, entropy_, link, name, name, kGiven);
      }
      for (const wire::Statement& statement : identity.proof) CHECK(roster->add(statement).has_value());
    }
    const std::vector<wire::Statement> statements = roster->statements();
    for (auto& machine : machines_) {
      if (machine != machines_.front()) {
        machine->identity.member = membership::member_id_of(
            roster->ring_id(), roster->invitation(machine->identity.person)->position_seed,
            machine->identity.person, 0);
        const std::vector<wire::Statement> proof = roster->proof_of(machine->identity.member);
        machine->identity.proof.insert(machine->identity.proof.begin(), proof.begin(), proof.begin() + 1);
      }
      CHECK(membership::save_statements(machine->disk, statements).has_value());
      machine->network = std::make_unique<CountingNetwork>(hub_.endpoint(machine->identity.member), traffic_);
    }
    reference_ = std::move(roster);
  }

  Task<void> begin(Machine& machine) {
    const node::Environment environment{machine.clock,    machine.random, machine.entropy, signatures_,
                                        *machine.network, machine.disk,   machine.facts,   machine.workers};
    node::Node::Options options;
    options.addresses = {machine.identity.person_name + ".example:7000"};
    options.chord.fingers_only = plan_.fingers;
    Result<std::unique_ptr<node::Node>> opened =
        co_await node::Node::open(environment, machine.identity, options);
    CHECK(opened.has_value());
    machine.node = std::move(*opened);
    machine.service = std::make_unique<CountingService>(*machine.node, traffic_);
    hub_.attach(machine.identity.member, machine.service.get(), machine.identity.person);
    machine.node->start();
    machine.owner.spawn(look_things_up(machine));
    machine.up_since = world_.now();
  }
  void end(Machine& machine) {
    if (!machine.node) return;
    machine.owner.cancel();
    hub_.detach(machine.identity.member);
    machine.node.reset();
    machine.service.reset();
  }
  void note_down(Machine& machine) {
    if (machine.is_live())
      live_seconds_ += std::chrono::duration<double>(world_.now() - machine.up_since).count();
    machine.up_since = world_.now();
  }
  void reset() {
    for (auto& machine : machines_) note_down(*machine);
    live_seconds_ = 0;
    for (auto& [name, count] : traffic_) count = {};
    events_before_ = world_.events();
  }

  // Everybody is up a moment after the start, or begins down if that is its share of the time.
  Task<void> live(Machine& machine) {
    const double share_up = plan_.up / (plan_.up + plan_.down);
    const bool begins_down = !plan_.still && random_.unit() > share_up;
    if (begins_down)
      co_await world_.sleep(drawn(plan_.down));
    else
      co_await world_.sleep(drawn(10));
    for (;;) {
      if (!machine.node) co_await begin(machine);
      if (plan_.still) co_return;
      co_await world_.sleep(drawn(plan_.up));
      note_down(machine);
      ++ends_;
      const bool sleeps = random_.unit() < plan_.asleep;
      if (sleeps) {
        machine.clock.sleep();
        hub_.set_asleep(machine.identity.member, true);
      } else {
        end(machine);
      }
      co_await world_.sleep(drawn(plan_.down));
      machine.up_since = world_.now();
      if (!sleeps) continue;
      hub_.set_asleep(machine.identity.member, false);
      machine.clock.wake();
    }
  }

  Task<void> look_things_up(Machine& machine) {
    Clock& clock = machine.clock;
    for (;;) {
      const Duration wait = drawn(plan_.lookup_every);
      co_await clock.sleep(wait);
      if (!counting_ || !machine.is_member()) continue;
      const ring::Id key = entropy_.make<ring::Id>();
      const bool good = co_await look_up(machine, key, tally_);
      if (good || !machine.is_live()) continue;
      co_await clock.sleep(1s);
      Tally second;
      const bool in_the_end = co_await look_up(machine, key, second);
      if (!in_the_end) ++tally_.failed_after_retry;
    }
  }
  Task<bool> look_up(Machine& machine, ring::Id key, Tally& tally) {
    const wire::MemberId true_before = true_successor(key);
    const TimePoint began = world_.now();
    const auto found = co_await machine.node->chord().find_successor(key);
    const double took = std::chrono::duration<double>(world_.now() - began).count();
    if (took > 60) co_return true;  // its lid was closed meanwhile
    ++tally.lookups;
    tally.seconds += took;
    tally.slowest = std::max(tally.slowest, took);
    if (!found) {
      ++tally.failed;
      co_return false;
    }
    tally.hops += found->hops;
    ++tally.by_hops[found->hops];
    const bool right = found->successor.id == true_successor(key) || found->successor.id == true_before;
    if (!right) ++tally.wrong;
    if (right && found->hops <= 1) ++tally.first_call;
    co_return right;
  }
  wire::MemberId true_successor(const ring::Id& key) const {
    wire::MemberId nearest;
    ring::Id least;
    bool any = false;
    for (const auto& machine : machines_) {
      if (!machine->is_member()) continue;
      const ring::Id distance = ring::distance(key, machine->identity.member);
      if (any && distance >= least) continue;
      any = true;
      least = distance;
      nearest = machine->identity.member;
    }
    return nearest;
  }

  void report(double warm_wall, double wall) {
    const auto share = [&](std::uint64_t part) {
      return 100.0 * static_cast<double>(part) /
             static_cast<double>(std::max<std::uint64_t>(tally_.lookups, 1));
    };
    std::size_t members = 0;
    for (const auto& machine : machines_) members += machine->is_member() ? 1 : 0;
    std::printf("machines %u, members at the end %zu, mean live %.0f, ends %llu, seed %llu\n", plan_.machines,
                members, live_seconds_ / (plan_.minutes * 60), static_cast<unsigned long long>(ends_),
                static_cast<unsigned long long>(plan_.seed));
    std::printf(
        "lookups %llu: right on the first call %.3f %%, wrong %.3f %%, failed %.3f %%, bad after a retry "
        "%.3f %%\n",
        static_cast<unsigned long long>(tally_.lookups), share(tally_.first_call), share(tally_.wrong),
        share(tally_.failed), share(tally_.failed_after_retry));
    std::printf("hops mean %.3f; seconds mean %.3f, max %.1f; hops:",
                static_cast<double>(tally_.hops) /
                    static_cast<double>(std::max<std::uint64_t>(1, tally_.lookups - tally_.failed)),
                tally_.seconds / static_cast<double>(std::max<std::uint64_t>(1, tally_.lookups)),
                tally_.slowest);
    for (const auto& [hops, count] : tally_.by_hops)
      std::printf(" %u:%llu", hops, static_cast<unsigned long long>(count));
    std::uint64_t bytes = 0;
    std::printf("\n");
    for (const auto& [name, count] : traffic_) {
      bytes += count.bytes;
      if (count.messages == 0) continue;
      std::printf("  %-20s %8.2f B/s a node, %8.4f /s, %8.0f B each\n", name.c_str(),
                  static_cast<double>(count.bytes) / live_seconds_,
                  static_cast<double>(count.messages) / live_seconds_,
                  static_cast<double>(count.bytes) / static_cast<double>(count.messages));
    }
    std::printf("bytes sent: %.1f B/s a live node\n", static_cast<double>(bytes) / live_seconds_);
    unsigned with_fingers = 0;
    for (const auto& machine : machines_) {
      with_fingers += machine->is_member() && machine->node->chord().fingers_only() ? 1 : 0;
    }
    std::printf("with fingers only: %u\n", with_fingers);
    std::printf("wall: warm %.1f s, measured %.1f s, %.2f M events\n", warm_wall, wall,
                static_cast<double>(world_.events() - events_before_) / 1e6);
  }

  Plan plan_;
  world::VirtualClock world_;
  SeededRandom random_;
  SeededEntropy entropy_;
  crypto::SimulatedSignatures signatures_;
  world::ContentPool pool_;
  world::VirtualNetwork hub_;
  Traffic traffic_;
  std::unique_ptr<membership::Roster> reference_;  // keeps the shared state
  std::vector<std::unique_ptr<Machine>> machines_;
  Tally tally_;
  bool counting_ = false;
  double live_seconds_ = 0;
  std::uint64_t ends_ = 0;
  std::uint64_t events_before_ = 0;
  TaskScope life_;
};

}  // namespace
}  // namespace peerstore::bench

int main(int argc, char** argv) {
  using peerstore::bench::Plan;
  Plan plan;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--still") {
      plan.still = true;
      continue;
    }
    if (option == "--fingers") {
      plan.fingers = true;
      continue;
    }
    if (i + 1 == argc) return 2;
    const double value = std::atof(argv[++i]);
    if (option == "--machines")
      plan.machines = static_cast<unsigned>(value);
    else if (option == "--up")
      plan.up = value;
    else if (option == "--down")
      plan.down = value;
    else if (option == "--asleep")
      plan.asleep = value;
    else if (option == "--warm")
      plan.warm_minutes = value;
    else if (option == "--minutes")
      plan.minutes = value;
    else if (option == "--lookup-every")
      plan.lookup_every = value;
    else if (option == "--loss")
      plan.loss = value;
    else if (option == "--seed")
      plan.seed = static_cast<std::uint64_t>(value);
    else
      return 2;
  }
  peerstore::bench::Run(plan).run();
}
