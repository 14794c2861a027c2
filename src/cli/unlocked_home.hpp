// UnlockedHome: a home whose person is there: the identity with all its secrets, and the keys to change them.
#pragma once

#include "home.hpp"
#include "secret_input.hpp"

#include <peerstore/account/account_file.hpp>
#include <peerstore/crypto/secret.hpp>
#include <peerstore/crypto/signatures.hpp>

namespace peerstore::cli {

struct UnlockedHome {
  crypto::Locked<membership::Identity> identity;  // whole
  account::Owner owner;
  account::AccountFile file;
  account::RecordBody body;  // of file.record
  account::UnlockedKeys keys;
  account::DriveSecrets drive;
  // Of a command that changes the account: taken before the account is read.
  std::unique_ptr<os::HomeLock> lock;
};

account::Owner owner_of(const membership::Identity& identity);
// By the identity's own proof. Errc::corrupt if it proves nothing.
Result<crypto::SigningPublicKey> person_key_of(crypto::Signatures& signatures,
                                               const membership::Identity& identity);

// The account of a person that begins: everything of `identity` that has to be unlocked, sealed.
Result<account::AccountFile> make_account(crypto::Signatures& signatures,
                                          const membership::Identity& identity,
                                          const ChosenPassphrase& passphrase);

// With keys that somebody has. Errc::refused if they open something else.
Result<UnlockedHome> open_home(crypto::Signatures& signatures, const Home& home, account::UnlockedKeys keys);
// With the keys that this home's node holds, if it runs and is unlocked; else with the passphrase. Wrong ones
// make the next answer slower. Errc::refused if it is wrong, or nobody can be asked.
Result<UnlockedHome> unlock_home(crypto::Signatures& signatures, const Home& home,
                                 const GlobalOptions& options);
// The same, but never with the node's keys: for what the passphrase must be there for.
Result<UnlockedHome> unlock_with_passphrase(crypto::Signatures& signatures, const Home& home,
                                            const GlobalOptions& options);

// The node's session over the local API. Errc::unreachable if no node runs.
Result<void> lend_keys_to_node(const Home& home, const account::UnlockedKeys& keys);
Result<void> lock_node(const Home& home);
std::string to_text(const account::UnlockedKeys& keys);
std::optional<account::UnlockedKeys> read_keys(std::string_view text);

}  // namespace peerstore::cli
