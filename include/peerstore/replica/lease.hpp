// Leases, deletions and quotas: what an owner may have kept, by its signed word.
//
// A lease goes with each chunk; nobody takes one without.
//
// The chunk's address covers who its owner is, and the lease shows that the owner wants it kept; so nobody
// can fill friends' disks in another's name, and a chunk that was deleted does not come back by itself.
// A new chunk is taken by the word of a writer that counts now. Repair also believes writers that counted
// once (of machines that were lost or given up, or before a rekey): what they stored is to outlive them.
// docs/security.md, "Leases".
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/replica/ring_view.hpp>
#include <peerstore/runtime/result.hpp>

namespace peerstore::replica {

// One machine of a person, unlocked: what signs leases, heads and deletions.
struct Writer {
  ~Writer() { crypto::wipe(secret.bytes); }
  wire::PersonNumber person = 0;
  std::uint32_t machine = 0;
  crypto::SigningSecretKey secret;
};

inline constexpr std::uint64_t kFirstLease = 1;

wire::Lease sign_lease(crypto::Signatures& signatures, const wire::RingId& ring, const Writer& writer,
                       const wire::ChunkAddress& address, std::uint64_t number);

// "To be kept by no lease up to this number."
wire::Deletion sign_deletion(crypto::Signatures& signatures, const wire::RingId& ring, const Writer& writer,
                             const wire::ChunkAddress& address, std::uint64_t number);
// Errc::refused unless a writer of its owner signed it that counts now. Whether the chunk is that owner's
// only who has it can tell.
Result<void> check_deletion(crypto::Signatures& signatures, const RingView& view,
                            const wire::Deletion& deletion);

enum class LeaseUse : std::uint8_t { put, repair };
// Errc::refused with the reason. One signature to verify.
Result<void> check_lease(crypto::Signatures& signatures, const RingView& view, wire::PersonNumber owner,
                         const wire::ChunkAddress& address, const wire::Lease& lease, LeaseUse use);

// How much of an owner's quota one machine has to keep at most. Of a pack it never gets more than one copy of
// each class but its own colour's; so an owner within its quota is never refused by anybody, and one that has
// r copies made cannot store much more than it may.
std::uint64_t share_of_quota(const placement::Map& map, wire::PersonNumber owner, std::uint64_t quota);

}  // namespace peerstore::replica
