// ChordNode: one member's side of the ring protocol: it joins, stabilises, answers, looks up.
//
// Correctness rests on the successor lists alone. Whom else this node knows (the roster's live
// members) only shortens lookups: the successor of a key confirms or redirects, so stale
// knowledge costs a hop and never gives a wrong answer.
#pragma once

#include <peerstore/chord/churn_estimate.hpp>
#include <peerstore/chord/finger_table.hpp>
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
  // Members between two points, live or not, those thought to be live first, at most `most`.
  virtual std::vector<wire::MemberId> between(const ring::Id& a, const ring::Id& b,
                                              std::size_t most) const = 0;
  virtual void heard_from(const wire::MemberId& member) = 0;
  virtual void failed(const wire::MemberId& member) = 0;
  // The marks to put into answers, and what to do with a neighbour's.
  virtual wire::RosterMarks roster_marks() const = 0;
  virtual void compare_roster(const wire::MemberId& member, const wire::RosterMarks& theirs) = 0;
  // This node is in the ring again, and `successor` is next to it.
  virtual void entered(const wire::MemberId& successor) = 0;
  // This one, who should come next or does, does not answer, or is not in the ring any more.
  virtual void lost(const wire::MemberId& next) = 0;
  // How long members of the whole ring stay; nothing if that is not followed.
  virtual std::optional<Duration> mean_session() const = 0;
  // So long they stay, says one who has seen more.
  virtual void assume_session(Duration session) = 0;
};

class ChordNode {
 public:
  struct Options {
    std::size_t successor_list = 8;
    Duration stabilize_period = std::chrono::seconds(2);  // when something changed lately
    Duration quiet_period = std::chrono::seconds(30);     // slows down to this when nothing does
    Duration suspended_after = std::chrono::seconds(60);  // a gap in the clock: resume = rejoin
    std::size_t lookups_at_once = 3;                      // parallel questions of one lookup
    bool fingers_only = false;  // from the start and for ever: set_fingers_only() changes nothing
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

  // Who is known is a sample, for the ring is too large, or its members come and go too fast, to
  // follow them all: acquaintances are only asked for contacts, and fingers are kept.
  void set_fingers_only(bool fingers_only);
  // Called when that changes, also because a neighbour does so: whoever joins does as its neighbours do.
  void on_fingers_only(std::function<void()> callback) { on_fingers_only_ = std::move(callback); }
  bool fingers_only() const { return fingers_only_; }
  // Successors, predecessor and fingers, clockwise from self.
  std::vector<wire::MemberId> neighbours_and_fingers() const;
  // How many members the ring has, judged by how dense the successors are.
  double estimated_members() const;
  Duration mean_session_nearby() const { return churn_.mean_session(); }
  // This machine woke up, and is not in the ring again yet.
  bool has_slept() const;
  // A member spoke to this one.
  void heard_from(const wire::MemberId& member);
  // News say that `member` came, or went: a look, if it concerns a neighbour.
  void heard_of(const wire::MemberId& member);

  // Others remember a later life of this machine, and take what it says for old: begins a new one.
  void begin_again();

  // Answers to other members' questions; immediate, from committed state.
  wire::Neighbours neighbours() const;
  wire::Pong pong() const;
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
  // The first successor when its list was adopted.
  struct Adopted {
    NodeRef from;
    std::uint64_t view = 0;
    bool follows_self = false;  // its predecessor was self
    TimePoint at;
    TimePoint confirmed;  // it stood so still
  };

  // chord_node.cpp: the ring's upkeep.
  Task<void> run();
  Task<void> stabilize();
  Task<bool> nothing_changed_there();
  bool confirms(const wire::Pong& pong);
  void adopt(const wire::Neighbours& answer);
  Task<bool> ask_then_adopt(NodeRef candidate);
  void look_around();
  Task<void> look_at(wire::MemberId candidate);
  Task<void> watch();
  Task<void> refresh_fingers();
  Task<void> ask_for_fingers(NodeRef neighbour, ring::Id point);
  Task<void> notify(NodeRef neighbour);
  Task<void> rectify(NodeRef candidate);
  Task<void> pause();
  Task<Result<wire::Neighbours>> ask_neighbours(NodeRef peer, Duration patience = wire::kPatience);
  void notice_sleep(TimePoint since, Duration expected);
  bool is_neighbour(const wire::MemberId& member) const;
  void report(const wire::MemberId& member, bool silent);
  void learn_of(const std::vector<NodeRef>& named, Duration ago);
  void do_as(const wire::Neighbours& neighbour);
  void observe_churn(const std::vector<NodeRef>& before);
  Duration mean_session() const;
  Duration fresh_for() const;
  void stepped();
  void changed();
  void hurry();
  void begin_new_life();

  // chord_join.cpp
  Task<bool> join();
  Task<void> ask_for_predecessor(PredecessorSearch& search, NodeRef candidate);

  // chord_lookup.cpp
  std::vector<NodeRef> closer_to(const ring::Id& key) const;
  std::vector<wire::MemberId> known_before(const ring::Id& key) const;
  Task<void> come_to();
  Task<void> ask_for_successor(Lookup& lookup, NodeRef candidate);

  Clock& clock_;
  Random& random_;
  wire::Network& network_;
  Acquaintances& acquaintances_;
  Options options_;
  RingState state_;
  FingerTable fingers_;
  ChurnEstimate churn_{std::chrono::hours(18)};  // of the successors
  bool fingers_only_;
  Duration period_;                // of stabilize, now
  bool changed_ = false;           // something, since this round began
  bool hurried_ = false;           // no pause before the next round
  std::optional<NodeRef> nearer_;  // answered, and stands before the first successor
  std::optional<Adopted> adopted_;
  std::optional<wire::MemberId> suspect_;  // the first successor, if it was silent lately
  std::uint64_t view_ = 0;                 // of what others see, which is:
  Phase seen_phase_ = Phase::out;
  std::optional<NodeRef> seen_predecessor_;
  std::vector<NodeRef> seen_successors_;
  bool was_suspended_ = false;  // the clock jumped: what is known of the ring is of another day
  bool rectifying_ = false;
  bool looking_ = false;
  bool refreshing_ = false;
  TimePoint life_began_;
  TimePoint last_awake_;
  TimePoint successor_heard_;  // when the first one spoke last
  std::function<void()> on_step_;
  std::function<void()> on_fingers_only_;
  std::function<std::uint64_t()> next_incarnation_;
  Event woken_;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::chord
