#include "cli/daemon.hpp"
#include "cli/owner_session.hpp"
#include "cli/record_exchange.hpp"
#include "cli/remembering.hpp"

#include <gtest/gtest.h>
#include <os/temporary_folder.hpp>
#include <peerstore/membership/invitation.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace peerstore::cli {
namespace {

constexpr crypto::PassphraseCost kCheap{1, account::kCostBytesMin};

// A founder, and the account as this person's machines change it.
struct Person {
  Person() {
    membership::PolicyStatement policy;
    policy.ring_name = "cellar";
    identity = membership::found_ring(signatures, entropy, policy, "ann", "tower", 1 << 30);
    owner = owner_of(identity);
    account::Authority authority;
    authority.person_secret = crypto::Guarded(identity.person_secret);
    file.account_secret = entropy.make<account::AccountSecret>();
    made = account::new_body(entropy, owner, authority, identity.drive_secret, file.account_secret);
    account::seal_writer(file, entropy, owner, 0, *made.keys.user_key, identity.writer_secret);
    change_passphrase("the passphrase of the beginning");
  }
  void sign() {
    const wire::UserRecord before = file.record;
    file.record = account::sign_record(signatures, owner, made.body, before.version == 0 ? nullptr : &before,
                                       identity.person_secret)
                      .value();
  }
  void change_passphrase(std::string_view words) {
    const auto text = account::read_passphrase(as_bytes(words), true).value();
    const account::PassphraseUse use{text, false, file.account_secret, kCheap};
    ASSERT_TRUE(account::set_passphrase(made.body, entropy, owner, made.keys, use));
    sign();
  }
  void begin_epoch(std::string_view words) {
    ASSERT_TRUE(account::begin_epoch(made.body, entropy, owner, made.keys));
    change_passphrase(words);
  }
  account::MachineKey remember() {
    const auto key = entropy.make<account::MachineKey>();
    EXPECT_TRUE(account::set_machine_key(made.body, entropy, owner, *made.keys.user_key, 0, key));
    sign();
    return key;
  }

  crypto::Ed25519Signatures signatures;
  os::SystemEntropy entropy;
  membership::Identity identity;
  account::Owner owner;
  account::NewBody made;
  account::AccountFile file;
};

// As a command does that reaches nobody.
Task<void> change_alone(OwnerSession& session, const Home& home, account::AccountFile file,
                        account::RecordBody body, Result<Keepers>& keepers) {
  keepers = co_await change_record(session, home, false, std::move(file), std::move(body));
}

class AccountChange : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(home.keep_identity(ann.identity, ann.file)); }
  void TearDown() override {
    if (typing.joinable()) typing.join();
  }

  GlobalOptions with(std::string_view words) {
    GlobalOptions options;
    options.quiet = true;
    options.no_input = true;
    options.passphrase_file = folder / "passphrase";
    std::ofstream(options.passphrase_file) << words << "\n";
    return options;
  }
  Result<UnlockedHome> unlock(std::string_view words, OpenedBy least = OpenedBy::present) {
    return unlock_with_passphrase(ann.signatures, home, Output(with(words)), least);
  }
  // Somebody who is asked, and answers when `meanwhile` has happened.
  Result<UnlockedHome> unlock_slowly(std::string_view words, const std::function<void()>& meanwhile) {
    GlobalOptions options = with("");
    options.passphrase_file = folder / "asked";
    EXPECT_EQ(::mkfifo(options.passphrase_file.c_str(), 0600), 0);
    typing = std::thread([&, path = options.passphrase_file] {
      std::ofstream answer(path);  // which waits for the question
      meanwhile();
      answer << words << "\n";
    });
    return unlock_with_passphrase(ann.signatures, home, Output(options), OpenedBy::present);
  }
  void displace() { ASSERT_TRUE(home.displace_account(ann.file, 0)); }
  std::unique_ptr<OwnerSession> session(UnlockedHome open) {
    auto prepared = OwnerSession::prepare(home, std::move(open));
    EXPECT_TRUE(prepared);
    return std::move(*prepared);
  }
  bool is_before_kept() const { return std::filesystem::exists(home.path() + "/account.before"); }
  Exit remember() {
    return remember_command(home, Output(with("the passphrase of the beginning")), UnlockOptions{{}, true});
  }

  Result<Keepers> change(OwnerSession& at, const account::AccountFile& file,
                         const account::RecordBody& body) {
    Result<Keepers> keepers = Keepers{};
    EXPECT_TRUE(at.loop().run(change_alone(at, home, file, body, keepers)));
    return keepers;
  }

  os::TemporaryFolder folder;
  Home home{folder / "home"};
  Person ann;
  std::thread typing;
};

// ---- what was before another machine changed it ----

TEST_F(AccountChange, ElsewhereLeavesThePassphraseOfBeforeALookUntilTheNewOneIsUsed) {
  ann.change_passphrase("the passphrase of the thief");
  displace();
  ASSERT_TRUE(home.account_before());
  EXPECT_EQ(unlock("the passphrase of the beginning").error().code, Errc::invalid);
  EXPECT_EQ(unlock("the passphrase of nobody at all", OpenedBy::before_alone).error().code, Errc::refused);
  const auto before = unlock("the passphrase of the beginning", OpenedBy::before_alone);
  ASSERT_TRUE(before) << before.error().message();
  EXPECT_EQ(before->opened_by, OpenedBy::before);
  EXPECT_EQ(before->file.record, ann.file.record) << "the keys are the same";
  ann.begin_epoch("the passphrase of new keys");
  displace();
  const auto alone = unlock("the passphrase of the beginning", OpenedBy::before_alone);
  ASSERT_TRUE(alone) << alone.error().message();
  EXPECT_EQ(alone->opened_by, OpenedBy::before_alone);
  EXPECT_TRUE(is_before_kept());
  ASSERT_TRUE(unlock("the passphrase of new keys"));
  EXPECT_FALSE(is_before_kept());
  EXPECT_FALSE(unlock("the passphrase of the beginning", OpenedBy::before_alone));
}

TEST_F(AccountChange, IsNotForgottenByWhoOpensWhatLiesThereNoMore) {
  ASSERT_TRUE(unlock_slowly("the passphrase of the beginning", [&] {
    ann.change_passphrase("the passphrase of the thief");
    displace();
  }));
  EXPECT_TRUE(is_before_kept());
  EXPECT_TRUE(unlock("the passphrase of the beginning", OpenedBy::before));
}

TEST_F(AccountChange, IsNotForgottenWhileAnotherCommandIsAtIt) {
  ann.change_passphrase("the passphrase of the thief");
  displace();
  {
    const auto lock = home.lock(Home::kClientLock);
    ASSERT_TRUE(unlock("the passphrase of the thief"));
    EXPECT_TRUE(is_before_kept());
  }
  ASSERT_TRUE(unlock("the passphrase of the thief"));
  EXPECT_FALSE(is_before_kept());
}

TEST_F(AccountChange, TakesNoOtherPersonsFileForTheAccountOfBefore) {
  const Person bob;  // of another ring, with the number that all founders have
  ASSERT_EQ(bob.identity.person, ann.identity.person);
  const Bytes foreign = account::encode(bob.file);
  std::ofstream(home.path() + "/account.before", std::ios::binary) << as_text(foreign);
  EXPECT_EQ(home.account_before().error().code, Errc::corrupt);
  ann.change_passphrase("the passphrase of the thief");
  displace();
  EXPECT_TRUE(unlock("the passphrase of the beginning", OpenedBy::before)) << "it is kept in its place";
}

// ---- who has none ----

TEST_F(AccountChange, IsNotWhatSomebodyIsToldToRecoverFromWhoGaveNoPassphrase) {
  GlobalOptions silent;
  silent.no_input = true;
  const Output output(silent);
  const auto said = [&](const Error& error) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(failure_to_unlock(output, error), Exit::wrong_passphrase);
    return testing::internal::GetCapturedStderr();
  };
  const auto none = unlock_with_passphrase(ann.signatures, home, output);
  ASSERT_FALSE(none);
  EXPECT_EQ(said(none.error()).find("recovery"), std::string::npos);
  const auto wrong = unlock("the passphrase of nobody at all");
  ASSERT_FALSE(wrong);
  EXPECT_NE(said(wrong.error()).find("recovery use"), std::string::npos);
}

// ---- a command that was begun before ----

TEST_F(AccountChange, IsNotUndoneByACommandThatReadTheAccountBefore) {
  auto read_before = unlock("the passphrase of the beginning");
  ASSERT_TRUE(read_before);
  ann.change_passphrase("the passphrase of the thief");
  displace();
  auto looks = unlock("the passphrase of the beginning", OpenedBy::before);
  ASSERT_TRUE(looks);
  looks->opened_by = OpenedBy::present;  // as one that read it before
  looks->file = read_before->file;
  EXPECT_EQ(OwnerSession::prepare(home, std::move(*read_before)).error().code, Errc::busy);
  const auto looking = OwnerSession::prepare(home, std::move(*looks), Purpose::look);
  ASSERT_TRUE(looking);
  EXPECT_TRUE((*looking)->only_looks());
}

TEST_F(AccountChange, LeavesWhoHasThePassphraseOfBeforeNothingToPublish) {
  EXPECT_FALSE(session(unlock("the passphrase of the beginning").value())->only_looks());
  ann.change_passphrase("the passphrase of the thief");
  displace();
  auto before = unlock("the passphrase of the beginning", OpenedBy::before);
  ASSERT_TRUE(before);
  EXPECT_TRUE(session(std::move(*before))->only_looks());
  ann.begin_epoch("the passphrase of new keys");
  displace();
  auto alone = unlock("the passphrase of the beginning", OpenedBy::before_alone);
  ASSERT_TRUE(alone);
  EXPECT_TRUE(session(std::move(*alone))->only_looks());
  EXPECT_FALSE(session(unlock("the passphrase of new keys").value())->only_looks());
}

// ---- whose home it is ----

TEST_F(AccountChange, ByWhoBeginsInAHomeLeavesNothingOfWhoWasThereBefore) {
  const Home other(folder / "other");
  ASSERT_TRUE(other.keep_machine_key(ann.entropy.make<account::MachineKey>()));
  ASSERT_TRUE(other.keep_next_machine_key(ann.entropy.make<account::MachineKey>()));
  std::ofstream(other.path() + "/account.before") << "of before";
  const Person bob;
  ASSERT_TRUE(other.keep_identity(bob.identity, bob.file));
  for (const char* left : {"unlock.key", "unlock.key.next", "account.before"}) {
    EXPECT_FALSE(std::filesystem::exists(other.path() + "/" + left)) << left;
  }
}

TEST_F(AccountChange, IsRefusedToWhoBeginsWhereSomebodysKeysOrChunksAre) {
  const Person bob;
  EXPECT_EQ(home.may_keep_identity(bob.identity, bob.file).error().code, Errc::refused);
  std::filesystem::remove(home.path() + "/identity");
  EXPECT_EQ(home.may_keep_identity(bob.identity, bob.file).error().code, Errc::refused);
  EXPECT_TRUE(home.may_keep_identity(ann.identity, ann.file)) << "a recovery that was cut off";

  CreateOptions options;
  options.ring_name = "cellar";
  options.user = "bob";
  options.give = "1G";
  const auto create = [&](const Home& where) {
    return create_command(where, Output(with("the passphrase of somebody else")), options);
  };
  const Home other(folder / "other");
  std::filesystem::create_directories(other.path() + "/node");
  std::ofstream(other.path() + "/node/member") << "somebody";
  EXPECT_EQ(create(other), Exit::refused);
  EXPECT_FALSE(other.has_identity());
  std::filesystem::remove(other.path() + "/node/member");
  std::ofstream(other.path() + "/joining") << "somebody";
  EXPECT_EQ(create(other), Exit::refused);
  EXPECT_FALSE(other.has_identity());
  std::filesystem::remove(other.path() + "/joining");
  EXPECT_EQ(create(other), Exit::done);
}

TEST_F(AccountChange, OfNobodyIsAClaimThatIsNotOfTheNodeThatStarts) {
  const auto start_with = [&](const membership::Identity& claimed) {
    const Bytes claim = membership::encode(membership::PendingClaim{"peerstore:join?", claimed});
    std::ofstream(home.path() + "/joining", std::ios::binary) << as_text(claim);
    EXPECT_TRUE(Daemon::prepare(home, NodeOptions{}, RepairRate{}));
    return std::filesystem::exists(home.path() + "/joining");
  };
  const auto claimed = [&](const Person& person) {
    membership::Identity identity = person.identity;
    identity.proof.resize(2, identity.proof.front());
    return identity;
  };
  const Person bob;  // of another ring, with the same number
  EXPECT_TRUE(start_with(claimed(bob))) << "it may hold all that he has";
  EXPECT_FALSE(start_with(claimed(ann))) << "it holds secrets in the clear";
}

// ---- what a machine unlocks itself with ----

TEST_F(AccountChange, ElsewhereLeavesAMachineItsKeyOnlyIfItsSlotStaysByteForByte) {
  const auto key = ann.remember();
  ASSERT_TRUE(home.keep_account(ann.file));
  ASSERT_TRUE(home.keep_machine_key(key));
  ann.change_passphrase("the passphrase of the thief");
  displace();
  ASSERT_TRUE(home.machine_key()) << "the slot is as it was";
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));
  // One for this machine that the key does not open: a copy of the home was told to unlock itself.
  (void)ann.remember();
  displace();
  EXPECT_EQ(home.machine_key().error().code, Errc::not_found);

  ASSERT_TRUE(home.keep_machine_key(ann.remember()));
  ASSERT_TRUE(home.keep_account(ann.file));
  ann.begin_epoch("the passphrase of new keys");
  displace();
  EXPECT_EQ(home.machine_key().error().code, Errc::not_found) << "it would open the account of before";

  ASSERT_TRUE(home.keep_machine_key(key));  // of no slot
  (void)ann.remember();
  displace();
  EXPECT_EQ(home.machine_key().error().code, Errc::not_found);
}

TEST_F(AccountChange, ToUnlockItselfLeavesTheKeyOfBeforeIfItIsRefused) {
  std::filesystem::create_directory(home.path() + "/account.tmp");  // so the account cannot be replaced
  EXPECT_NE(remember(), Exit::done);
  EXPECT_EQ(home.machine_key().error().code, Errc::not_found);
  std::filesystem::remove(home.path() + "/account.tmp");
  ASSERT_EQ(remember(), Exit::done);
  const auto key = home.machine_key();
  ASSERT_TRUE(key);
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));

  std::filesystem::create_directory(home.path() + "/account.tmp");
  EXPECT_NE(remember(), Exit::done);
  ASSERT_TRUE(home.machine_key());
  EXPECT_EQ(**home.machine_key(), **key);
  {
    const auto lock = home.lock(Home::kClientLock);
    EXPECT_NE(remember(), Exit::done);
  }
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));
  std::filesystem::remove(home.path() + "/account.tmp");
  ASSERT_EQ(remember(), Exit::done);
  EXPECT_NE(**home.machine_key(), **key);
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));
}

TEST_F(AccountChange, WhileAMachineIsToldToUnlockItselfLeavesTheKeyThatOpensWhatIsThere) {
  const auto first = ann.remember();
  ASSERT_TRUE(home.keep_account(ann.file));
  ASSERT_TRUE(home.keep_machine_key(first));
  // Cut off before the account is changed, while the ring is asked.
  ASSERT_TRUE(home.keep_next_machine_key(ann.entropy.make<account::MachineKey>()));
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));
  // Another machine's passphrase takes the place of this machine's second key, and leaves it the first.
  ann.change_passphrase("the passphrase of another machine");
  displace();
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));
  settle_machine_key(home, ann.identity);
  EXPECT_EQ(*home.machine_key().value(), first);
  EXPECT_EQ(home.next_machine_key().error().code, Errc::not_found);
  // Cut off right after it.
  const auto second = ann.remember();
  ASSERT_TRUE(home.keep_next_machine_key(second));
  ASSERT_TRUE(home.keep_account(ann.file));
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));
  std::filesystem::rename(home.path() + "/account", folder / "account");
  settle_machine_key(home, ann.identity);
  EXPECT_TRUE(home.next_machine_key()) << "an account that cannot be read says nothing";
  std::filesystem::rename(folder / "account", home.path() + "/account");
  settle_machine_key(home, ann.identity);
  EXPECT_EQ(*home.machine_key().value(), second);
  EXPECT_EQ(home.next_machine_key().error().code, Errc::not_found);
  ASSERT_TRUE(home.keep_next_machine_key(first));
  ann.begin_epoch("the passphrase of new keys");
  displace();
  EXPECT_EQ(home.machine_key().error().code, Errc::not_found) << "neither opens it";
  EXPECT_EQ(home.next_machine_key().error().code, Errc::not_found);
}

TEST_F(AccountChange, ToUnlockItselfGoesOnFromWhatWasCutOffTwice) {
  ASSERT_EQ(remember(), Exit::done);
  // The record that the second key opens was kept; a third key is refused.
  const auto second = ann.entropy.make<account::MachineKey>();
  {
    auto open = unlock("the passphrase of the beginning");
    ASSERT_TRUE(open);
    account::RecordBody body = open->body;
    ASSERT_TRUE(account::set_machine_key(body, ann.entropy, ann.owner, *open->user_key, 0, second));
    const account::AccountFile file = open->file;
    ASSERT_TRUE(home.keep_next_machine_key(second));
    ASSERT_TRUE(change(*session(std::move(*open)), file, body));
  }
  std::filesystem::create_directory(home.path() + "/account.tmp");
  EXPECT_NE(remember(), Exit::done);
  EXPECT_EQ(*home.machine_key().value(), second);
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));
}

TEST_F(AccountChange, OfAllKeysTakesTheKeyOutOfTheHomeUnlessItFails) {
  ASSERT_EQ(remember(), Exit::done);
  auto open = unlock("the passphrase of the beginning");
  ASSERT_TRUE(open);
  account::RecordBody body = open->body;
  account::UnlockedKeys keys = open->keys();
  const account::AccountFile file = open->file;
  ASSERT_TRUE(account::begin_epoch(body, ann.entropy, ann.owner, keys));
  const auto changing = session(std::move(*open));
  std::filesystem::create_directory(home.path() + "/account.tmp");
  EXPECT_FALSE(change(*changing, file, body));
  EXPECT_TRUE(unlock_by_itself(ann.signatures, home));
  std::filesystem::remove(home.path() + "/account.tmp");
  EXPECT_TRUE(change(*changing, file, body));
  EXPECT_EQ(home.machine_key().error().code, Errc::not_found) << "it would open the account of before";
}

}  // namespace
}  // namespace peerstore::cli
