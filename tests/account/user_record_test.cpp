#include <peerstore/account/user_keys.hpp>
#include <peerstore/crypto/hash.hpp>

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <sodium.h>

namespace peerstore::account {
namespace {

constexpr crypto::PassphraseCost kCheap{1, kCostBytesMin};

Passphrase typed(std::string_view text) { return read_passphrase(as_bytes(text), false).value(); }

// A person with a record, its passphrase and its recovery code.
struct Somebody {
  crypto::Ed25519Signatures signatures;
  SeededEntropy entropy{42};
  Owner owner{entropy.make<wire::RingId>(), 7};
  crypto::SigningKeyPair person = signatures.make_key_pair(entropy);
  crypto::SecretKey drive_secret = entropy.make<crypto::SecretKey>();
  AccountSecret account_secret = entropy.make<AccountSecret>();
  RecoveryCode code = entropy.make<RecoveryCode>();
  Passphrase passphrase = typed("a passphrase of my own");
  NewBody made = make();

  NewBody make() {
    Authority authority;
    authority.person_secret = crypto::Guarded(person.secret_key);
    return new_body(entropy, owner, authority, drive_secret, account_secret);
  }
  void with_passphrase(bool is_generated = false) {
    const PassphraseUse use{passphrase, is_generated, account_secret, kCheap};
    ASSERT_TRUE(set_passphrase(made.body, entropy, owner, made.keys, use));
  }
  void with_code() { set_recovery_code(made.body, entropy, owner, made.keys, code); }
  wire::UserRecord sign(const wire::UserRecord* previous = nullptr) {
    return sign_record(signatures, owner, made.body, previous, person.secret_key).value();
  }
  void expect_mine(const Result<UnlockedKeys>& keys) {
    ASSERT_TRUE(keys) << keys.error().message();
    EXPECT_EQ(*keys->user_key, *made.keys.user_key);
    EXPECT_EQ(*keys->authority_key, *made.keys.authority_key);
    const auto drive = open_drive(made.body, owner, *keys->user_key);
    ASSERT_TRUE(drive);
    EXPECT_EQ(*drive->by_epoch.at(0).drive_secret, drive_secret);
    EXPECT_EQ(*drive->account_secret, account_secret);
    const auto authority = open_authority(made.body, owner, *keys->authority_key);
    ASSERT_TRUE(authority);
    EXPECT_EQ(*authority->person_secret, person.secret_key);
    EXPECT_FALSE(authority->root_secret);
  }
};

TEST(UserRecord, OpensWithThePassphraseAndTheAccountSecretTogether) {
  Somebody me;
  me.with_passphrase();
  me.expect_mine(open_with_passphrase(me.made.body, me.owner, me.passphrase, &me.account_secret));
  AccountSecret other = me.account_secret;
  other.bytes[0] ^= 1;
  EXPECT_EQ(open_with_passphrase(me.made.body, me.owner, me.passphrase, &other).error().code, Errc::refused);
  EXPECT_FALSE(open_with_passphrase(me.made.body, me.owner, me.passphrase, nullptr));
  EXPECT_FALSE(
      open_with_passphrase(me.made.body, me.owner, typed("a passphrase of my Own"), &me.account_secret));
}

TEST(UserRecord, OpensWithAGeneratedPassphraseAlone) {
  Somebody me;
  me.passphrase = generate_passphrase(me.entropy);
  me.with_passphrase(true);
  me.expect_mine(open_with_passphrase(me.made.body, me.owner, me.passphrase, nullptr));
  EXPECT_FALSE(open_with_passphrase(me.made.body, me.owner, generate_passphrase(me.entropy), nullptr));
  EXPECT_FALSE(open_with_passphrase(me.made.body, me.owner, typed("not six words"), nullptr));
  const auto door = lookup_key_of_generated(me.passphrase, kCheap);
  ASSERT_TRUE(door);
  EXPECT_TRUE(answers_to(me.made.body, *door));
}

TEST(UserRecord, OpensWithTheRecoveryCode) {
  Somebody me;
  me.with_code();
  me.expect_mine(open_with_code(me.made.body, me.owner, me.code));
  RecoveryCode other = me.code;
  other.bytes[31] ^= 1;
  EXPECT_EQ(open_with_code(me.made.body, me.owner, other).error().code, Errc::refused);
}

TEST(UserRecord, AnswersToWhoeverHasWhatOpensIt) {
  Somebody me;
  me.with_passphrase();
  me.with_code();
  EXPECT_TRUE(answers_to(me.made.body, lookup_key_of(me.code)));
  EXPECT_TRUE(answers_to(me.made.body, lookup_key_of(me.account_secret)));
  EXPECT_FALSE(answers_to(me.made.body, me.entropy.make<wire::LookupKey>()));
  EXPECT_FALSE(answers_to(me.made.body, wire::LookupKey{}));
}

TEST(UserRecord, ForgetsTheOldPassphraseWhenThereIsANewOne) {
  Somebody me;
  me.with_passphrase();
  me.with_code();
  const Passphrase old = me.passphrase.copy();
  me.passphrase = typed("another passphrase");
  me.with_passphrase();
  EXPECT_EQ(me.made.body.slots.size(), 2u);
  me.expect_mine(open_with_passphrase(me.made.body, me.owner, me.passphrase, &me.account_secret));
  EXPECT_FALSE(open_with_passphrase(me.made.body, me.owner, old, &me.account_secret));
  me.expect_mine(open_with_code(me.made.body, me.owner, me.code));
}

TEST(UserRecord, KeepsOlderEpochsOpenAndShutsOutOldKeys) {
  Somebody me;
  me.with_code();
  const crypto::SecretKey old_user_key = *me.made.keys.user_key;
  for (std::uint32_t epoch = 1; epoch <= 3; ++epoch) {
    ASSERT_TRUE(begin_epoch(me.made.body, me.entropy, me.owner, me.made.keys));
    EXPECT_EQ(me.made.body.epoch, epoch);
    EXPECT_TRUE(me.made.body.slots.empty());
  }
  const auto drive = open_drive(me.made.body, me.owner, *me.made.keys.user_key);
  ASSERT_TRUE(drive);
  ASSERT_EQ(drive->by_epoch.size(), 4u);
  EXPECT_EQ(*drive->by_epoch[0].drive_secret, me.drive_secret);
  EXPECT_NE(*drive->by_epoch[3].drive_secret, me.drive_secret);
  EXPECT_EQ(*drive->account_secret, me.account_secret);
  EXPECT_FALSE(open_drive(me.made.body, me.owner, old_user_key));
  EXPECT_EQ(decode_record_body(encode(me.made.body)).value(), me.made.body);
}

TEST(UserRecord, HasNoMoreEpochsThanItMay) {
  Somebody me;
  for (std::size_t epoch = 1; epoch < kEpochsMax; ++epoch) {
    ASSERT_TRUE(begin_epoch(me.made.body, me.entropy, me.owner, me.made.keys));
  }
  EXPECT_EQ(begin_epoch(me.made.body, me.entropy, me.owner, me.made.keys).error().code, Errc::full);
  EXPECT_LE(encode(me.made.body).size(), wire::kUserRecordBodyBytesMax);
}

TEST(UserRecord, IsOfOneSizeWhateverItHides) {
  Somebody me;
  Somebody founder;
  Authority authority;
  authority.person_secret = crypto::Guarded(founder.person.secret_key);
  authority.root_secret = crypto::Guarded(founder.person.secret_key);
  const NewBody body =
      new_body(founder.entropy, founder.owner, authority, founder.drive_secret, founder.account_secret);
  EXPECT_EQ(encode(body.body).size(), encode(me.made.body).size());
  EXPECT_TRUE(open_authority(body.body, founder.owner, *body.keys.authority_key).value().root_secret);
}

TEST(UserRecord, IsRefusedWithAnyBitOfItChanged) {
  Somebody me;
  me.with_passphrase();
  me.with_code();
  const wire::UserRecord good = me.sign();
  ASSERT_TRUE(check_record(me.signatures, me.owner.ring, me.person.public_key, good));
  const Bytes body(good.body.view().begin(), good.body.view().end());
  for (std::size_t bit = 0; bit < 8 * body.size(); ++bit) {
    Bytes changed = body;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    wire::UserRecord bad = good;
    bad.body = SharedBytes(changed);
    EXPECT_FALSE(check_record(me.signatures, me.owner.ring, me.person.public_key, bad)) << bit;
    // And without the signature: no bit of it can be turned and give other keys.
    const auto read = decode_record_body(changed);
    if (!read) continue;
    const auto keys = open_with_code(*read, me.owner, me.code);
    if (keys) {
      EXPECT_EQ(*keys->user_key, *me.made.keys.user_key);
    }
  }
}

TEST(UserRecord, SlotsCannotBeMovedToAnotherPersonRingOrEpoch) {
  Somebody me;
  me.with_code();
  Owner other = me.owner;
  other.person += 1;
  EXPECT_FALSE(open_with_code(me.made.body, other, me.code));
  other = me.owner;
  other.ring.bytes[0] ^= 1;
  EXPECT_FALSE(open_with_code(me.made.body, other, me.code));
  RecordBody later = me.made.body;
  ASSERT_TRUE(begin_epoch(later, me.entropy, me.owner, me.made.keys));
  later.slots = me.made.body.slots;
  EXPECT_FALSE(open_with_code(later, me.owner, me.code));
}

TEST(UserRecord, PassphraseSlotsRefuseEveryKindOfChange) {
  Somebody me;
  me.with_passphrase();
  const auto open = [&](const PassphraseSlot& slot) {
    RecordBody body = me.made.body;
    body.slots = {slot};
    return open_with_passphrase(body, me.owner, me.passphrase, &me.account_secret);
  };
  const PassphraseSlot good = *passphrase_slot(me.made.body);
  EXPECT_TRUE(open(good));
  PassphraseSlot bad = good;
  bad.is_generated = true;
  EXPECT_FALSE(open(bad));
  bad = good;
  bad.cost.passes = 2;
  EXPECT_FALSE(open(bad));
  bad = good;
  bad.lookup_hash.bytes[0] ^= 1;
  EXPECT_FALSE(open(bad));
  for (const std::size_t at : {0u, 31u, 32u, 55u, 56u, 119u, 120u, 135u}) {
    bad = good;
    bad.keys.bytes[at] ^= 0x80;
    EXPECT_FALSE(open(bad)) << at;
  }
}

TEST(UserRecord, RefusesHostileCostsBeforeMemoryIsTaken) {
  Somebody me;
  me.with_passphrase();
  const auto decoded = [&](std::uint32_t passes, std::uint64_t bytes) {
    RecordBody body = me.made.body;
    std::get<PassphraseSlot>(body.slots[0]).cost = {passes, bytes};
    return decode_record_body(encode(body)).has_value();
  };
  EXPECT_TRUE(decoded(1, kCostBytesMin));
  EXPECT_TRUE(decoded(kPassesMax, kCostBytesMax));
  EXPECT_FALSE(decoded(0, kCostBytesMin));
  EXPECT_FALSE(decoded(kPassesMax + 1, kCostBytesMin));
  EXPECT_FALSE(decoded(std::uint32_t{1} << 31, kCostBytesMin));
  EXPECT_FALSE(decoded(3, std::uint64_t{8} << 10));
  EXPECT_FALSE(decoded(3, kCostBytesMin - 1));
  EXPECT_FALSE(decoded(3, kCostBytesMax + 1));
  EXPECT_FALSE(decoded(3, std::uint64_t{4} << 30));
  EXPECT_FALSE(decoded(3, UINT64_MAX));
}

TEST(UserRecord, RefusesOtherSlotsEpochsAndSizes) {
  Somebody me;
  me.with_passphrase();
  me.with_code();
  RecordBody body = me.made.body;
  EXPECT_TRUE(decode_record_body(encode(body)));
  body.slots.insert(body.slots.begin(), body.slots[0]);
  EXPECT_FALSE(decode_record_body(encode(body))) << "two passphrases";
  body = me.made.body;
  std::swap(body.slots[0], body.slots[1]);
  EXPECT_FALSE(decode_record_body(encode(body))) << "not in order";
  body = me.made.body;
  body.slots.assign(200, body.slots[0]);
  EXPECT_FALSE(decode_record_body(encode(body)));
  body = me.made.body;
  body.epoch = 1;
  EXPECT_FALSE(decode_record_body(encode(body))) << "an epoch without its keys";
  body.epochs.resize(kEpochsMax + 1);
  body.epoch = kEpochsMax;
  EXPECT_FALSE(decode_record_body(encode(body)));
  Bytes bytes = encode(me.made.body);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_record_body(ByteView(bytes).first(size))) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(decode_record_body(bytes));
  bytes[6] = '4';
  EXPECT_EQ(decode_record_body(bytes).error().code, Errc::unsupported);
  body = me.made.body;
  body.ended_writers.assign(kEndedWritersMax, me.person.public_key);
  EXPECT_EQ(decode_record_body(encode(body)).value(), body);
  body.ended_writers.push_back(me.person.public_key);
  EXPECT_FALSE(decode_record_body(encode(body)));
  // One that was made before there were any.
  bytes = encode(me.made.body);
  bytes.pop_back();
  bytes[6] = '1';
  EXPECT_EQ(decode_record_body(bytes).value(), me.made.body);
  EXPECT_FALSE(decode_record_body(Bytes(1 << 20)));
}

// ---- machines that unlock themselves ----

struct SomebodyWithMachines : Somebody {
  MachineKey key = entropy.make<MachineKey>();
  void remember(std::uint32_t machine) {
    ASSERT_TRUE(set_machine_key(made.body, entropy, owner, *made.keys.user_key, machine, key));
  }
  bool opens(const RecordBody& body, std::uint32_t machine) const {
    const auto opened = open_with_machine_key(body, owner, machine, key);
    return opened && **opened == *made.keys.user_key;
  }
};

TEST(MachineSlot, GivesTheUserKeyToItsMachineAlone) {
  SomebodyWithMachines me;
  me.with_passphrase();
  me.with_code();
  for (const std::uint32_t machine : {2u, 0u, 7u}) me.remember(machine);
  EXPECT_TRUE(me.opens(me.made.body, 0) && me.opens(me.made.body, 2) && me.opens(me.made.body, 7));
  EXPECT_EQ(open_with_machine_key(me.made.body, me.owner, 1, me.key).error().code, Errc::refused);
  EXPECT_EQ(open_with_machine_key(me.made.body, me.owner, 2, MachineKey{}).error().code, Errc::refused);
  const RecordBody read = decode_record_body(encode(me.made.body)).value();
  EXPECT_EQ(read, me.made.body);
  EXPECT_FALSE(answers_to(read, wire::LookupKey{me.key.bytes}));
  // In another machine's place, or another person's record, it opens nothing.
  RecordBody moved = read;
  std::get<MachineSlot>(moved.slots[2]).machine = 1;
  EXPECT_FALSE(me.opens(moved, 1));
  Owner other = me.owner;
  other.person += 1;
  EXPECT_FALSE(open_with_machine_key(read, other, 2, me.key));
}

TEST(MachineSlot, StaysWithANewPassphraseAndGoesWithNewKeys) {
  SomebodyWithMachines me;
  me.with_passphrase();
  me.remember(3);
  const RecordBody before = me.made.body;
  me.passphrase = typed("another passphrase");
  me.with_passphrase();
  me.with_code();
  EXPECT_TRUE(me.opens(me.made.body, 3));
  me.expect_mine(open_with_code(me.made.body, me.owner, me.code));
  ASSERT_TRUE(begin_epoch(me.made.body, me.entropy, me.owner, me.made.keys));
  EXPECT_EQ(machine_slot(me.made.body, 3), nullptr);
  me.made.body.slots = before.slots;
  EXPECT_FALSE(open_with_machine_key(me.made.body, me.owner, 3, me.key)) << "of another epoch";
}

TEST(MachineSlot, IsReplacedByANewOneAndDroppedWithItsMachine) {
  SomebodyWithMachines me;
  me.remember(3);
  me.remember(5);
  const MachineKey old = me.key;
  me.key = me.entropy.make<MachineKey>();
  me.remember(3);
  EXPECT_TRUE(me.opens(me.made.body, 3));
  EXPECT_FALSE(open_with_machine_key(me.made.body, me.owner, 3, old));
  keep_machine_slots(me.made.body, {0, 3});
  EXPECT_NE(machine_slot(me.made.body, 3), nullptr);
  EXPECT_EQ(machine_slot(me.made.body, 5), nullptr);
  keep_machine_slots(me.made.body, {});
  EXPECT_TRUE(me.made.body.slots.empty());
}

TEST(MachineSlot, HostileRecordsWithThemAreRefused) {
  SomebodyWithMachines me;
  me.with_passphrase();
  for (std::uint32_t machine = 0; machine < kMachineSlotsMax; ++machine) me.remember(machine);
  EXPECT_EQ(
      set_machine_key(me.made.body, me.entropy, me.owner, *me.made.keys.user_key, 99, me.key).error().code,
      Errc::full);
  me.remember(4);  // again
  me.with_code();  // there is room for it
  EXPECT_EQ(me.made.body.slots.size(), kSlotsMax);
  const RecordBody good = decode_record_body(encode(me.made.body)).value();
  RecordBody body = good;
  std::erase_if(body.slots, [](const Slot& slot) { return std::holds_alternative<RecoverySlot>(slot); });
  MachineSlot more = std::get<MachineSlot>(body.slots.back());
  more.machine = 99;
  body.slots.push_back(more);
  EXPECT_FALSE(decode_record_body(encode(body))) << "too many machines";
  body = good;
  std::get<MachineSlot>(body.slots[3]).machine = std::get<MachineSlot>(body.slots[2]).machine;
  EXPECT_FALSE(decode_record_body(encode(body))) << "one machine twice";
  body = good;
  std::swap(body.slots[2], body.slots[3]);
  EXPECT_FALSE(decode_record_body(encode(body))) << "not in order";
  body = good;
  std::swap(body.slots[1], body.slots[2]);
  EXPECT_FALSE(decode_record_body(encode(body))) << "before the recovery code";
  // The version says whether there are any, so that an older program knows what it does not know.
  Bytes bytes = encode(good);
  EXPECT_EQ(bytes[6], '3');
  bytes[6] = '2';
  EXPECT_FALSE(decode_record_body(bytes));
  keep_machine_slots(me.made.body, {});
  bytes = encode(me.made.body);
  EXPECT_EQ(bytes[6], '2');
  bytes[6] = '3';
  EXPECT_FALSE(decode_record_body(bytes));
}

TEST(UserRecord, IsChainedToTheOneBefore) {
  Somebody me;
  const wire::UserRecord first = me.sign();
  EXPECT_EQ(first.version, 1u);
  EXPECT_TRUE(first.previous.is_zero());
  const wire::UserRecord second = me.sign(&first);
  EXPECT_EQ(second.version, 2u);
  EXPECT_EQ(second.previous, wire::id_of(first));
  wire::UserRecord forged = second;
  forged.version = 3;
  EXPECT_FALSE(check_record(me.signatures, me.owner.ring, me.person.public_key, forged));
}

TEST(UserRecord, OfTwoThatWereMadeApartTheSameOneStaysWhicheverCameFirst) {
  Somebody me;
  const wire::UserRecord first = me.sign();
  const auto outranks_other = [](const wire::UserRecord& next, const wire::UserRecord& held) {
    return outranks(next, decode_record_body(next.body.view()).value(), held);
  };
  const auto expect_order = [&](const wire::UserRecord& higher, const wire::UserRecord& lower) {
    EXPECT_TRUE(outranks_other(higher, lower));
    EXPECT_FALSE(outranks_other(lower, higher));
  };
  EXPECT_FALSE(outranks_other(first, first));
  me.with_code();
  const wire::UserRecord second = me.sign(&first);
  me.code = me.entropy.make<RecoveryCode>();
  me.with_code();
  const wire::UserRecord other = me.sign(&first);
  const wire::UserRecord third = me.sign(&other);
  expect_order(second, first);
  expect_order(third, second);
  EXPECT_NE(outranks_other(second, other), outranks_other(other, second)) << "one of them, and never both";
  EXPECT_FALSE(is_fork(first, second));
  EXPECT_FALSE(is_fork(third, other));
  EXPECT_FALSE(is_fork(first, third)) << "nobody can tell from these two";
  EXPECT_TRUE(is_fork(second, other));
  EXPECT_TRUE(is_fork(second, third));
  EXPECT_TRUE(is_fork(third, second));

  // Keys are never thrown away, however often the record was changed elsewhere.
  ASSERT_TRUE(begin_epoch(me.made.body, me.entropy, me.owner, me.made.keys));
  const wire::UserRecord new_epoch = me.sign(&first);
  expect_order(new_epoch, third);
  me.made = me.make();
  ASSERT_TRUE(begin_epoch(me.made.body, me.entropy, me.owner, me.made.keys));
  const wire::UserRecord other_epochs = me.sign(&third);
  EXPECT_FALSE(outranks_other(new_epoch, other_epochs));
  EXPECT_FALSE(outranks_other(other_epochs, new_epoch));
}

// ---- known answers ----

TEST(PassphraseHash, IsArgon2id) {
  crypto::PassphraseSalt salt;
  salt.bytes.fill(2);
  const auto hashed = crypto::hash_passphrase(as_bytes("password"), salt, {1, std::uint64_t{64} << 20});
  ASSERT_TRUE(hashed);
  EXPECT_EQ(to_hex((*hashed)->view()), "adb34a394ac12c4574b454a283da628d735748197337f533f911586da36c343d");
  EXPECT_EQ(crypto::hash_passphrase(as_bytes("password"), salt, {0, 1}).error().code, Errc::invalid);
}

TEST(SealedKeys, OpenWithOpenSslToo) {
  // XChaCha20-Poly1305 is HChaCha20 and then ChaCha20-Poly1305: the first by libsodium, the second by
  // OpenSSL.
  SeededEntropy entropy(3);
  const auto key = entropy.make<crypto::SecretKey>();
  const Bytes bound_to{1, 2, 3};
  const Bytes plain(64, 0x5a);
  const Bytes sealed = crypto::seal_record(key, bound_to, plain, crypto::RecordNonce(entropy));
  const std::uint8_t* nonce = sealed.data() + 32;
  std::uint8_t subkey[32];
  ASSERT_EQ(crypto_core_hchacha20(subkey, nonce, key.bytes.data(), nullptr), 0);
  std::uint8_t short_nonce[12] = {};
  std::memcpy(short_nonce + 4, nonce + 16, 8);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  ASSERT_EQ(EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), nullptr, subkey, short_nonce), 1);
  Bytes tag(sealed.end() - 16, sealed.end());
  ASSERT_EQ(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag.data()), 1);
  int written = 0;
  ASSERT_EQ(EVP_DecryptUpdate(context, nullptr, &written, bound_to.data(), 3), 1);
  Bytes opened(64);
  ASSERT_EQ(EVP_DecryptUpdate(context, opened.data(), &written, sealed.data() + 56, 64), 1);
  EXPECT_EQ(EVP_DecryptFinal_ex(context, opened.data(), &written), 1);
  EVP_CIPHER_CTX_free(context);
  EXPECT_EQ(opened, plain);
}

// The whole record, from fixed secrets: whoever changes the format changes this.
TEST(UserRecord, HasExactlyTheseBytes) {
  Somebody me;
  me.with_passphrase();
  me.with_code();
  const Bytes body = encode(me.made.body);
  EXPECT_EQ(body.size(), 7u + 4 + 1 + (2 + 4 + 8 + 16 + 32 + 136) + (1 + 32 + 136) + 137 + 1 + 152 + 1);
  EXPECT_EQ(to_hex(crypto::hash("user record test vector", {body}).view()),
            "af9a71ea9c8e185658e2cb8574cd954d620aa7f150730a57324b9179b50bb5d3");
}

TEST(MachineSlot, HasExactlyTheseBytes) {
  SomebodyWithMachines me;
  me.remember(0x01020304);
  const Bytes body = encode(me.made.body);
  EXPECT_EQ(body.size(), 7u + 4 + 1 + (1 + 4 + 104) + 137 + 1 + 152 + 1);
  EXPECT_EQ(to_hex(ByteView(body).first(17)),
            "505355534552330000000001"
            "0304030201");
  EXPECT_EQ(to_hex(crypto::hash("user record test vector", {body}).view()),
            "79c6a5fed30c55becdc02ba38e5c09a54b0209c3367aa2034c34dfefb0afab8b");
}

}  // namespace
}  // namespace peerstore::account
