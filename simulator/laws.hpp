// The laws of a run: what must be true of a ring of correct nodes, whatever life does to them. Pure
// functions over snapshots of the truth, one file each (law_*.cpp), written apart from the code that
// they judge. Nothing = no flaw.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/wire/messages.hpp>

#include "chunk_ledger.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace peerstore::simulator {

struct MemberSnapshot {
  wire::NodeRef self;
  wire::Phase phase = wire::Phase::out;
  std::optional<wire::NodeRef> predecessor;
  std::vector<wire::NodeRef> successors;
  crypto::Hash roster_digest;
  std::size_t members_believed_live = 0;  // others, by its own opinion
};

// T0, after each step of the protocol, of one member alone: self is not among the successors, which
// are distinct, in clockwise order and no more than `list_length`; it is not its own predecessor;
// its incarnation does not fall.
std::optional<std::string> ring_state_is_well_formed(const MemberSnapshot& member,
                                                     std::uint64_t incarnation_before,
                                                     std::size_t list_length);

// T0, after each step: the central repair of the published protocol, seen from outside. A member takes
// a list only from one who just answered it, and takes it whole; it drops nobody but the first; its
// predecessor is one who spoke to it; neither is taken from an earlier life of somebody who spoke since. One
// whose list ran out looks for a place: it does not stand alone. Fed with every message and every step.
class NeighboursAreAskedFirst {
 public:
  explicit NeighboursAreAskedFirst(std::size_t list_length) : list_length_(list_length) {}

  // Times are the machine's own: they stand still while it sleeps, as its protocol does.
  void asked(std::uint32_t machine, const wire::MemberId& peer);
  void answered(std::uint32_t machine, Duration awake, const wire::Neighbours& answer);
  void failed(std::uint32_t machine, const wire::MemberId& peer);  // the question got no answer
  void notified(std::uint32_t machine, const wire::NodeRef& by);
  std::optional<std::string> step(std::uint32_t machine, Duration awake, const MemberSnapshot& now);

 private:
  struct Answer {
    Duration awake{};
    wire::Neighbours neighbours;
  };
  // That one peer has not answered.
  struct Questions {
    std::uint32_t open = 0;
    std::uint32_t earlier = 0;  // asked before the search for a place began
  };
  // What a machine heard in its present life.
  struct Heard {
    void begin_search();

    MemberSnapshot before;
    std::map<wire::MemberId, Answer> answers;  // the last of each
    std::map<wire::MemberId, Questions> questions;
    // Since the search for a place began:
    std::vector<wire::Neighbours> found;
    std::set<wire::MemberId> in_vain;  // failed, or are not members
    std::set<wire::MemberId> notified;
    std::map<wire::MemberId, std::uint64_t> lives;  // the latest in which each spoke
    bool ran_out = false;                           // of successors, and has not begun to join since
  };
  static void note_life(Heard& heard, const wire::NodeRef& speaker);
  static bool is_of_the_latest_life(const Heard& heard, const wire::NodeRef& member);
  Heard& heard_by(std::uint32_t machine);
  std::optional<std::string> judge(const Heard& heard, Duration awake, const MemberSnapshot& before,
                                   const MemberSnapshot& now) const;
  bool may_adopt(const Heard& heard, Duration awake, const MemberSnapshot& now) const;
  bool may_join(const Heard& heard, const MemberSnapshot& now) const;
  bool may_join_behind(const wire::Neighbours& m, const Heard& heard, const MemberSnapshot& now) const;
  static bool may_follow(const Heard& heard, const MemberSnapshot& now);

  std::size_t list_length_;
  std::vector<Heard> machines_;
};

// T1, of all members at one instant (Zave's inductive invariant and its negations in part): everybody
// has a live successor, all are on one ring, and at least list_length + 1 are principals, skipped by
// nobody's list. In an asynchronous network it is broken now and then, for a moment (T3).
struct RingHealth {
  std::optional<wire::NodeRef> without_live_successor;
  bool on_several_rings = false;
  std::size_t principals = 0;
};
RingHealth health_of_ring(std::vector<MemberSnapshot> members);
std::optional<std::string> ring_invariant_holds(const RingHealth& health, std::size_t list_length);

// T2, once everybody has been awake for long enough: all live machines are members of one ring,
// everybody's list and predecessor name its true neighbours in their present lives, and
// all know the same roster.
std::optional<std::string> ring_becomes_ideal(std::vector<MemberSnapshot> live, std::size_t list_length);

// T2 of those who keep a full roster: each believes that all others are live.
std::optional<std::string> everybody_is_believed_live(const std::vector<MemberSnapshot>& live);

// Every acknowledged chunk is on the disk of some machine that has not gone for good.
// `has_copy` tells whether a machine's disk has it still, and the machine has not gone.
using HasCopy = std::function<bool(std::uint32_t machine, const wire::ChunkAddress&)>;
std::vector<std::string> no_acknowledged_chunk_lost(const ChunkLedger& ledger, const HasCopy& has_copy);
std::size_t copies_of(const StoredChunk& chunk, const HasCopy& has_copy);

// When a stand-in drops its copy, as many others as the policy asks have one on their disks.
std::optional<std::string> a_copy_is_dropped_only_for_others(const StoredChunk& chunk, unsigned copies,
                                                             const HasCopy& has_copy);

// No person's disks have ever held chunks of all classes of one pack, not even half written.
class NoPersonHoldsAWholePack {
 public:
  std::optional<std::string> hold(wire::PersonNumber person, ChunkLedger::Place place);

 private:
  std::map<std::pair<wire::PersonNumber, std::uint32_t>, std::uint8_t> classes_;
};

}  // namespace peerstore::simulator
