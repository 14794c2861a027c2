// Home: the folder of one machine of one person.
//
//   identity      who this machine is, and its node key (mode 0600)
//   account       the person's keys, sealed
//   account.before  what they were before another machine changed them, until they are opened here again
//   node/         what the daemon keeps: chunks, heads, roster, addresses of friends, facts
//   client/       what the owner's commands keep: roster and addresses, newest head seen, a cache
//   node.lock     held by the daemon; client.lock by who changes the account, and by commands of the owner
//   joining       a claim that the ring has not answered yet
//   unlock.key    what this machine unlocks itself with, if it does; unlock.key.next takes its place
//   api.sock      the daemon's local API
#pragma once

#include <peerstore/account/account_file.hpp>
#include <peerstore/membership/pending_claim.hpp>
#include <peerstore/os/real.hpp>

#include <memory>
#include <string>
#include <vector>

namespace peerstore::cli {

class Home {
 public:
  static constexpr const char* kClientLock = "client.lock";
  static constexpr const char* kClaimFile = "joining";
  static constexpr const char* kMachineKeyFile = "unlock.key";
  static constexpr const char* kNextMachineKeyFile = "unlock.key.next";
  static constexpr const char* kBeforeFile = "account.before";

  // --home, else $PEERSTORE_HOME, else ~/.peerstore; nothing is made yet.
  explicit Home(std::string path);
  static std::string default_path();

  const std::string& path() const { return path_; }
  std::string socket_path() const { return path_ + "/api.sock"; }
  std::string cache_path() const { return path_ + "/client/cache"; }
  std::string facts_path() const { return path_ + "/node/facts"; }

  bool has_identity() const;
  // Errc::not_found if there is no ring here yet; corrupt; refused if others may read the file.
  Result<membership::Identity> identity() const;
  // Of a join that the ring has not answered yet. Errc::not_found if there is none.
  Result<membership::PendingClaim> claim() const;
  // Before somebody new begins here, and anything is asked or changed. Errc::refused: another machine's node
  // has its chunks here, or (no_claim) the only keys of whoever has begun to join may be.
  Result<void> is_free() const;
  Result<void> has_no_claim() const;
  // Would keep_identity() refuse these?
  Result<void> may_keep_identity(const membership::Identity& identity,
                                 const account::AccountFile& account) const;
  // Writes both once, the account first: Errc::refused if there is either already.
  Result<void> keep_identity(const membership::Identity& identity, const account::AccountFile& account) const;

  Result<account::AccountFile> account() const;
  // In place of the one that was there: in one step, durable. Requires kClientLock.
  Result<void> keep_account(const account::AccountFile& account) const;

  // What another machine made takes the account's place, likewise. The account of before stays beside it, so
  // that whoever changed the keys elsewhere, perhaps a thief, locks nobody out: the newest one that a
  // passphrase opened here. A key that would unlock `machine` by itself goes, if it opens only what was.
  Result<void> displace_account(const account::AccountFile& theirs, std::uint32_t machine) const;
  struct Before {
    account::AccountFile file;
    std::int64_t displaced_ns = 0;  // when this home learned of the change
  };
  // Errc::not_found if no machine changed the account since it was opened here.
  Result<Before> account_before() const;
  Result<void> forget_account_before() const;

  // What this machine unlocks itself with. Errc::not_found if it does not; refused if others may read it. The
  // next key lies beside it until the account that it opens is kept, or is known never to be: requires
  // kClientLock to be changed.
  Result<crypto::Guarded<account::MachineKey>> machine_key() const;
  Result<crypto::Guarded<account::MachineKey>> next_machine_key() const;
  Result<void> keep_machine_key(const account::MachineKey& key) const;  // and no next one
  Result<void> keep_next_machine_key(const account::MachineKey& key) const;
  Result<void> forget_next_machine_key() const;
  // Both, whether or not they are there; no power cut brings them back.
  Result<void> forget_machine_key() const;

  // Before the account is read in order to change it. Nothing is locked, or made, where there is no ring.
  Result<std::unique_ptr<os::HomeLock>> lock_account() const;

  Result<std::unique_ptr<Disk>> node_disk() const { return os::open_disk(path_ + "/node"); }
  Result<std::unique_ptr<Disk>> client_disk() const { return os::open_disk(path_ + "/client"); }
  Result<std::unique_ptr<os::HomeLock>> lock(const std::string& name) const {
    return os::HomeLock::take(path_, name);
  }

 private:
  std::string path_;
};

// Where members were reached last ("addresses" of a disk): the way in after a restart.
std::vector<std::string> load_addresses(Disk& disk);
Result<void> save_addresses(Disk& disk, const std::vector<std::string>& addresses);

}  // namespace peerstore::cli
