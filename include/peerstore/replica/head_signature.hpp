// By whom a head is signed: by the writer key of the machine that it is of, so that a machine which nobody
// has unlocked can sign none, and one that was revoked, or whose keys were changed, none that counts.
//
// A keeper takes a new head by today's key alone. What former keys signed is still read, and handed on to
// keepers that lack it, since a person's files must outlive the machine that stored them; but it never takes
// the place of what today's key signed. docs/security.md, "Heads".
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/replica/lease.hpp>
#include <peerstore/replica/ring_view.hpp>

namespace peerstore::replica {

enum class HeadSigner : std::uint8_t { nobody, former_writer, writer };

// Fills in the signature. Requires a head of the writer's own machine.
void sign_head(crypto::Signatures& signatures, const wire::RingId& ring, const Writer& writer,
               wire::Head& head);
// `nobody` if it counts for nothing: forged, of a stranger, or too large.
HeadSigner signer_of(crypto::Signatures& signatures, const RingView& view, const wire::Head& head);

}  // namespace peerstore::replica
