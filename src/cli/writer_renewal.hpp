// Writer keys: what this machine signs leases, deletions and heads with, and how a new one takes its place.
//
// `rekey` gives the machine that it runs at a new one at once, and takes from the person's other machines the
// ones they had: each makes another at its next unlocked command, when it has the keys of the new epoch. A
// copy of a home from before has a former key and old keys, and no way to tell the ring of another. The keys
// to be taken stand in the record of the new epoch, so that the next command ends what was cut off.
#pragma once

#include "owner_session.hpp"

namespace peerstore::cli {

// Those that all machines of the person have now.
std::vector<crypto::SigningPublicKey> writers_of(const membership::Roster& roster, wire::PersonNumber person);

// What a rekey does, once the new record is kept: `secret` is this machine's writer key from now on, and no
// other machine of the person has one of `ended`. `secret` outlives the task. Returns the names of those from
// which theirs cannot be taken. Requires session.enter().
Task<Result<std::vector<std::string>>> replace_writers(OwnerSession& session,
                                                       const crypto::SigningSecretKey& secret,
                                                       std::vector<crypto::SigningPublicKey> ended);

// True if the keys were changed elsewhere, so that those of this home are of before: it has the newer record
// then. Requires session.enter().
Task<Result<bool>> has_taken_newer_keys(OwnerSession& session);
// A machine that has the new keys and not yet a new writer key makes one; and where that was interrupted, the
// ring hears of it now. Errc::refused if it is due and there is no authority. Requires session.enter().
Task<Result<void>> renew_writer_if_due(OwnerSession& session);
// For people.
std::string cannot_end_writer_of(const std::string& name);
// Ends what a rekey, here or elsewhere, was to end and did not, or says that this needs authority. Requires
// session.enter().
Task<void> finish_rekey_if_cut_off(OwnerSession& session, const Output& output);

// Would one of these two have something to state? As far as the home itself knows; nobody is asked.
bool is_statement_due(crypto::Signatures& signatures, const Home& home, const UnlockedHome& open);

}  // namespace peerstore::cli
