// Machines that unlock themselves: a random key lies in the home ("unlock.key", mode 0600), and a slot of the
// user record seals the user key to it. So a laptop backs up again after a restart with nobody there, and
// without the passphrase in a file. Authority is not in that slot.
//
// Each time the key is a new one, and no slot outlives a rekey: whoever has a copy of the home from before
// has a key that opens nothing.
#pragma once

#include "commands.hpp"

namespace peerstore::cli {

// unlock --remember
Exit remember_command(const Home& home, const Output& output, const UnlockOptions& options);
// lock --forget. The key goes first, whoever asks; to take the slot out of the record needs authority.
Exit forget_command(const Home& home, const Output& output, const LockOptions& options);

// Of the key that lies in the home and the one that lay there before, the one that opens the account as it is
// now: whatever cut a change off, and whoever changed the account meanwhile. If neither does, none stays.
void keep_key_that_opens(const Home& home, const membership::Identity& identity,
                         const Result<crypto::Guarded<account::MachineKey>>& before);

}  // namespace peerstore::cli
