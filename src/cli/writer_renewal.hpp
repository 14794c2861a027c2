// Writer keys: what this machine signs leases, deletions and heads with, and how a new one takes its place.
//
// `rekey` gives the machine that it runs at a new one at once, and takes from the person's other machines the
// ones they had: each makes another at its next unlocked command, when it has the keys of the new epoch. A
// copy of a home from before has a former key and old keys, and no way to tell the ring of another.
#pragma once

#include "owner_session.hpp"

namespace peerstore::cli {

// What a rekey does, once the new record is kept: `secret` is this machine's writer key from now on, and no
// other machine of the person has one. Requires session.enter().
Task<Result<void>> replace_writers(OwnerSession& session, crypto::SigningSecretKey secret);

// A machine that has the new keys and not yet a new writer key makes one; and where that was interrupted, the
// ring hears of it now. Errc::busy where the keys were changed elsewhere: this home has the newer record
// then, if anybody keeps it. Requires session.enter().
Task<Result<void>> renew_writer_if_due(OwnerSession& session);

}  // namespace peerstore::cli
