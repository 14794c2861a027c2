#include <peerstore/account/account_file.hpp>

#include <gtest/gtest.h>

#include <store/recording_disk.hpp>

namespace peerstore::account {
namespace {

using store::FaultPlan;
using store::RecordingDisk;
using store::Unsynced;

constexpr crypto::PassphraseCost kCheap{1, kCostBytesMin};

Passphrase typed(std::string_view text) { return read_passphrase(as_bytes(text), false).value(); }

// A home's account, with a passphrase.
struct Somebody {
  Somebody() {
    Authority authority;
    authority.person_secret = crypto::Guarded(person.secret_key);
    file.account_secret = entropy.make<AccountSecret>();
    NewBody made =
        new_body(entropy, owner, authority, entropy.make<crypto::SecretKey>(), file.account_secret);
    body = made.body;
    keys = std::move(made.keys);
    seal_writer(file, entropy, owner, 0, *keys.user_key, writer);
    set("the first passphrase");
  }
  void set(std::string_view passphrase) {
    const Passphrase text = typed(passphrase);
    EXPECT_TRUE(set_passphrase(body, entropy, owner, keys, {text, false, file.account_secret, kCheap}));
    const wire::UserRecord before = file.record;
    file.record =
        sign_record(signatures, owner, body, before.version == 0 ? nullptr : &before, person.secret_key)
            .value();
  }
  bool opens(const AccountFile& found, std::string_view passphrase) {
    const auto read = check_record(signatures, owner.ring, person.public_key, found.record);
    if (!read) return false;
    const auto opened = open_with_passphrase(*read, owner, typed(passphrase), &found.account_secret);
    if (!opened) return false;
    const auto drive = open_drive(*read, owner, *opened->user_key);
    return drive && **open_writer(found, owner, *drive) == writer;
  }

  crypto::Ed25519Signatures signatures;
  SeededEntropy entropy{5};
  Owner owner{entropy.make<wire::RingId>(), 3};
  crypto::SigningKeyPair person = signatures.make_key_pair(entropy);
  crypto::SigningSecretKey writer = entropy.make<crypto::SigningSecretKey>();
  AccountFile file;
  RecordBody body;
  UnlockedKeys keys;
};

TEST(AccountFile, ComesBackAsItWas) {
  Somebody me;
  const auto read = decode_account_file(encode(me.file));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->record, me.file.record);
  EXPECT_TRUE(me.opens(*read, "the first passphrase"));
  EXPECT_FALSE(me.opens(*read, "another passphrase"));
  EXPECT_LE(encode(me.file).size(), kAccountFileBytesMax);
}

TEST(AccountFile, IsCorruptWithAnyByteChangedMissingOrAdded) {
  Somebody me;
  const Bytes good = encode(me.file);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    ASSERT_FALSE(decode_account_file(bad)) << i;
    ASSERT_FALSE(decode_account_file(ByteView(good).first(i))) << i;
  }
  Bytes longer = good;
  longer.push_back(0);
  const auto damaged = decode_account_file(longer);
  EXPECT_EQ(damaged.error().code, Errc::corrupt);
  EXPECT_NE(damaged.error().context.find("--home FOLDER"), std::string::npos) << "not in this one";
}

TEST(AccountFile, KeepsTheWritingKeyThroughNewEpochs) {
  Somebody me;
  ASSERT_TRUE(begin_epoch(me.body, me.entropy, me.owner, me.keys));
  const auto drive = open_drive(me.body, me.owner, *me.keys.user_key);
  ASSERT_TRUE(drive);
  EXPECT_EQ(**open_writer(me.file, me.owner, *drive), me.writer) << "sealed in the epoch before";
  seal_writer(me.file, me.entropy, me.owner, 1, *me.keys.user_key, me.writer);
  EXPECT_EQ(**open_writer(me.file, me.owner, *drive), me.writer);
  me.file.writer_epoch = 2;
  EXPECT_FALSE(open_writer(me.file, me.owner, *drive));
}

// A new passphrase, with the power failing at every change of the disk: one of the two opens everything,
// always, and the old one does not any more once the change was told as done.
TEST(AccountFile, LocksNobodyOutWhereverAChangeOfPassphraseIsStopped) {
  Somebody me;
  const Bytes old_file = encode(me.file);
  me.set("the second passphrase");
  const Bytes new_file = encode(me.file);
  for (std::uint64_t after = 0;; ++after) {
    bool finished = false;
    for (const Unsynced names : {Unsynced::dropped, Unsynced::kept}) {
      for (const Unsynced contents : {Unsynced::dropped, Unsynced::kept, Unsynced::torn}) {
        SCOPED_TRACE(testing::Message() << after << ' ' << int(names) << ' ' << int(contents));
        FaultPlan plan;
        RecordingDisk disk(plan);
        ASSERT_TRUE(disk.replace("account", old_file));
        plan.power_off_after = plan.changes + after;
        finished = disk.replace("account", new_file).has_value();
        FaultPlan later;
        const auto found_disk = disk.after_crash(later, names, contents);
        const auto bytes = found_disk->read_all("account", kAccountFileBytesMax);
        ASSERT_TRUE(bytes);
        const auto found = decode_account_file(*bytes);
        ASSERT_TRUE(found);
        const bool by_new = me.opens(*found, "the second passphrase");
        const bool by_old = me.opens(*found, "the first passphrase");
        EXPECT_NE(by_new, by_old);
        if (finished) {
          EXPECT_TRUE(by_new);
        }
      }
    }
    if (finished) break;
  }
}

}  // namespace
}  // namespace peerstore::account
