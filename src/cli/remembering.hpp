// Machines that unlock themselves: a random key lies in the home ("unlock.key", mode 0600), and a slot of the
// user record seals the user key to it. So a laptop backs up again after a restart with nobody there, and
// without the passphrase in a file. Authority is not in that slot.
//
// Each time the key is a new one, and no slot outlives a rekey: whoever has a copy of the home from before
// has a key that opens nothing. The new key lies beside the one before ("unlock.key.next") until the account
// that it opens is kept: wherever that is cut off, one of the two opens what is there.
#pragma once

#include "commands.hpp"

namespace peerstore::cli {

// unlock --remember
Exit remember_command(const Home& home, const Output& output, const UnlockOptions& options);
// lock --forget. The key goes first, whoever asks; to take the slot out of the record needs authority.
Exit forget_command(const Home& home, const Output& output, const LockOptions& options);

// A next key that opens the account as it is takes the place of the one before, and goes if it does not. An
// account that cannot be read just now says nothing of it. Requires Home::kClientLock.
void settle_machine_key(const Home& home, const membership::Identity& identity);

}  // namespace peerstore::cli
