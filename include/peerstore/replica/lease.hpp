// Leases: the owner's signed word for each chunk, without which nobody takes it.
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
  wire::PersonNumber person = 0;
  std::uint32_t machine = 0;
  crypto::SigningSecretKey secret;
};

wire::Lease sign_lease(crypto::Signatures& signatures, const wire::RingId& ring, const Writer& writer,
                       const wire::ChunkAddress& address, std::uint64_t number);

enum class LeaseUse : std::uint8_t { put, repair };
// Errc::refused with the reason. One signature to verify.
Result<void> check_lease(crypto::Signatures& signatures, const RingView& view, wire::PersonNumber owner,
                         const wire::ChunkAddress& address, const wire::Lease& lease, LeaseUse use);

}  // namespace peerstore::replica
