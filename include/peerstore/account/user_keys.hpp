// User keys: opening a user record, and writing the next one.
//
// What is sealed is bound to the ring, the person, the epoch and its place in the record, so that nothing
// can be moved from one record to another. Opening with the wrong passphrase or code is Errc::refused.
#pragma once

#include <peerstore/account/passphrase.hpp>
#include <peerstore/account/user_record.hpp>
#include <peerstore/account/written_code.hpp>
#include <peerstore/crypto/signatures.hpp>

namespace peerstore::account {

struct Owner {
  wire::RingId ring;
  wire::PersonNumber person = 0;
};

// What a slot gives.
struct UnlockedKeys {
  crypto::Guarded<crypto::SecretKey> user_key;
  crypto::Guarded<crypto::SecretKey> authority_key;
};
// What the user key gives: the keys of its epoch and of all before it.
struct EpochKeys {
  crypto::Guarded<crypto::SecretKey> user_key;
  crypto::Guarded<crypto::SecretKey> drive_secret;
};
struct DriveSecrets {
  std::vector<EpochKeys> by_epoch;
  crypto::Guarded<AccountSecret> account_secret;
};
// What the authority key gives.
struct Authority {
  crypto::Guarded<crypto::SigningSecretKey> person_secret;
  std::optional<crypto::Guarded<crypto::SigningSecretKey>> root_secret;
};

// What lies in the home of a machine that unlocks itself, and in no other place.
using MachineKey = FixedBytes<struct MachineKeyTag, 32>;

// A passphrase and what has to be known beside it.
struct PassphraseUse {
  const Passphrase& text;
  bool is_generated = false;
  const AccountSecret& account_secret;
  crypto::PassphraseCost cost = {};
};

// ---- writing ----

// A body of epoch 0, without slots yet, and the keys that open it.
struct NewBody {
  RecordBody body;
  UnlockedKeys keys;
};
NewBody new_body(Entropy& entropy, const Owner& owner, const Authority& authority,
                 const crypto::SecretKey& drive_secret, const AccountSecret& account_secret);
// In place of the slot that was there. Takes a second of Argon2id; Errc::full if there is no memory for it.
Result<void> set_passphrase(RecordBody& body, Entropy& entropy, const Owner& owner, const UnlockedKeys& keys,
                            const PassphraseUse& passphrase);
void set_recovery_code(RecordBody& body, Entropy& entropy, const Owner& owner, const UnlockedKeys& keys,
                       const RecoveryCode& code);
// The user key alone, for that machine of the person; in place of the slot that it had. Errc::full if
// kMachineSlotsMax others have one. Each time with a new key: an old one may be in a copy of the home.
Result<void> set_machine_key(RecordBody& body, Entropy& entropy, const Owner& owner,
                             const crypto::SecretKey& user_key, std::uint32_t machine, const MachineKey& key);
// Only those machines keep the slots that they have.
void keep_machine_slots(RecordBody& body, const std::vector<std::uint32_t>& machines);
// A new epoch: new user, authority and drive keys, which replace `keys`; older epochs are sealed under the
// newest. All slots are gone: what they opened must not open this one. Errc::full after kEpochsMax.
Result<void> begin_epoch(RecordBody& body, Entropy& entropy, const Owner& owner, UnlockedKeys& keys);

// Above any number of changes that a person can make; a record beyond it is nobody's.
inline constexpr std::uint64_t kRecordVersionMax = std::uint64_t{1} << 32;

// The first record, or the one after `previous`. Errc::full after kRecordVersionMax.
Result<wire::UserRecord> sign_record(crypto::Signatures& signatures, const Owner& owner,
                                     const RecordBody& body, const wire::UserRecord* previous,
                                     const crypto::SigningSecretKey& person_secret);

// ---- reading ----

// Size, signature, and what it says. Errc::refused if its person did not sign it.
Result<RecordBody> check_record(crypto::Signatures& signatures, const wire::RingId& ring,
                                const crypto::SigningPublicKey& person_key, const wire::UserRecord& record);

// The account secret is needed unless the passphrase was drawn by us. Takes a second of Argon2id.
Result<UnlockedKeys> open_with_passphrase(const RecordBody& body, const Owner& owner, const Passphrase& typed,
                                          const AccountSecret* account_secret);
Result<UnlockedKeys> open_with_code(const RecordBody& body, const Owner& owner, const RecoveryCode& code);
Result<crypto::Guarded<crypto::SecretKey>> open_with_machine_key(const RecordBody& body, const Owner& owner,
                                                                 std::uint32_t machine,
                                                                 const MachineKey& key);
Result<DriveSecrets> open_drive(const RecordBody& body, const Owner& owner,
                                const crypto::SecretKey& user_key);
Result<Authority> open_authority(const RecordBody& body, const Owner& owner,
                                 const crypto::SecretKey& authority_key);

// What a stranger shows to be given the record. A generated passphrase has one salt for everybody, so that
// its key can be known before the record is; it takes a second of Argon2id.
Result<wire::LookupKey> lookup_key_of_generated(const Passphrase& passphrase,
                                                const crypto::PassphraseCost& cost = {});
wire::LookupKey lookup_key_of(const AccountSecret& secret);
wire::LookupKey lookup_key_of(const RecoveryCode& code);

}  // namespace peerstore::account
