// RingView: what replica/ and the client need to know about the ring, without knowing how it is
// learned. membership/ provides it, wired up in node/.
#pragma once

#include <peerstore/placement/placement.hpp>
#include <peerstore/wire/types.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace peerstore::replica {

enum class Standing : std::uint8_t {
  live,       // answered lately
  away,       // does not answer now: sleeping, as far as anybody knows
  long_away,  // away for longer than the policy's grace
  gone,       // left or expelled: never to be counted again
};

inline bool contains(const std::vector<wire::MemberId>& list, const wire::MemberId& member) {
  return std::ranges::find(list, member) != list.end();
}

class RingView {
 public:
  virtual ~RingView() = default;
  // The current map; a new object after each change of the roster.
  virtual std::shared_ptr<const placement::Map> map() const = 0;
  virtual Standing standing(const wire::MemberId& member) const = 0;
  // Live, or expected back within the grace.
  bool is_there(const wire::MemberId& member) const {
    const Standing seen = standing(member);
    return seen != Standing::gone && seen != Standing::long_away;
  }
  // Whether it said last that it has no room for a further chunk.
  virtual bool is_full(const wire::MemberId&) const { return false; }
  // Which of its lives the member is in, as far as known: it rises when the member starts anew,
  // and what it answered before is then to be asked again. 0 if this view does not follow it.
  virtual std::uint64_t incarnation(const wire::MemberId&) const { return 0; }
  // The signing key of a member's node, to check its receipts. Nothing if unknown.
  virtual std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& member) const = 0;
  // The key with which a person's machine signs leases, deletions and heads. Nothing if there is no such
  // machine, or not any more, or if it has none until its person unlocks it.
  virtual std::optional<crypto::SigningPublicKey> writer_key(wire::PersonNumber person,
                                                             std::uint32_t machine) const = 0;
  // Keys that were that once: what they sign today counts for nothing. None if the person is gone.
  virtual std::vector<crypto::SigningPublicKey> former_writer_keys(wire::PersonNumber person,
                                                                   std::uint32_t machine) const = 0;
  // What the person may store in the ring, all copies counted. Nothing if it is not known, or gone.
  virtual std::optional<std::uint64_t> bytes_quota(wire::PersonNumber person) const = 0;
  // Keys of persons, to check their records.
  virtual std::optional<crypto::SigningPublicKey> person_key(wire::PersonNumber person) const = 0;
  virtual std::optional<wire::PersonNumber> person_of(const wire::MemberId& member) const = 0;
  // Which of its person's machines a member is. Nothing if that is not known.
  virtual std::optional<std::uint32_t> machine_of(const wire::MemberId&) const { return std::nullopt; }
  virtual wire::RingId ring_id() const = 0;
};

}  // namespace peerstore::replica
