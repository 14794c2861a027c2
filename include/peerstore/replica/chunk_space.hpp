// ChunkSpace: the ring as the owner's client sees it, a place that keeps chunks and heads. The
// vault knows only this; chunk_client.hpp is the real one, tests have one in memory.
#pragma once

#include <peerstore/replica/head_signature.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/wire/messages.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peerstore::replica {

// How to find and read a chunk again.
struct ChunkRef {
  wire::ChunkAddress address;
  ring::Id placement_key;
  std::uint8_t chunk_class = 0;
  wire::PersonNumber owner = 0;
  wire::ReadToken token;
  std::vector<wire::MemberId> holders;  // by receipts, as far as known: hints
};

struct PutOutcome {
  std::vector<wire::Receipt> receipts;  // verified, of distinct persons
  unsigned wanted = 0;                  // the policy's copies
  std::string shortfall;                // why there are fewer, in words for the owner; else empty
  bool safe() const { return receipts.size() >= wanted; }
};

// Where a chunk stands now: who answered that it is there, and who of the known holders is away. Copies
// move from friend to friend without the owner's knowledge: receipts do not tell all who may have it.
struct ChunkStanding {
  std::vector<wire::MemberId> confirmed;
  std::vector<wire::MemberId> away;  // hold it by receipt, do not answer now
  // If nobody confirmed it: others who may have it, and do not answer now.
  std::vector<wire::MemberId> silent;
  // Everybody who is likely to have it, and most of those who may, said no.
  bool is_lost() const { return confirmed.empty() && away.empty() && silent.empty(); }
};

class ChunkSpace {
 public:
  virtual ~ChunkSpace() = default;

  // Stores the chunk on as many holders as the policy asks and the ring allows now. An error only
  // if not one copy could be made.
  virtual Task<Result<PutOutcome>> put(wire::ChunkDescription chunk, std::vector<SharedBytes> segments) = 0;

  // One verified segment, from whichever holder gives it: a holder that fails is passed over.
  // Errc::unreachable if nobody who could have it answers, and the context names the friends to
  // wait for; Errc::corrupt if only bad copies were found.
  virtual Task<Result<SharedBytes>> get_segment(ChunkRef chunk, std::uint32_t index) = 0;

  // Tells the chunks' holders that their owner needs them no more. In the order of `chunks`: whether each who
  // has it by receipt, or should have it, said that it is gone.
  virtual Task<Result<std::vector<bool>>> remove(std::vector<ChunkRef> chunks) = 0;

  // In the order of `chunks`.
  virtual Task<Result<std::vector<ChunkStanding>>> standing(std::vector<ChunkRef> chunks) = 0;

  // Fills in the signature of a head of this machine.
  virtual void sign(wire::Head& head) const = 0;
  // kNobodys if it is not the owner's, by the signature of the machine that it is of.
  virtual HeadRank rank_of(const wire::Head& head) const = 0;
  // All heads of the owner that any reachable member keeps (the highest version of each machine),
  // signatures checked.
  virtual Task<Result<std::vector<wire::Head>>> heads() = 0;
  // Whether the last heads() had answers of so many friends that it cannot have missed a head which had all
  // its copies. The own machine does not count: its home may be an old copy, and the own node with it.
  virtual bool heads_are_surely_newest() const = 0;
  // How many members keep it now, durably. An error if none.
  virtual Task<Result<unsigned>> publish(wire::Head head) = 0;

  virtual wire::PersonNumber owner() const = 0;
  // Copies that the rule allows in this ring today, at most the policy's.
  virtual unsigned reachable_copies() const = 0;
  virtual unsigned wanted_copies() const = 0;
  // Whether the member has left for ever: what it once gave a receipt for counts for nothing.
  virtual bool is_gone(const wire::MemberId& member) const = 0;
  // Whose machine the member is. Nothing if that is not known: it counts as a person of its own.
  virtual std::optional<wire::PersonNumber> person_of(const wire::MemberId& member) const = 0;
  // A name for people ("bob-nuc").
  virtual std::string name_of(const wire::MemberId& member) const = 0;
};

}  // namespace peerstore::replica
