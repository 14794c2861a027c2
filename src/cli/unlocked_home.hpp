// UnlockedHome: a home whose person is there, or was: the identity with its secrets, and the keys to change
// them.
//
// Authority is what makes and ends machines, invites and revokes. It comes from the passphrase (or a recovery
// code) itself: a node that is unlocked has the user key, which reads and writes files, and lends that alone.
// So whoever finds an unlocked machine makes nobody a member and shuts nobody out.
#pragma once

#include "home.hpp"
#include "secret_input.hpp"

#include <peerstore/account/account_file.hpp>
#include <peerstore/crypto/secret.hpp>
#include <peerstore/crypto/signatures.hpp>

namespace peerstore::cli {

// What a passphrase opened. After a change of the keys on another machine that may be the account of before:
// with it the present one, if it has the same keys behind another passphrase, or else (after a rekey) only
// what was stored until then. From the most to the least.
enum class OpenedBy : std::uint8_t { present, before, before_alone };

struct UnlockedHome {
  crypto::Locked<membership::Identity> identity;  // whole; without authority, without the person's and root's
  account::Owner owner;
  account::AccountFile file;
  account::RecordBody body;  // of file.record
  crypto::Guarded<crypto::SecretKey> user_key;
  std::optional<crypto::Guarded<crypto::SecretKey>> authority_key;
  account::DriveSecrets drive;
  OpenedBy opened_by = OpenedBy::present;
  // Of a command that changes the account: taken before the account is read.
  std::unique_ptr<os::HomeLock> lock;

  account::UnlockedKeys keys() const;  // copies of both; requires authority
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
// Whether an error of these two says that the keys are good, and of another account: before a rekey, after
// one.
bool is_of_another_epoch(const Error& error);
Result<UnlockedHome> open_without_authority(crypto::Signatures& signatures, const Home& home,
                                            crypto::Guarded<crypto::SecretKey> user_key);
// Without authority, if this home's node runs and is unlocked; else with the passphrase. Wrong ones make the
// next answer slower. Errc::refused if it is wrong; invalid if nobody can be asked, or if it opens less than
// `least`, with what else to do with it.
Result<UnlockedHome> unlock_home(crypto::Signatures& signatures, const Home& home, const Output& output,
                                 OpenedBy least);
// With the key that lies in this home, without authority: Errc::not_found if this machine does not unlock
// itself, refused if the key does not open the account (any more).
Result<UnlockedHome> unlock_by_itself(crypto::Signatures& signatures, const Home& home);
// With the passphrase and nothing else: for what needs authority. Says so if another machine changed the
// keys since the last time: once, or each time that it is the passphrase of before. `as_typed`, if there, is
// given what was typed.
Result<UnlockedHome> unlock_with_passphrase(crypto::Signatures& signatures, const Home& home,
                                            const Output& output, OpenedBy least = OpenedBy::present,
                                            account::Passphrase* as_typed = nullptr);
// "your keys were changed on another machine (...)". Nothing if they were not, or if that was said.
std::optional<std::string> change_elsewhere(const Home& home);

// The node's session over the local API. Errc::unreachable if no node runs.
Result<void> lend_key_to_node(const Home& home, const crypto::SecretKey& user_key);
Result<void> lock_node(const Home& home);

}  // namespace peerstore::cli
