// What a head says to its owner alone: the row of the newest index pack, and so the way to
// everything; and which heads of the person's other machines its writer had seen, so that a ring
// that shows an old one of them is found out. docs/formats.md, "Head".
#pragma once

#include <peerstore/crypto/stream.hpp>
#include <peerstore/vault/blob.hpp>
#include <peerstore/vault/pack.hpp>

#include <optional>
#include <vector>

namespace peerstore::vault {

struct SeenHead {
  std::uint32_t machine = 0;
  std::uint64_t version = 0;
  crypto::Hash hash;
  bool operator==(const SeenHead&) const = default;
};
inline constexpr std::size_t kSeenHeadsMax = 64;

struct HeadBody {
  std::int64_t written_ns = 0;
  std::optional<PackRow> index;  // nothing: this machine has stored nothing
  std::vector<SeenHead> seen;
  bool operator==(const HeadBody&) const = default;
};

// Of a head as a whole: what the next one names as the one before.
crypto::Hash head_hash(const wire::Head& head);

// The sealed body belongs to this ring, person, machine and version only. `head` has these fields
// set; its body is not looked at.
Bytes seal_head_body(const VaultKeys& keys, const wire::RingId& ring, const wire::Head& head,
                     const HeadBody& body, const crypto::RecordNonce& nonce);
Result<HeadBody> open_head_body(const VaultKeys& keys, const wire::RingId& ring, const wire::Head& head);

// Without the seal, for its tests.
Bytes encode(const HeadBody& body);
Result<HeadBody> decode_head_body(ByteView plain);

}  // namespace peerstore::vault
