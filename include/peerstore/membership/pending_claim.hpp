// PendingClaim: a joiner's claim from the moment it is sent until it was answered.
//
// An invitation lets in whoever claims it first. If the answer is lost, the ring has let this claim in and
// would refuse any other; so the claim is kept on disk, and asking again with it gets the same answer. It
// holds secrets in the clear, and goes away with the answer.
#pragma once

#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/invitation.hpp>

#include <string>

namespace peerstore::membership {

struct PendingClaim {
  std::string link;  // as text, which says which invitation it claims
  Identity identity;
};

Bytes encode(const PendingClaim& claim);
// Errc::corrupt if it is damaged: as good as lost.
Result<PendingClaim> decode_pending_claim(ByteView bytes);

}  // namespace peerstore::membership
