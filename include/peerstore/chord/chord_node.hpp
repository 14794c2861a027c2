// ChordNode: one member's side of the ring protocol: it joins, stabilises, answers, looks up.
//
// Correctness rests on the successor lists alone. Whom else this node knows (the roster's live
// members) only shortens lookups: the successor of a key confirms or redirects, so stale
// knowledge costs a hop and never gives a wrong answer.
#pragma once

#include <peerstore/chord/ring_state.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>

namespace peerstore::chord {

// Whom a node knows besides its neighbours. Implemented over the roster and liveness (node/).
class Acquaintances {
 public:
  virtual ~Acquaintances() = default;
  // Members thought to be live, nearest first going counter-clockwise from `key` (the best
  // predecessors of key), at most `most`; never self.
  virtual std::vector<wire::MemberId> closest_preceding(const ring::Id& key, std::size_t most) const = 0;
  // The first live member at or after `key`.
  virtual std::optional<wire::MemberId> successor_of(const ring::Id& key) const = 0;
  // Any members to rejoin through, live ones first; all of them if `even_if_away`.
  virtual std::vector<wire::MemberId> contacts(std::size_t most, bool even_if_away) const = 0;
  virtual void heard_from(const wire::MemberId& member) = 0;
  virtual void failed(const wire::MemberId& member) = 0;
  // The digest to put into answers, and what to do with a neighbour's.
  virtual crypto::Hash roster_digest() const = 0;
  virtual void compare_roster(const wire::MemberId& member, const crypto::Hash& theirs) = 0;
};

class ChordNode {
 public:
  struct Options {
    std::size_t successor_list = 8;
    Duration stabilize_period = std::chrono::seconds(2);  // when something changed lately
    Duration quiet_period = std::chrono::seconds(30);     // slows down to this when nothing does
    Duration suspended_after = std::chrono::seconds(60);  // a gap in the clock: resume = rejoin
    std::size_t lookups_at_once = 3;                      // parallel questions of one lookup
  };
  struct Found {
    NodeRef successor;
    std::vector<NodeRef> successors;  // of that successor: where replicas of a record go
    unsigned hops = 0;                // questions asked, self excluded
  };

  // References must outlive this. The node is out of the ring until start().
  ChordNode(Clock& clock, Random& random, wire::Network& network, Acquaintances& acquaintances, NodeRef self,
            Options options);

  // Joins through the contacts, or stands alone if none of them answers (and goes on looking for
  // them), and keeps the ring in order until destroyed.
  void start();
  // Tells the predecessor, and is out, until start() is called again. Correct even if nobody
  // hears it. Not to be called from within this node's own calls to the network.
  Task<void> leave();

  // Who answers for `key` now, confirmed by itself. Errc::unreachable if nobody confirms.
  Task<Result<Found>> find_successor(ring::Id key);

  // Answers to other members' questions; immediate, from committed state.
  wire::Neighbours neighbours() const;
  Result<wire::FoundSuccessor> answer(const wire::FindSuccessor& request) const;
  // rectify. `from` must be what the link proved: one member may not speak for another.
  void notified(NodeRef from);

  const RingState& state() const { return state_; }
  // After each step of the protocol: the simulator's laws look here.
  void on_step(std::function<void()> observer) { on_step_ = std::move(observer); }
  // The incarnation must rise with each life; the owner keeps it. Without an owner it rises by one.
  void on_new_incarnation(std::function<std::uint64_t()> next) { next_incarnation_ = std::move(next); }

 private:
  struct Lookup;
  struct PredecessorSearch;

  // chord_node.cpp: the ring's upkeep.
  Task<void> run();
  Task<void> stabilize();
  Task<bool> ask_then_adopt(NodeRef candidate);
  Task<void> look_around();
  Task<void> notify(NodeRef neighbour);
  Task<void> rectify(NodeRef candidate);
  Task<void> pause();
  Task<Result<wire::Neighbours>> ask_neighbours(NodeRef peer);
  void notice_sleep(TimePoint since, Duration expected);
  bool is_neighbour(const wire::MemberId& member) const;
  void report(const wire::MemberId& member, bool silent);
  void stepped();
  void changed();
  void begin_new_life();

  // chord_join.cpp
  Task<bool> join();
  Task<void> ask_for_predecessor(PredecessorSearch& search, NodeRef candidate);

  // chord_lookup.cpp
  std::vector<NodeRef> closer_to(const ring::Id& key) const;
  Task<void> ask_for_successor(Lookup& lookup, NodeRef candidate);

  Clock& clock_;
  Random& random_;
  wire::Network& network_;
  Acquaintances& acquaintances_;
  Options options_;
  RingState state_;
  Duration period_;             // of stabilize, now
  bool changed_ = false;        // something, since this round began
  bool was_suspended_ = false;  // the clock jumped: what is known of the ring is of another day
  bool rectifying_ = false;
  std::function<void()> on_step_;
  std::function<std::uint64_t()> next_incarnation_;
  Event woken_;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::chord
