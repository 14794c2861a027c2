// PutChain: the segments of one chunk on their way from its owner to its holders.
//
// The owner's uplink is to carry each segment once: it goes to the first of the holders that lack it, with
// the names of the others, and each passes it on to the next (passing_on.hpp). Some segments are on their
// way at once; they take the holders in one order. A holder that another did not reach gets from then on
// everything from the owner itself: two friends behind routers may see the owner, and not each other.
//
// What the members of a chain say of those after them is not proved; a holder that lacks something all the
// same says so at its commit. Sending always ends: each answer brings a segment to somebody, or shows one
// more holder that is to be sent to directly, or has failed.
#pragma once

#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

#include <bitset>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "replica/friends.hpp"

namespace peerstore::replica {

class PutChain final : private Timer {
 public:
  enum class Way : std::uint8_t { chained, direct };

  // References outlive this; nothing of it is used after it is gone.
  PutChain(Clock& clock, Friends& friends, const wire::ChunkAddress& address,
           const std::vector<SharedBytes>& segments, std::size_t in_flight_max);

  // While one is there, somebody is about to lack segments: those who lack some already wait for it, but not
  // long.
  class Expected {
   public:
    explicit Expected(PutChain& chain) : chain_(&chain) {}
    Expected(Expected&& other) noexcept : chain_(std::exchange(other.chain_, nullptr)) {}
    Expected& operator=(Expected&&) = delete;
    ~Expected() { end(); }
    void end();

   private:
    PutChain* chain_;
  };
  Expected expect();

  // Ends when the member has these segments, as far as is known, or has failed to take one. It has begun the
  // chunk. A member once, at a time.
  Task<Result<void>> deliver(Expected expected, wire::MemberId member, std::vector<std::uint32_t> missing,
                             Way way);

 private:
  // How long the others wait for one who is to join them.
  static constexpr Duration kGatherTime = std::chrono::seconds(2);

  using Segments = std::bitset<wire::kSegmentsMax>;
  struct Holder {
    Holder(Clock& clock, const wire::MemberId& a_member) : member(a_member), changed(clock) {}

    wire::MemberId member;
    Segments lacks;
    Segments under_way;  // of those
    std::optional<Error> error;
    Event changed;

    bool is_done() const { return under_way.none() && (error.has_value() || lacks.none()); }
  };
  struct Shipment {
    std::uint32_t index = 0;
    std::vector<Holder*> holders;  // in the order of the chain
  };

  void fire() override { send_what_may_go(); }
  void send_what_may_go();
  std::optional<Shipment> next_shipment();
  bool goes_directly(const Holder& holder) const;
  Task<void> send(Shipment shipment);
  void arrived(const Shipment& shipment, const Result<wire::SegmentTaken>& taken);

  Clock& clock_;
  Friends& friends_;
  const wire::ChunkAddress& address_;
  const std::vector<SharedBytes>& segments_;
  std::size_t in_flight_max_;
  std::size_t in_flight_ = 0;
  std::size_t expected_ = 0;
  TimePoint gather_until_;
  std::set<wire::MemberId> direct_;
  std::vector<std::unique_ptr<Holder>> holders_;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::replica
