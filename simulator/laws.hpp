// The laws of a run: what must be true of a ring of correct nodes, whatever life does to them. Pure
// functions over snapshots of the truth, one file each (law_*.cpp), written apart from the code that
// they judge. Nothing = no flaw.
#pragma once

#include <peerstore/wire/types.hpp>

#include "chunk_ledger.hpp"

#include <functional>
#include <map>
#include <optional>
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

// T2, once everybody has been awake for long enough: all live machines are members of one ring,
// everybody's list and predecessor name its true neighbours in their present lives, and
// all know the same roster and believe all others live.
std::optional<std::string> ring_becomes_ideal(std::vector<MemberSnapshot> live, std::size_t list_length);

// Every acknowledged chunk is on the disk of some machine that has not gone for good.
// `has_copy` tells whether a machine's disk has it still, and the machine has not gone.
using HasCopy = std::function<bool(std::uint32_t machine, const wire::ChunkAddress&)>;
std::vector<std::string> no_acknowledged_chunk_lost(const ChunkLedger& ledger, const HasCopy& has_copy);
std::size_t copies_of(const StoredChunk& chunk, const HasCopy& has_copy);

// No person's disks have ever held chunks of all classes of one pack, not even half written.
class NoPersonHoldsAWholePack {
 public:
  std::optional<std::string> hold(wire::PersonNumber person, ChunkLedger::Place place);

 private:
  std::map<std::pair<wire::PersonNumber, std::uint32_t>, std::uint8_t> classes_;
};

}  // namespace peerstore::simulator
