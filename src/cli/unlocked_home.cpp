#include "unlocked_home.hpp"

#include "list.hpp"

#include <peerstore/api/local_client.hpp>
#include <peerstore/membership/roster.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

namespace peerstore::cli {

namespace {

constexpr std::string_view kSession = "/api/v1/session";
constexpr std::string_view kAnotherEpoch = "these keys open another epoch of the account";
constexpr std::string_view kTriesFile = "wrong-passphrases";
constexpr unsigned kTriesFree = 5;
constexpr unsigned kDelayDoublings = 6;  // to about a minute

unsigned wrong_tries(Disk& disk) {
  const auto bytes = disk.read_all(kTriesFile, 16);
  unsigned tries = 0;
  if (bytes) {
    const std::string_view text = as_text(*bytes);
    (void)std::from_chars(text.data(), text.data() + text.size(), tries);
  }
  return tries;
}

// After some wrong ones in a row each further try waits longer: for those who guess at a keyboard. (Who
// copied the files is held up by Argon2id alone.)
void wait_for_turn(unsigned tries) {
  if (tries < kTriesFree) return;
  const unsigned seconds = 1u << std::min(tries - kTriesFree, kDelayDoublings);
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
}

// What lies in a home, checked, and not opened.
struct LockedHome {
  membership::Identity identity;
  account::AccountFile file;
  account::RecordBody body;
};

Result<LockedHome> check(crypto::Signatures& signatures, membership::Identity identity,
                         account::AccountFile file, const std::string& path) {
  const auto key = person_key_of(signatures, identity);
  if (!key) return key.error_in(path);
  if (file.record.person != identity.person) {
    return fail(Errc::corrupt, path + ": the account file is another person's");
  }
  auto body = account::check_record(signatures, owner_of(identity).ring, *key, file.record);
  if (!body) {
    // What lies in the home is damaged, whatever a check of somebody else's would say.
    const bool is_newer = body.error().code == Errc::unsupported;
    return fail(is_newer ? Errc::unsupported : Errc::corrupt, path + ": " + body.error().context);
  }
  return LockedHome{std::move(identity), std::move(file), std::move(*body)};
}

Result<LockedHome> read_locked(crypto::Signatures& signatures, const Home& home) {
  auto identity = home.identity();
  if (!identity) return identity.error();
  auto file = home.account();
  if (!file) return file.error();
  return check(signatures, std::move(*identity), std::move(*file), home.path() + "/account");
}

Result<LockedHome> read_before(crypto::Signatures& signatures, const Home& home) {
  auto before = home.account_before();
  if (!before) return before.error();
  auto identity = home.identity();
  if (!identity) return identity.error();
  return check(signatures, std::move(*identity), std::move(before->file),
               home.path() + "/" + Home::kBeforeFile);
}

Result<UnlockedHome> open_locked(LockedHome locked, crypto::Guarded<crypto::SecretKey> user_key) {
  UnlockedHome open;
  *open.identity = std::move(locked.identity);
  open.owner = owner_of(*open.identity);
  open.file = std::move(locked.file);
  open.body = std::move(locked.body);
  auto drive = account::open_drive(open.body, open.owner, *user_key);
  if (!drive) return fail(Errc::refused, std::string(kAnotherEpoch));
  const auto writer = account::open_writer(open.file, open.owner, *drive);
  if (!writer) return writer.error();
  open.identity->drive_secret = *drive->by_epoch.back().drive_secret;
  open.identity->writer_secret = **writer;
  open.drive = std::move(*drive);
  open.user_key = std::move(user_key);
  return open;
}

Result<UnlockedHome> open_with_keys(LockedHome locked, account::UnlockedKeys keys) {
  auto open = open_locked(std::move(locked), std::move(keys.user_key));
  if (!open) return open;
  const auto authority = account::open_authority(open->body, open->owner, *keys.authority_key);
  if (!authority) return fail(Errc::refused, std::string(kAnotherEpoch));
  open->identity->person_secret = *authority->person_secret;
  if (authority->root_secret) open->identity->root_secret = **authority->root_secret;
  open->authority_key = std::move(keys.authority_key);
  return open;
}

// With the passphrase of before another machine changed the keys.
Result<UnlockedHome> open_by_before(crypto::Signatures& signatures, const Home& home,
                                    const LockedHome& present, const account::Passphrase& typed) {
  auto before = read_before(signatures, home);
  if (!before) return before.error();
  auto keys = account::open_with_passphrase(before->body, owner_of(before->identity), typed,
                                            &before->file.account_secret);
  if (!keys) return keys.error();
  auto open = open_with_keys(present, {keys->user_key.copy(), keys->authority_key.copy()});
  if (open) {
    open->opened_by = OpenedBy::before;
    return open;
  }
  open = open_with_keys(std::move(*before), std::move(*keys));
  if (open) open->opened_by = OpenedBy::before_alone;
  return open;
}

// To whoever has the passphrase of before: it may be the owner, or a thief who changed the keys.
std::string what_to_do(OpenedBy opened_by) {
  const std::string begin =
      ", and this is the passphrase of before. If that was you, use the new one. If not: this one still ";
  if (opened_by == OpenedBy::before) {
    return begin +
           "lets you look and restore, and with it peerstore rekey --revoke MACHINE (the stolen one) takes "
           "your account back";
  }
  return begin +
         "lets you look, and restore what was stored before (with --ago, if that shows an error). Do that; "
         "then let an admin revoke you, and come back by a new invitation";
}

Result<crypto::Guarded<crypto::SecretKey>> key_of_node(const Home& home) {
  const auto answer = api::get_secret(home.socket_path(), std::string(kSession) + "/key");
  if (!answer) return answer.error();
  if (answer->size() != crypto::SecretKey::kSize) return fail(Errc::refused, "the node is locked");
  crypto::Guarded<crypto::SecretKey> key;
  std::ranges::copy(answer->view(), key->bytes.begin());
  return key;
}

}  // namespace

account::UnlockedKeys UnlockedHome::keys() const {
  CHECK(authority_key.has_value());
  return {user_key.copy(), authority_key->copy()};
}

account::Owner owner_of(const membership::Identity& identity) {
  return {membership::ring_id_of(identity.root_key), identity.person};
}

Result<crypto::SigningPublicKey> person_key_of(crypto::Signatures& signatures,
                                               const membership::Identity& identity) {
  membership::Roster roster(signatures, identity.root_key);
  (void)roster.add_all(identity.proof);
  const auto person = roster.persons().find(identity.person);
  if (person == roster.persons().end()) {
    return fail(Errc::corrupt, "the identity file does not show that its person belongs to the ring");
  }
  return person->second.signing_key;
}

Result<account::AccountFile> make_account(crypto::Signatures& signatures,
                                          const membership::Identity& identity,
                                          const ChosenPassphrase& passphrase) {
  os::SystemEntropy entropy;
  const account::Owner owner = owner_of(identity);
  account::Authority authority;
  authority.person_secret = crypto::Guarded(identity.person_secret);
  if (identity.root_secret) authority.root_secret = crypto::Guarded(*identity.root_secret);
  account::AccountFile file;
  file.account_secret = entropy.make<account::AccountSecret>();
  account::NewBody made =
      account::new_body(entropy, owner, authority, identity.drive_secret, file.account_secret);
  const account::PassphraseUse use{passphrase.text, passphrase.is_generated, file.account_secret};
  if (auto set = account::set_passphrase(made.body, entropy, owner, made.keys, use); !set) return set.error();
  auto record = account::sign_record(signatures, owner, made.body, nullptr, identity.person_secret);
  if (!record) return record.error();
  file.record = std::move(*record);
  account::seal_writer(file, entropy, owner, 0, *made.keys.user_key, identity.writer_secret);
  return file;
}

bool is_of_another_epoch(const Error& error) {
  return error.code == Errc::refused && error.context.find(kAnotherEpoch) != std::string::npos;
}

Result<UnlockedHome> open_without_authority(crypto::Signatures& signatures, const Home& home,
                                            crypto::Guarded<crypto::SecretKey> user_key) {
  auto locked = read_locked(signatures, home);
  if (!locked) return locked.error();
  return open_locked(std::move(*locked), std::move(user_key));
}

Result<UnlockedHome> open_home(crypto::Signatures& signatures, const Home& home, account::UnlockedKeys keys) {
  auto locked = read_locked(signatures, home);
  if (!locked) return locked.error();
  return open_with_keys(std::move(*locked), std::move(keys));
}

std::optional<std::string> change_elsewhere(const Home& home) {
  const auto before = home.account_before();
  if (!before) return std::nullopt;
  return "your keys were changed on another machine (this one heard of it at " +
         local_time(before->displaced_ns) + ")";
}

namespace {

// Whoever opens the account that lies there has what was before, too. It may have been displaced while they
// typed; and who holds the lock may be about to.
void forget_before_if_present(const Home& home, const account::AccountFile& opened) {
  const auto lock = home.lock(Home::kClientLock);
  if (!lock) return;
  const auto present = home.account();
  if (present && present->record == opened.record) (void)home.forget_account_before();
}

}  // namespace

Result<UnlockedHome> unlock_with_passphrase(crypto::Signatures& signatures, const Home& home,
                                            const Output& output, OpenedBy least,
                                            account::Passphrase* as_typed) {
  auto locked = read_locked(signatures, home);
  if (!locked) return locked.error();
  const auto typed = ask_passphrase(output.options());
  if (!typed && typed.error().code == Errc::refused) return fail(Errc::invalid, typed.error().context);
  if (!typed) return typed.error();
  if (as_typed != nullptr) *as_typed = typed->copy();
  const auto disk = home.client_disk();
  if (!disk) return disk.error();
  const unsigned tries = wrong_tries(**disk);
  wait_for_turn(tries);
  const auto changed = change_elsewhere(home);
  auto keys = account::open_with_passphrase(locked->body, owner_of(locked->identity), *typed,
                                            &locked->file.account_secret);
  const bool is_wrong = !keys && keys.error().code == Errc::refused;
  auto open = keys ? open_with_keys(*locked, std::move(*keys)) : Result<UnlockedHome>(keys.error());
  if (open) {
    if (tries > 0) (void)(*disk)->remove(kTriesFile);
    if (changed) {
      output.warning("",
                     fail(Errc::busy, *changed + ". If that was not you: peerstore rekey --revoke MACHINE"));
    }
    forget_before_if_present(home, open->file);
    return open;
  }
  auto of_before = open_by_before(signatures, home, *locked, *typed);
  if (!of_before) {
    if (is_wrong) (void)(*disk)->replace(kTriesFile, as_bytes(std::to_string(tries + 1)));
    return open;
  }
  const Error said = fail(Errc::invalid, changed.value_or("") + what_to_do(of_before->opened_by));
  if (of_before->opened_by > least) return said;
  output.warning("", said);
  return of_before;
}

Result<UnlockedHome> unlock_by_itself(crypto::Signatures& signatures, const Home& home) {
  const auto key = home.machine_key();
  const auto next = home.next_machine_key();
  if (!key && !next) return key.error();
  auto locked = read_locked(signatures, home);
  if (!locked) return locked.error();
  const auto open_with = [&](const crypto::Guarded<account::MachineKey>& either) {
    return account::open_with_machine_key(locked->body, owner_of(locked->identity), locked->identity.machine,
                                          *either);
  };
  auto user_key = key ? open_with(*key) : key.error();
  if (!user_key && next) {
    if (auto opened = open_with(*next)) user_key = std::move(*opened);
  }
  if (!user_key) return user_key.error();
  return open_locked(std::move(*locked), std::move(*user_key));
}

Result<UnlockedHome> unlock_home(crypto::Signatures& signatures, const Home& home, const Output& output,
                                 OpenedBy least) {
  // An error of the identity is told before anybody is asked for anything.
  if (const auto identity = home.identity(); !identity) return identity.error();
  if (auto key = key_of_node(home)) {
    auto open = open_without_authority(signatures, home, std::move(*key));
    if (open || open.error().code != Errc::refused) return open;
  }
  return unlock_with_passphrase(signatures, home, output, least);
}

Result<void> lend_key_to_node(const Home& home, const crypto::SecretKey& user_key) {
  const auto answer =
      api::request(home.socket_path(), api::Method::post, std::string(kSession), as_text(user_key.view()));
  if (!answer) return answer.error();
  return {};
}

Result<void> lock_node(const Home& home) {
  const auto answer = api::request(home.socket_path(), api::Method::remove, std::string(kSession), "");
  if (!answer) return answer.error();
  return {};
}

}  // namespace peerstore::cli
