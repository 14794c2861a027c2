// By whom a head is signed: by the writer key of the machine that it is of, so that a machine which nobody
// has unlocked can sign none, and one that was revoked, or whose keys were changed, none that counts.
//
// A keeper takes a new head by today's key alone. What former keys signed is still read, and handed on to
// keepers that lack it, since a person's files must outlive the machine that stored them; but it never takes
// the place of what today's key signed. If no keeper has it any more, another machine of its person may bring
// it back. docs/security.md, "Heads".
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/replica/lease.hpp>
#include <peerstore/replica/ring_view.hpp>

#include <limits>

namespace peerstore::store {
class HeadStore;
}

namespace peerstore::replica {

// By whose key: 0 nobody's, then the former ones in the order in which they ended, and highest today's. Of
// two heads of one machine the one of the higher rank counts, whatever their versions.
using HeadRank = std::size_t;
inline constexpr HeadRank kNobodys = 0;
inline constexpr HeadRank kOfToday = std::numeric_limits<HeadRank>::max();

// Fills in the signature. Requires a head of the writer's own machine.
void sign_head(crypto::Signatures& signatures, const wire::RingId& ring, const Writer& writer,
               wire::Head& head);
// kNobodys if it counts for nothing: forged, of a stranger, or too large.
HeadRank rank_of(crypto::Signatures& signatures, const RingView& view, const wire::Head& head);
// Of the head of the same machine that is kept here; kNobodys if there is none.
HeadRank rank_of_held(crypto::Signatures& signatures, const RingView& view, const store::HeadStore& heads,
                      const wire::Head& head);
// May this one bring a head that a former key signed, where none of that machine is kept? A live machine of
// the same person, but not the one that it is of: that one has a key of today to sign with.
bool may_bring_back(const RingView& view, const wire::MemberId& bringer, const wire::Head& head);

}  // namespace peerstore::replica
