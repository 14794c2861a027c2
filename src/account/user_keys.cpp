#include <peerstore/account/user_keys.hpp>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <algorithm>

namespace peerstore::account {

namespace {

constexpr std::string_view kKind = "user record";

crypto::PassphraseSalt salt_of_generated() {
  return *crypto::PassphraseSalt::from(
      crypto::hash("generated passphrase salt", {}).view().first(crypto::PassphraseSalt::kSize));
}

// What a sealed part is bound to, besides its key.
ByteWriter binding(const Owner& owner, std::uint32_t epoch, std::string_view part) {
  ByteWriter out;
  out.fixed(owner.ring).u32(owner.person).u32(epoch).text(part);
  return out;
}

Bytes binding_of(const Owner& owner, std::uint32_t epoch, const PassphraseSlot& slot) {
  ByteWriter out = binding(owner, epoch, "passphrase slot");
  out.u8(slot.is_generated ? 1 : 0).u32(slot.cost.passes).u64(slot.cost.bytes).fixed(slot.salt);
  out.fixed(slot.lookup_hash);
  return out.take();
}

Bytes binding_of(const Owner& owner, std::uint32_t epoch, const RecoverySlot& slot) {
  ByteWriter out = binding(owner, epoch, "recovery slot");
  out.fixed(slot.lookup_hash);
  return out.take();
}

Bytes binding_of(const Owner& owner, std::uint32_t epoch, std::uint32_t machine) {
  ByteWriter out = binding(owner, epoch, "machine slot");
  out.u32(machine);
  return out.take();
}

// Parts of a secret one after another, in guarded memory.
class SecretWriter {
 public:
  explicit SecretWriter(std::size_t size) : secret_(size) {}
  SecretWriter& add(ByteView part) {
    CHECK(at_ + part.size() <= secret_.size());
    std::ranges::copy(part, secret_.bytes().begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += part.size();
    return *this;
  }
  ByteView view() const { return secret_.view(); }

 private:
  crypto::SecretBytes secret_;
  std::size_t at_ = 0;
};

template <class SealedPart>
SealedPart seal(Entropy& entropy, const crypto::SecretKey& key, ByteView bound_to, ByteView plain) {
  const Bytes sealed = crypto::seal_record(key, bound_to, plain, crypto::RecordNonce(entropy));
  return *SealedPart::from(sealed);
}

// The opened bytes pass through ordinary memory once, and are overwritten there.
Result<crypto::SecretBytes> open(const crypto::SecretKey& key, ByteView bound_to, ByteView sealed) {
  Result<Bytes> plain = crypto::open_record(key, bound_to, sealed);
  if (!plain) return plain.error();
  crypto::SecretBytes opened{ByteView(*plain)};
  crypto::wipe(*plain);
  return opened;
}

template <class Key>
crypto::Guarded<Key> part(const crypto::SecretBytes& secret, std::size_t at) {
  crypto::Guarded<Key> key;
  std::ranges::copy(secret.view().subspan(at, Key::kSize), key->bytes.begin());
  return key;
}

SealedKeys seal_keys(Entropy& entropy, const crypto::SecretKey& key, ByteView bound_to,
                     const UnlockedKeys& keys) {
  SecretWriter plain(64);
  plain.add(keys.user_key->view()).add(keys.authority_key->view());
  return seal<SealedKeys>(entropy, key, bound_to, plain.view());
}

Result<UnlockedKeys> open_keys(const crypto::SecretKey& key, ByteView bound_to, const SealedKeys& sealed) {
  const auto opened = open(key, bound_to, sealed.view());
  if (!opened) return opened.error();
  return UnlockedKeys{part<crypto::SecretKey>(*opened, 0), part<crypto::SecretKey>(*opened, 32)};
}

SealedAuthority seal_authority(Entropy& entropy, const Owner& owner, std::uint32_t epoch,
                               const crypto::SecretKey& key, const Authority& authority) {
  SecretWriter plain(65);
  const std::uint8_t has_root = authority.root_secret ? 1 : 0;
  plain.add(authority.person_secret->view()).add({&has_root, 1});
  if (authority.root_secret) plain.add((*authority.root_secret)->view());
  return seal<SealedAuthority>(entropy, key, binding(owner, epoch, "authority").view(), plain.view());
}

SealedEpoch seal_epoch(Entropy& entropy, const Owner& owner, std::uint32_t epoch,
                       const crypto::SecretKey& key, const crypto::SecretKey& drive_secret,
                       const crypto::SecretKey& key_before, const AccountSecret& account_secret) {
  SecretWriter plain(80);
  plain.add(drive_secret.view()).add(key_before.view()).add(account_secret.view());
  return seal<SealedEpoch>(entropy, key, binding(owner, epoch, "epoch").view(), plain.view());
}

// A passphrase's own key, and from it what opens its slot and what opens the door.
crypto::Guarded<crypto::SecretKey> slot_key(const crypto::SecretKey& hashed, const AccountSecret* mixed) {
  if (mixed == nullptr) return crypto::Guarded(crypto::derive_key(hashed, "passphrase slot"));
  return crypto::Guarded(crypto::derive_key(hashed, "passphrase slot", {mixed->view()}));
}
wire::LookupKey lookup_from(const crypto::SecretKey& hashed) {
  return wire::LookupKey{crypto::derive_key(hashed, "generated passphrase lookup").bytes};
}
crypto::Guarded<crypto::SecretKey> machine_slot_key(const MachineKey& key) {
  return crypto::Guarded(crypto::derive_key(crypto::SecretKey{key.bytes}, "machine slot"));
}
crypto::SecretKey recovery_key(const RecoveryCode& code) {
  return crypto::derive_key(crypto::SecretKey{code.bytes}, "recovery slot");
}

template <class Wanted>
void replace_slot(RecordBody& body, const Wanted& slot) {
  std::erase_if(body.slots, [](const Slot& other) { return std::holds_alternative<Wanted>(other); });
  const auto after = [](const Slot& other) { return other.index() > Slot(Wanted{}).index(); };
  body.slots.insert(std::ranges::find_if(body.slots, after), slot);
}

}  // namespace

NewBody new_body(Entropy& entropy, const Owner& owner, const Authority& authority,
                 const crypto::SecretKey& drive_secret, const AccountSecret& account_secret) {
  NewBody made;
  entropy.fill(made.keys.user_key->bytes);
  entropy.fill(made.keys.authority_key->bytes);
  made.body.authority = seal_authority(entropy, owner, 0, *made.keys.authority_key, authority);
  made.body.epochs.push_back(
      seal_epoch(entropy, owner, 0, *made.keys.user_key, drive_secret, crypto::SecretKey{}, account_secret));
  return made;
}

Result<void> set_passphrase(RecordBody& body, Entropy& entropy, const Owner& owner, const UnlockedKeys& keys,
                            const PassphraseUse& passphrase) {
  PassphraseSlot slot;
  slot.is_generated = passphrase.is_generated;
  slot.cost = passphrase.cost;
  slot.salt = passphrase.is_generated ? salt_of_generated() : entropy.make<crypto::PassphraseSalt>();
  const auto hashed = crypto::hash_passphrase(passphrase.text.view(), slot.salt, slot.cost);
  if (!hashed) return hashed.error();
  const AccountSecret* mixed = passphrase.is_generated ? nullptr : &passphrase.account_secret;
  slot.lookup_hash =
      lookup_hash(passphrase.is_generated ? lookup_from(**hashed) : lookup_key_of(passphrase.account_secret));
  slot.keys = seal_keys(entropy, *slot_key(**hashed, mixed), binding_of(owner, body.epoch, slot), keys);
  replace_slot(body, slot);
  return {};
}

void set_recovery_code(RecordBody& body, Entropy& entropy, const Owner& owner, const UnlockedKeys& keys,
                       const RecoveryCode& code) {
  RecoverySlot slot;
  slot.lookup_hash = lookup_hash(lookup_key_of(code));
  slot.keys = seal_keys(entropy, recovery_key(code), binding_of(owner, body.epoch, slot), keys);
  replace_slot(body, slot);
}

Result<void> set_machine_key(RecordBody& body, Entropy& entropy, const Owner& owner,
                             const crypto::SecretKey& user_key, std::uint32_t machine,
                             const MachineKey& key) {
  std::vector<Slot> slots;
  std::size_t others = 0;
  for (const Slot& slot : body.slots) {
    const auto* of_machine = std::get_if<MachineSlot>(&slot);
    if (of_machine != nullptr && of_machine->machine == machine) continue;
    if (of_machine != nullptr) ++others;
    slots.push_back(slot);
  }
  if (others >= kMachineSlotsMax) {
    return fail(Errc::full, "no more than " + std::to_string(kMachineSlotsMax) +
                                " machines may unlock themselves: take it from another one there, with "
                                "peerstore lock --forget");
  }
  MachineSlot next;
  next.machine = machine;
  next.user_key = seal<SealedUserKey>(entropy, *machine_slot_key(key), binding_of(owner, body.epoch, machine),
                                      user_key.view());
  const auto is_after = [&](const Slot& slot) {
    const auto* of_machine = std::get_if<MachineSlot>(&slot);
    return of_machine != nullptr && of_machine->machine > machine;
  };
  slots.insert(std::ranges::find_if(slots, is_after), next);
  body.slots = std::move(slots);
  return {};
}

void keep_machine_slots(RecordBody& body, const std::vector<std::uint32_t>& machines) {
  std::erase_if(body.slots, [&](const Slot& slot) {
    const auto* of_machine = std::get_if<MachineSlot>(&slot);
    return of_machine != nullptr && std::ranges::count(machines, of_machine->machine) == 0;
  });
}

Result<void> begin_epoch(RecordBody& body, Entropy& entropy, const Owner& owner, UnlockedKeys& keys) {
  if (body.epochs.size() >= kEpochsMax) return fail(Errc::full, "this record has had all its epochs");
  const auto drive = open_drive(body, owner, *keys.user_key);
  if (!drive) return drive.error();
  const auto authority = open_authority(body, owner, *keys.authority_key);
  if (!authority) return authority.error();
  UnlockedKeys fresh;
  entropy.fill(fresh.user_key->bytes);
  entropy.fill(fresh.authority_key->bytes);
  crypto::Guarded<crypto::SecretKey> drive_secret;
  entropy.fill(drive_secret->bytes);
  body.epoch += 1;
  body.slots.clear();
  body.authority = seal_authority(entropy, owner, body.epoch, *fresh.authority_key, *authority);
  body.epochs.push_back(seal_epoch(entropy, owner, body.epoch, *fresh.user_key, *drive_secret, *keys.user_key,
                                   *drive->account_secret));
  keys = std::move(fresh);
  return {};
}

Result<wire::UserRecord> sign_record(crypto::Signatures& signatures, const Owner& owner,
                                     const RecordBody& body, const wire::UserRecord* previous,
                                     const crypto::SigningSecretKey& person_secret) {
  if (previous != nullptr && previous->version >= kRecordVersionMax) {
    return fail(Errc::full, "this record has had all its versions");
  }
  wire::UserRecord record;
  record.person = owner.person;
  record.version = previous == nullptr ? 1 : previous->version + 1;
  if (previous != nullptr) record.previous = wire::id_of(*previous);
  record.body = SharedBytes(encode(body));
  record.signature = signatures.sign(person_secret, kKind, owner.ring, wire::record_bytes(record));
  return record;
}

Result<RecordBody> check_record(crypto::Signatures& signatures, const wire::RingId& ring,
                                const crypto::SigningPublicKey& person_key, const wire::UserRecord& record) {
  if (record.body.size() > wire::kUserRecordBodyBytesMax) {
    return fail(Errc::invalid, "a user record of over 16 KiB");
  }
  if (record.version == 0 || record.version > kRecordVersionMax) {
    return fail(Errc::invalid, "a user record of an impossible version");
  }
  const Bytes signed_bytes = wire::record_bytes(record);
  if (!signatures.verify(person_key, kKind, ring, signed_bytes, record.signature)) {
    return fail(Errc::refused, "a user record that its person did not sign");
  }
  return decode_record_body(record.body.view());
}

Result<UnlockedKeys> open_with_passphrase(const RecordBody& body, const Owner& owner, const Passphrase& typed,
                                          const AccountSecret* account_secret) {
  const PassphraseSlot* slot = passphrase_slot(body);
  if (slot == nullptr) return fail(Errc::refused, "no passphrase opens this record: use the recovery code");
  const Error wrong = fail(Errc::refused, "this passphrase does not open the record");
  std::optional<Passphrase> words;
  if (slot->is_generated) {
    words = as_generated(typed);
    if (!words) return wrong;
  } else if (account_secret == nullptr) {
    return fail(Errc::refused,
                "this passphrase needs the account secret beside it: it is in the recovery kit");
  }
  const ByteView text = words ? words->view() : typed.view();
  const auto hashed = crypto::hash_passphrase(text, slot->salt, slot->cost);
  if (!hashed) return hashed.error();
  const auto key = slot_key(**hashed, slot->is_generated ? nullptr : account_secret);
  auto keys = open_keys(*key, binding_of(owner, body.epoch, *slot), slot->keys);
  if (!keys) return wrong;
  return keys;
}

Result<UnlockedKeys> open_with_code(const RecordBody& body, const Owner& owner, const RecoveryCode& code) {
  const RecoverySlot* slot = recovery_slot(body);
  if (slot == nullptr) {
    return fail(Errc::refused, "no recovery code opens this record (any more): was a newer kit made?");
  }
  auto keys = open_keys(recovery_key(code), binding_of(owner, body.epoch, *slot), slot->keys);
  if (!keys) return fail(Errc::refused, "this recovery code does not open the record: was a newer kit made?");
  return keys;
}

Result<crypto::Guarded<crypto::SecretKey>> open_with_machine_key(const RecordBody& body, const Owner& owner,
                                                                 std::uint32_t machine,
                                                                 const MachineKey& key) {
  const MachineSlot* slot = machine_slot(body, machine);
  if (slot == nullptr) return fail(Errc::refused, "the record does not let this machine unlock itself");
  const auto opened =
      open(*machine_slot_key(key), binding_of(owner, body.epoch, machine), slot->user_key.view());
  if (!opened) return fail(Errc::refused, "the key that is kept in this home does not open the record");
  return part<crypto::SecretKey>(*opened, 0);
}

Result<DriveSecrets> open_drive(const RecordBody& body, const Owner& owner,
                                const crypto::SecretKey& user_key) {
  DriveSecrets secrets;
  crypto::Guarded<crypto::SecretKey> key(user_key);
  for (std::size_t epoch = body.epochs.size(); epoch-- > 0;) {
    const Bytes bound_to = binding(owner, static_cast<std::uint32_t>(epoch), "epoch").take();
    const auto opened = open(*key, bound_to, body.epochs[epoch].view());
    if (!opened) return opened.error_in("the keys of epoch " + std::to_string(epoch));
    EpochKeys keys{std::move(key), part<crypto::SecretKey>(*opened, 0)};
    secrets.by_epoch.insert(secrets.by_epoch.begin(), std::move(keys));
    if (epoch + 1 == body.epochs.size()) secrets.account_secret = part<AccountSecret>(*opened, 64);
    key = part<crypto::SecretKey>(*opened, 32);
  }
  return secrets;
}

Result<Authority> open_authority(const RecordBody& body, const Owner& owner,
                                 const crypto::SecretKey& authority_key) {
  const Bytes bound_to = binding(owner, body.epoch, "authority").take();
  const auto opened = open(authority_key, bound_to, body.authority.view());
  if (!opened) return opened.error_in("the person's signing key");
  Authority authority;
  authority.person_secret = part<crypto::SigningSecretKey>(*opened, 0);
  if (opened->view()[32] == 1) authority.root_secret = part<crypto::SigningSecretKey>(*opened, 33);
  return authority;
}

Result<wire::LookupKey> lookup_key_of_generated(const Passphrase& passphrase,
                                                const crypto::PassphraseCost& cost) {
  const auto words = as_generated(passphrase);
  if (!words) return fail(Errc::invalid, "it is not six words of PeerStore's list");
  const auto hashed = crypto::hash_passphrase(words->view(), salt_of_generated(), cost);
  if (!hashed) return hashed.error();
  return lookup_from(**hashed);
}

wire::LookupKey lookup_key_of(const AccountSecret& secret) {
  return wire::LookupKey{crypto::hash("account secret lookup", {secret.view()}).bytes};
}

wire::LookupKey lookup_key_of(const RecoveryCode& code) {
  return wire::LookupKey{crypto::derive_key(crypto::SecretKey{code.bytes}, "recovery code lookup").bytes};
}

}  // namespace peerstore::account
