// Machine: what a ChordNode of a test runs on: a clock that can sleep, dice, the roster, and what
// this machine thinks of the others.
#pragma once

#include <peerstore/chord/chord_node.hpp>

#include <chord/machine_clock.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

namespace peerstore::chord {

// The wires between machines.
class Wires {
 public:
  virtual ~Wires() = default;
  virtual Task<Result<wire::Response>> carry(struct Machine& from, wire::MemberId to, wire::Request request,
                                             Duration patience) = 0;
};

struct Machine final : wire::Network, Acquaintances {
  Machine(Clock& world, Wires& between, const ring::Id& name, std::uint64_t seed)
      : id(name), clock(world), wires(between), random(seed) {}
  ~Machine() override { node.reset(); }

  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override {
    return wires.carry(*this, peer, std::move(request), patience);
  }

  std::vector<wire::MemberId> known_live() const {
    std::vector<wire::MemberId> found;
    for (const auto& member : roster()) {
      if (!away.contains(member)) found.push_back(member);
    }
    return found;
  }
  std::vector<wire::MemberId> roster() const {
    if (everybody == nullptr) return first_contacts;
    std::vector<wire::MemberId> found(everybody->begin(), everybody->end());
    std::erase(found, id);
    return found;
  }
  std::vector<wire::MemberId> closest_preceding(const ring::Id& key, std::size_t most) const override {
    if (everybody == nullptr) return {};
    std::vector<wire::MemberId> found = known_live();
    std::erase(found, key);
    std::ranges::sort(found, {}, [&](const wire::MemberId& member) { return ring::distance(member, key); });
    if (found.size() > most) found.resize(most);
    return found;
  }
  std::optional<wire::MemberId> successor_of(const ring::Id& key) const override {
    if (everybody == nullptr) return std::nullopt;
    const std::vector<wire::MemberId> found = known_live();
    const auto nearest = std::ranges::min_element(
        found, {}, [&](const wire::MemberId& member) { return ring::distance(key, member); });
    if (nearest == found.end()) return std::nullopt;
    return *nearest;
  }
  std::vector<wire::MemberId> between(const ring::Id& a, const ring::Id& b, std::size_t most) const override {
    std::vector<wire::MemberId> found = contacts(1000, true);
    std::erase_if(found, [&](const wire::MemberId& member) { return !ring::in_open(a, member, b); });
    if (found.size() > most) found.resize(most);
    return found;
  }
  std::vector<wire::MemberId> contacts(std::size_t most, bool even_if_away) const override {
    std::vector<wire::MemberId> found;
    for (const auto& member : roster()) {
      if (!away.contains(member)) found.push_back(member);
    }
    if (even_if_away) {
      for (const auto& member : roster()) {
        if (away.contains(member)) found.push_back(member);
      }
    }
    if (found.size() > most) found.resize(most);
    return found;
  }
  void heard_from(const wire::MemberId& member) override { away.erase(member); }
  void failed(const wire::MemberId& member) override { away.insert(member); }
  wire::RosterMarks roster_marks() const override { return {1, narrow ? 0U : 1U}; }
  void compare_roster(const wire::MemberId& member, const wire::RosterMarks&) override {
    compared.insert(member);
  }
  void entered(const wire::MemberId&) override {}
  void lost(const wire::MemberId& member) override { away.insert(member); }
  std::optional<Duration> mean_session() const override { return std::nullopt; }
  void assume_session(Duration) override {}

  ring::Id id;
  MachineClock clock;
  Wires& wires;
  SeededRandom random;
  const std::set<ring::Id>* everybody = nullptr;  // the roster, if there is one
  std::vector<wire::MemberId> first_contacts;     // else whom it was told of
  std::set<wire::MemberId> away;
  std::set<wire::MemberId> answered;  // members that told this life of their neighbours
  std::set<wire::MemberId> compared;
  std::vector<NodeRef> list_before;  // at the last step
  Phase phase_before = Phase::out;
  std::uint64_t incarnation = 0;
  int side = 0;
  bool narrow = false;  // follows its neighbours only
  std::unique_ptr<ChordNode> node;
};

}  // namespace peerstore::chord
