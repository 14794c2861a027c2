// Who has lost its place to another: two that had not heard of each other took the same number for a machine,
// or one invitation was used by two. The ring settles for one of them and forgets the other (roster.hpp), so
// that only its own proof still shows what it was.
#pragma once

#include <peerstore/membership/roster.hpp>

#include <vector>

namespace peerstore::membership {

// Would the machine with this node key be a member if there were nothing but this proof and the ring's roots,
// and does somebody whom the roster prefers have its place? False also of whoever the roster would take: it
// may be news here.
bool is_displaced(crypto::Signatures& signatures, const Roster& roster,
                  const crypto::SigningPublicKey& node_key, const std::vector<wire::Statement>& proof);

}  // namespace peerstore::membership
