// The user record: a person's keys, in a form that every friend may keep. docs/formats.md has its bytes.
//
//   user key       one an epoch; opens the drive secret of its epoch, and the user key of the epoch before
//   authority key  opens what makes and ends machines: the person's signing secret, and a founder's root
//   slots          each seals both keys to something that the owner has: a passphrase (through Argon2id;
//                  mixed with the account secret unless we drew it), or the recovery code. A machine that is
//                  to unlock itself has one with a key that lies in its home: it seals the user key alone
//
// Whoever has an old record and what opened it opens the epochs up to that record: changing the passphrase
// takes nothing away from those who have both. A new epoch (rekey) does, for what is written afterwards.
// Every slot commits to its key. A record that was signed is never encoded again. Epochs are only ever added:
// what is sealed in one exists nowhere else.
#pragma once

#include <peerstore/crypto/passphrase_hash.hpp>
#include <peerstore/crypto/stream.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/types.hpp>

#include <optional>
#include <variant>
#include <vector>

namespace peerstore::account {

inline constexpr std::size_t kSlotsMax = 16;
inline constexpr std::size_t kMachineSlotsMax = kSlotsMax - 2;  // there is room for the others, always
inline constexpr std::size_t kEpochsMax = 64;
inline constexpr std::size_t kEndedWritersMax = 16;
// What a passphrase may cost to check; more or less is refused before any memory is taken.
inline constexpr std::uint32_t kPassesMax = 10;
inline constexpr std::uint64_t kCostBytesMin = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kCostBytesMax = std::uint64_t{1} << 30;

template <class Tag, std::size_t PlainBytes>
using Sealed = FixedBytes<Tag, PlainBytes + crypto::kRecordOverheadBytes>;
using SealedKeys = Sealed<struct SealedKeysTag, 64>;  // user key, authority key
using SealedUserKey = Sealed<struct SealedUserKeyTag, 32>;
using SealedAuthority = Sealed<struct SealedAuthorityTag, 65>;  // person secret, has root u8, root secret
using SealedEpoch = Sealed<struct SealedEpochTag, 80>;  // drive secret, user key before, account secret

struct PassphraseSlot {
  bool is_generated = false;  // drawn by us, so without the account secret
  crypto::PassphraseCost cost;
  crypto::PassphraseSalt salt;
  crypto::Hash lookup_hash;  // of the LookupKey that goes with it
  SealedKeys keys;
  bool operator==(const PassphraseSlot&) const = default;
};
struct RecoverySlot {
  crypto::Hash lookup_hash;
  SealedKeys keys;
  bool operator==(const RecoverySlot&) const = default;
};
struct MachineSlot {
  std::uint32_t machine = 0;  // of the person
  SealedUserKey user_key;
  bool operator==(const MachineSlot&) const = default;
};
using Slot = std::variant<PassphraseSlot, RecoverySlot, MachineSlot>;

struct RecordBody {
  std::uint32_t epoch = 0;
  std::vector<Slot> slots;  // in order of kind and machine, at most one of each
  SealedAuthority authority;
  std::vector<SealedEpoch> epochs;  // one for each epoch, from 0
  // Writer keys of the person's machines that the newest epoch ends. Whoever opens this record and finds one
  // that the ring still counts tells the ring: a rekey that was cut off is finished so, from whichever
  // machine.
  std::vector<crypto::SigningPublicKey> ended_writers;
  bool operator==(const RecordBody&) const = default;
};
Bytes encode(const RecordBody& body);
// Says nothing about who signed it. Errc::invalid if it breaks a limit, unsupported if of a later version.
Result<RecordBody> decode_record_body(ByteView bytes);

// Has `next` all the epochs of `held`, byte for byte? Else keeping it instead would throw keys away: two
// machines changed the record apart from each other.
bool keeps_epochs_of(const RecordBody& held, const RecordBody& next);

// Of two records of one person, which stays? The same answer everywhere, whichever came first: the one with
// more epochs, if it has all of the other; then the one of the higher version; of two of one version, made
// apart from each other, the one of the lower id. Neither outranks the other if each has an epoch that the
// other lacks. `next_body` is what check_record() found in `next`.
bool outranks(const wire::UserRecord& next, const RecordBody& next_body, const wire::UserRecord& held);
// Were they made apart from each other, on two machines, as far as these two can show?
bool is_fork(const wire::UserRecord& one, const wire::UserRecord& other);

const PassphraseSlot* passphrase_slot(const RecordBody& body);
const RecoverySlot* recovery_slot(const RecordBody& body);
const MachineSlot* machine_slot(const RecordBody& body, std::uint32_t machine);

crypto::Hash lookup_hash(const wire::LookupKey& key);
// The slot's kind does not matter: does this key open the door to the record?
bool answers_to(const RecordBody& body, const wire::LookupKey& key);

}  // namespace peerstore::account
