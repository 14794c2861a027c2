// PassingOn: what a holder does with a segment that others shall have after it.
//
// An owner's uplink is thin: it sends a segment once, to the first of the chunk's holders, and each passes it
// on to the next. Only what was found good and is written here goes on, of a chunk that is being received; to
// a member of whom this machine itself reckons that it may hold the chunk; and to one member alone, so nobody
// makes a machine send more than it was sent. Who is not allowed, away, or cannot be reached is skipped, and
// the owner hears of it. To wait for those after it each hop has less time than whoever sent to it.
//
// At most so many are on their way at once; whatever else comes is not passed on, never kept waiting: hops
// that wait for one another in a circle would do so for ever.
#pragma once

#include <peerstore/store/chunk_store.hpp>

#include <map>

#include "replica/friends.hpp"

namespace peerstore::replica {

class PassingOn {
 public:
  static constexpr std::size_t kAtOnceMax = 256;  // 16 MiB
  // To one member: fewer than a link carries at once, so none waits for its turn.
  static constexpr std::size_t kAtOnceToOneMax = 48;

  // References must outlive this.
  PassingOn(Clock& clock, wire::Network& network, const RingView& view, store::ChunkStore& chunks)
      : clock_(clock), view_(view), chunks_(chunks), friends_(clock, network, view, {}) {}

  // Whom of `segment.onward` it has reached, as wire::SegmentTaken says it. Requires that the segment is
  // written here, and that neither this machine nor whoever sent it is among them.
  Task<std::vector<std::uint8_t>> pass_on(wire::PutSegment segment);

 private:
  // One segment on its way.
  class Passage {
   public:
    Passage(PassingOn& owner, const wire::MemberId& to);
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;
    ~Passage();

   private:
    PassingOn& owner_;
    wire::MemberId to_;
  };
  bool may_go(const wire::ChunkAddress& address, const wire::MemberId& to) const;

  Clock& clock_;
  const RingView& view_;
  store::ChunkStore& chunks_;
  Friends friends_;
  std::size_t under_way_ = 0;
  std::map<wire::MemberId, std::size_t> under_way_to_;  // only those that are not 0
};

}  // namespace peerstore::replica
