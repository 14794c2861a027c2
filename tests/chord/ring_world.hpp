// RingWorld: ChordNodes on machines that crash, sleep and lose messages, in virtual time, and an
// all-seeing oracle. After each step of any node it checks T0 and that no successor was adopted
// unasked.
#pragma once

#include <peerstore/chord/chord_node.hpp>
#include <peerstore/world/virtual_clock.hpp>

#include <chord/machine.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace peerstore::chord {

// A point on a circle of 256, for scenarios told in small numbers.
inline ring::Id point(unsigned number) {
  ring::Id id;
  id.bytes[0] = static_cast<std::uint8_t>(number);
  return id;
}

class RingWorld final : public Wires {
 public:
  struct Options {
    std::uint64_t seed = 1;
    ChordNode::Options chord;
    Duration latency_least = 5ms;
    Duration latency_spread = 40ms;
    Duration answer_within = 1s;  // a call takes no longer
    double loss = 0;              // of each message
    bool everybody_known = true;  // acquaintances as in a friends' ring, or contacts alone
  };

  explicit RingWorld(Options options) : options_(options), random_(options.seed), exchanges_(clock_) {}
  ~RingWorld() override { machines_.clear(); }

  // ---- what happens ----
  void start(const ring::Id& id, std::vector<ring::Id> contacts = {});
  void crash(const ring::Id& id);
  void restart(const ring::Id& id);
  void sleep(const ring::Id& id) { at(id).clock.sleep_machine(); }
  void wake(const ring::Id& id) { at(id).clock.wake_machine(); }
  // Machines of different sides do not reach one another.
  void set_side(const ring::Id& id, int side) { at(id).side = side; }
  void lose_messages(double share) { options_.loss = share; }
  void run_for(Duration duration) { clock_.run_for(duration); }
  // Runs until `condition`, checked every 100 ms; false if that took longer than `limit`.
  bool run_until(const std::function<bool()>& condition, Duration limit);
  // Members 0, 16, 32 ... with an ideal ring among them.
  std::vector<ring::Id> ideal_ring(unsigned members);

  // ---- what is seen ----
  world::VirtualClock& clock() { return clock_; }
  ChordNode& node(const ring::Id& id) { return *at(id).node; }
  const RingState& state(const ring::Id& id) { return node(id).state(); }
  std::vector<ring::Id> live() const;
  // T2: empty if the ring of all live machines is as it should be, else what is wrong first.
  std::string flaw() const;
  bool ideal() const { return flaw().empty(); }
  ring::Id true_successor(const ring::Id& key) const;
  // Lookups of `key` from every live machine that did not find its true successor.
  unsigned wrong_lookups(const ring::Id& key);
  std::uint64_t messages() const { return messages_; }
  std::set<ring::Id> compared_by(const ring::Id& id) { return at(id).compared; }
  void forget_compared(const ring::Id& id) { at(id).compared.clear(); }
  // As if it were past its byte budget.
  void follow_neighbours_only(const ring::Id& id) {
    at(id).narrow = true;
    at(id).node->set_fingers_only(true);
  }
  bool thinks_away(const ring::Id& id, const ring::Id& other) { return at(id).away.contains(other); }
  void think_away(const ring::Id& id, const ring::Id& other) { at(id).away.insert(other); }
  void think_live(const ring::Id& id, const ring::Id& other) { at(id).away.erase(other); }

  // Called after each step of any node.
  std::function<void(const ChordNode&)> observer;

 private:
  struct Pending {
    OneShot<Result<wire::Response>>* waiting = nullptr;
  };
  Machine& at(const ring::Id& id) { return *machines_.at(id); }
  const Machine& at(const ring::Id& id) const { return *machines_.at(id); }
  static bool serves(const Machine& machine) { return machine.node && !machine.clock.asleep(); }
  void begin_life(Machine& machine);
  void stepped(Machine& machine);
  Duration latency() {
    const double share = random_.unit();
    return options_.latency_least +
           Duration(static_cast<std::int64_t>(share * static_cast<double>(options_.latency_spread.count())));
  }
  bool lost() { return random_.unit() < options_.loss; }
  Task<Result<wire::Response>> carry(Machine& from, wire::MemberId to, wire::Request request,
                                     Duration patience) override;
  Task<void> exchange(ring::Id from, ring::Id to, wire::Request request, std::shared_ptr<Pending> pending);
  Result<wire::Response> serve(Machine& machine, const wire::Request& request);

  Options options_;
  world::VirtualClock clock_;
  SeededRandom random_;
  std::uint64_t messages_ = 0;
  TaskScope exchanges_;
  std::set<ring::Id> everybody_;
  std::map<ring::Id, std::unique_ptr<Machine>> machines_;
};

inline Task<Result<wire::Response>> RingWorld::carry(Machine& from, wire::MemberId to, wire::Request request,
                                                     Duration patience) {
  struct Deadline final : Timer {
    explicit Deadline(OneShot<Result<wire::Response>>& waiting) : outcome(waiting) {}
    void fire() override { outcome.set(fail(Errc::timed_out, "no answer")); }
    OneShot<Result<wire::Response>>& outcome;
  };
  struct Forget {
    std::shared_ptr<Pending> pending;
    ~Forget() { pending->waiting = nullptr; }
  };
  if (!machines_.contains(to)) co_return fail(Errc::unreachable, "no such machine");
  const bool is_probe = std::holds_alternative<wire::GetNeighbours>(request);
  OneShot<Result<wire::Response>> outcome(from.clock);
  Deadline deadline(outcome);
  const Forget forget{std::make_shared<Pending>(Pending{&outcome})};
  from.clock.arm(deadline, clock_.now() + std::min(patience, options_.answer_within));
  exchanges_.spawn(exchange(from.id, to, std::move(request), forget.pending));
  Result<wire::Response> answer = co_await outcome;
  if (answer && is_probe && std::get<wire::Neighbours>(*answer).phase == Phase::member)
    from.answered.insert(to);
  co_return answer;
}

inline Task<void> RingWorld::exchange(ring::Id from, ring::Id to, wire::Request request,
                                      std::shared_ptr<Pending> pending) {
  ++messages_;
  if (lost() || at(from).side != at(to).side) co_return;
  const Duration there = latency();
  co_await clock_.sleep(there);
  if (!serves(at(to)) || at(from).side != at(to).side) co_return;
  Result<wire::Response> answer = serve(at(to), request);
  ++messages_;
  if (lost()) co_return;
  const Duration back = latency();
  co_await clock_.sleep(back);
  if (pending->waiting != nullptr) pending->waiting->set(std::move(answer));
}

inline Result<wire::Response> RingWorld::serve(Machine& machine, const wire::Request& request) {
  if (std::holds_alternative<wire::GetNeighbours>(request)) return wire::Response(machine.node->neighbours());
  if (std::holds_alternative<wire::Ping>(request)) return wire::Response(machine.node->pong());
  if (const auto* notify = std::get_if<wire::Notify>(&request)) {
    machine.node->notified(notify->from);
    return wire::Response(wire::Done{});
  }
  Result<wire::FoundSuccessor> found = machine.node->answer(std::get<wire::FindSuccessor>(request));
  if (!found) return found.error();
  return wire::Response(std::move(*found));
}

inline void RingWorld::start(const ring::Id& id, std::vector<ring::Id> contacts) {
  const std::uint64_t seed = random_.next();
  auto& machine = machines_[id];
  CHECK(!machine);
  machine = std::make_unique<Machine>(clock_, *this, id, seed);
  everybody_.insert(id);
  if (options_.everybody_known) machine->everybody = &everybody_;
  machine->first_contacts = std::move(contacts);
  begin_life(*machine);
}

inline void RingWorld::begin_life(Machine& machine) {
  machine.answered.clear();
  machine.list_before.clear();
  machine.phase_before = Phase::out;
  const NodeRef self{machine.id, ++machine.incarnation};
  machine.node =
      std::make_unique<ChordNode>(machine.clock, machine.random, machine, machine, self, options_.chord);
  machine.node->on_step([this, &machine] { stepped(machine); });
  machine.node->on_new_incarnation([&machine] { return ++machine.incarnation; });
  machine.node->start();
}

inline void RingWorld::crash(const ring::Id& id) {
  at(id).node.reset();
  at(id).clock.wake_machine();
}

inline void RingWorld::restart(const ring::Id& id) {
  CHECK(!at(id).node);
  begin_life(at(id));
}

inline void RingWorld::stepped(Machine& machine) {
  const RingState& state = machine.node->state();
  EXPECT_TRUE(state.is_well_formed());
  EXPECT_EQ(state.self().incarnation, machine.incarnation);
  const auto& list = state.successors();
  // A new first successor that the old list did not hold was asked, and said that it is a member.
  // (The list that a join copies is the future predecessor's, as in the paper.)
  const bool was_member = machine.phase_before == Phase::member && !machine.list_before.empty();
  if (was_member && state.is_member() && !list.empty()) {
    const ring::Id first = list.front().id;
    const bool promoted =
        std::ranges::find(machine.list_before, first, &NodeRef::id) != machine.list_before.end();
    EXPECT_TRUE(promoted || machine.answered.contains(first))
        << "adopted unasked: " << ring::short_name(first);
    EXPECT_TRUE(state.predecessor().has_value()) << "a predecessor is replaced, never forgotten";
  }
  machine.list_before = list;
  machine.phase_before = state.phase();
  if (observer) observer(*machine.node);
}

inline bool RingWorld::run_until(const std::function<bool()>& condition, Duration limit) {
  const TimePoint end = clock_.now() + limit;
  while (!condition()) {
    if (clock_.now() >= end) return false;
    clock_.run_for(100ms);
  }
  return true;
}

inline std::vector<ring::Id> RingWorld::ideal_ring(unsigned members) {
  std::vector<ring::Id> ids;
  for (unsigned i = 0; i < members; ++i) {
    ids.push_back(point(16 * i));
    start(ids.back(), {ids.front()});
  }
  EXPECT_TRUE(run_until([this] { return ideal(); }, 5min)) << flaw();
  return ids;
}

inline std::vector<ring::Id> RingWorld::live() const {
  std::vector<ring::Id> found;
  for (const auto& [id, machine] : machines_) {
    if (serves(*machine)) found.push_back(id);
  }
  return found;
}

inline std::string RingWorld::flaw() const {
  const std::vector<ring::Id> members = live();
  const std::size_t length = std::min(options_.chord.successor_list, members.size() - 1);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const RingState& state = at(members[i]).node->state();
    const std::string name = ring::short_name(members[i]);
    if (!state.is_member()) return name + " is not a member";
    if (state.successors().size() != length) {
      return name + " has " + std::to_string(state.successors().size()) + " successors, not " +
             std::to_string(length);
    }
    for (std::size_t k = 0; k < length; ++k) {
      const ring::Id expected = members[(i + 1 + k) % members.size()];
      if (state.successors()[k].id != expected) {
        return name + ": successor " + std::to_string(k) + " is " +
               ring::short_name(state.successors()[k].id) + ", not " + ring::short_name(expected);
      }
    }
    if (members.size() == 1) continue;
    const ring::Id before = members[(i + members.size() - 1) % members.size()];
    if (!state.predecessor() || state.predecessor()->id != before) return name + " has the wrong predecessor";
  }
  return {};
}

inline ring::Id RingWorld::true_successor(const ring::Id& key) const {
  const std::vector<ring::Id> members = live();
  return *std::ranges::min_element(members, {}, [&](const ring::Id& id) { return ring::distance(key, id); });
}

inline unsigned RingWorld::wrong_lookups(const ring::Id& key) {
  unsigned wrong = 0;
  for (const ring::Id& from : live()) {
    const auto found = clock_.run(node(from).find_successor(key));
    if (!found || found->successor.id != true_successor(key)) ++wrong;
  }
  return wrong;
}

}  // namespace peerstore::chord
