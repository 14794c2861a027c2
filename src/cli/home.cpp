#include "home.hpp"

#include <sys/stat.h>

#include <peerstore/membership/statement.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace peerstore::cli {

namespace {
constexpr std::size_t kIdentityBytesMax = 1024 * 1024;
constexpr std::size_t kAddressesBytesMax = 256 * 1024;
constexpr std::size_t kClaimBytesMax = 64 * 1024;

bool is_there(const std::string& path) {
  struct stat facts = {};
  return ::stat(path.c_str(), &facts) == 0;
}

Result<void> forget_file(Disk& disk, const char* name) {
  const auto removed = disk.remove(name);
  if (!removed && removed.error().code != Errc::not_found) return removed.error();
  return disk.sync_folder("");
}
}  // namespace

std::string Home::default_path() {
  if (const char* chosen = std::getenv("PEERSTORE_HOME"); chosen != nullptr && *chosen != 0) return chosen;
  if (const char* user = std::getenv("HOME"); user != nullptr && *user != 0) {
    return std::string(user) + "/.peerstore";
  }
  return ".peerstore";
}

Home::Home(std::string path) : path_(path.empty() ? default_path() : std::move(path)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
}

bool Home::has_identity() const { return is_there(path_ + "/identity"); }

Result<membership::Identity> Home::identity() const {
  struct stat facts = {};
  if (::stat((path_ + "/identity").c_str(), &facts) != 0) {
    if (is_there(path_ + "/account")) {
      return fail(Errc::corrupt,
                  path_ + "/identity is missing, and the account is there: put back a copy of it");
    }
    return fail(Errc::not_found, "there is no ring at " + path_);
  }
  if ((facts.st_mode & 077) != 0) {
    return fail(Errc::refused,
                path_ + "/identity can be read by others: run chmod 600 " + path_ + "/identity");
  }
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  const auto bytes = (*disk)->read_all("identity", kIdentityBytesMax);
  if (!bytes) return bytes.error();
  auto identity = membership::decode_identity(*bytes);
  if (!identity) return identity.error_in(path_ + "/identity");
  return identity;
}

namespace {

// A join or recovery of this very person was cut off between the two files, and nothing is lost with what it
// left: a claim has the same keys, and what recovery finds holds all of them.
bool is_left_from_before(const membership::Identity& identity, const account::AccountFile& held,
                         const account::AccountFile& next, bool has_claim) {
  crypto::Ed25519Signatures signatures;
  const wire::RingId ring = membership::ring_id_of(identity.root_key);
  const auto key = signatures.key_pair_from(identity.person_secret).public_key;
  const auto held_body = account::check_record(signatures, ring, key, held.record);
  const auto next_body = account::check_record(signatures, ring, key, next.record);
  if (!held_body || !next_body || held.record.person != identity.person) return false;
  return has_claim || account::keeps_epochs_of(*held_body, *next_body);
}

}  // namespace

Result<membership::PendingClaim> Home::claim() const {
  if (!is_there(path_ + "/" + kClaimFile)) return fail(Errc::not_found, "nobody has begun to join here");
  const auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  const auto bytes = (*disk)->read_all(kClaimFile, kClaimBytesMax);
  if (!bytes) return bytes.error();
  return membership::decode_pending_claim(*bytes);
}

Result<void> Home::is_free() const {
  if (!is_there(path_ + "/node/member")) return {};
  return fail(Errc::refused, path_ +
                                 "/node is the folder of another machine's node: choose another folder with "
                                 "--home, or move it aside");
}

Result<void> Home::has_no_claim() const {
  const std::string path = path_ + "/" + kClaimFile;
  if (!is_there(path)) return {};
  return fail(Errc::refused,
              "a join was begun in this home and is not answered yet: run it again with its link, "
              "choose another folder with --home, or, to give that invitation up, remove " +
                  path);
}

Result<void> Home::may_keep_identity(const membership::Identity& identity,
                                     const account::AccountFile& account) const {
  if (has_identity()) return fail(Errc::refused, path_ + " belongs to a ring already");
  if (!is_there(path_ + "/account")) return {};
  const auto held = this->account();
  const bool has_claim = is_there(path_ + "/" + kClaimFile);
  if (held && is_left_from_before(identity, *held, account, has_claim)) return {};
  return fail(Errc::refused,
              path_ +
                  "/account is there already: it may be the only copy of somebody's keys (or be "
                  "left from a create that was cut off: then remove it)");
}

Result<void> Home::keep_identity(const membership::Identity& identity,
                                 const account::AccountFile& account) const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  const auto one_at_a_time = lock(kClientLock);
  if (!one_at_a_time) return one_at_a_time.error();
  if (auto good = may_keep_identity(identity, account); !good) return good;
  // Of whoever was here before.
  if (auto gone = forget_account_before(); !gone) return gone;
  if (auto gone = forget_machine_key(); !gone) return gone;
  if (auto kept = (*disk)->replace("account", account::encode(account)); !kept) return kept;
  return (*disk)->replace("identity", membership::encode(identity));
}

Result<account::AccountFile> Home::account() const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  const auto bytes = (*disk)->read_all("account", account::kAccountFileBytesMax);
  if (!bytes && bytes.error().code == Errc::not_found) {
    return fail(Errc::corrupt, path_ + "/account is missing: put back a copy of it");
  }
  if (!bytes) return bytes.error();
  auto account = account::decode_account_file(*bytes);
  if (!account) return account.error_in(path_ + "/account");
  return account;
}

Result<void> Home::keep_account(const account::AccountFile& account) const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  return (*disk)->replace("account", account::encode(account));
}

Result<void> Home::displace_account(const account::AccountFile& theirs, std::uint32_t machine) const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  const auto present = account();
  if (!present) return present.error();
  const auto body_before = account::decode_record_body(present->record.body.view());
  if (!body_before) return body_before.error();
  const auto body = account::decode_record_body(theirs.record.body.view());
  if (!body) return body.error();
  const account::MachineSlot* const slot_before = account::machine_slot(*body_before, machine);
  const account::MachineSlot* const slot = account::machine_slot(*body, machine);
  if (slot == nullptr || slot_before == nullptr || *slot != *slot_before) {
    if (auto gone = forget_machine_key(); !gone) return gone;
  }
  // One that is there is older, and the newest that was opened here.
  const auto before = account_before();
  if (!before) {
    const Errc code = before.error().code;
    if (code != Errc::not_found && code != Errc::corrupt) return before.error();
    if (auto kept = (*disk)->replace(kBeforeFile, account::encode(*present)); !kept) return kept;
  }
  return keep_account(theirs);
}

Result<Home::Before> Home::account_before() const {
  struct stat facts = {};
  const std::string path = path_ + "/" + kBeforeFile;
  if (::stat(path.c_str(), &facts) != 0) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::io, "no other machine changed the account");
  }
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  const auto bytes = (*disk)->read_all(kBeforeFile, account::kAccountFileBytesMax);
  if (!bytes) return bytes.error();
  auto file = account::decode_account_file(*bytes);
  if (!file) return file.error_in(path);
  const auto present = account();
  // The power failed when only this one was written.
  if (present && present->record == file->record) return fail(Errc::not_found, "the account is as it was");
  // Founders of different rings have the same number; no two persons have the same secret.
  if (present &&
      (present->record.person != file->record.person || present->account_secret != file->account_secret)) {
    return fail(Errc::corrupt, path + ": another person's");
  }
  return Before{std::move(*file), facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec};
}

Result<void> Home::forget_account_before() const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  const auto removed = (*disk)->remove(kBeforeFile);
  if (!removed && removed.error().code == Errc::not_found) return {};
  return removed ? (*disk)->sync_folder("") : removed;
}

namespace {

Result<crypto::Guarded<account::MachineKey>> read_machine_key(const std::string& folder, const char* name) {
  const std::string path = folder + "/" + name;
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) return fail(Errc::not_found, "this machine does not unlock itself");
  if ((facts.st_mode & 077) != 0) {
    return fail(Errc::refused, path + " can be read by others: run chmod 600 " + path);
  }
  auto disk = os::open_disk(folder);
  if (!disk) return disk.error();
  auto bytes = (*disk)->read_all(name, account::MachineKey::kSize);
  if (!bytes) return bytes.error();
  if (bytes->size() != account::MachineKey::kSize) return fail(Errc::corrupt, path + " is damaged");
  crypto::Guarded<account::MachineKey> key;
  std::ranges::copy(*bytes, key->bytes.begin());
  crypto::wipe(*bytes);
  return key;
}

}  // namespace

Result<crypto::Guarded<account::MachineKey>> Home::machine_key() const {
  return read_machine_key(path_, kMachineKeyFile);
}

Result<crypto::Guarded<account::MachineKey>> Home::next_machine_key() const {
  return read_machine_key(path_, kNextMachineKeyFile);
}

Result<void> Home::keep_machine_key(const account::MachineKey& key) const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  if (auto kept = (*disk)->replace(kMachineKeyFile, key.view()); !kept) return kept;
  return forget_file(**disk, kNextMachineKeyFile);
}

Result<void> Home::keep_next_machine_key(const account::MachineKey& key) const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  return (*disk)->replace(kNextMachineKeyFile, key.view());
}

Result<void> Home::forget_next_machine_key() const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  return forget_file(**disk, kNextMachineKeyFile);
}

Result<void> Home::forget_machine_key() const {
  auto disk = os::open_disk(path_);
  if (!disk) return disk.error();
  // Each whatever becomes of the other.
  const auto next = forget_file(**disk, kNextMachineKeyFile);
  const auto present = forget_file(**disk, kMachineKeyFile);
  return present ? next : present;
}

Result<std::unique_ptr<os::HomeLock>> Home::lock_account() const {
  if (!has_identity()) return std::unique_ptr<os::HomeLock>();
  return lock(kClientLock);
}

std::vector<std::string> load_addresses(Disk& disk) {
  std::vector<std::string> addresses;
  const auto bytes = disk.read_all("addresses", kAddressesBytesMax);
  if (!bytes) return addresses;
  std::string_view rest = as_text(*bytes);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end > 0) addresses.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return addresses;
}

Result<void> save_addresses(Disk& disk, const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& address : addresses) text += address + "\n";
  return disk.replace("addresses", as_bytes(text));
}

}  // namespace peerstore::cli
