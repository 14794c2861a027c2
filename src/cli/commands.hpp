// The commands. Each takes its own options, does its work, says what happened, and returns the exit code.
#pragma once

#include "home.hpp"
#include "output.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peerstore::cli {

struct CreateOptions {
  std::string ring_name;
  std::string user;
  std::string machine;  // empty: the host's name
  std::string give = "100G";
  unsigned copies = 3;
  bool no_colours = false;
};
// This machine's name for a person: the host name.
std::string this_machine();
// Names of rings, people and machines: not empty, short, and showable.
Result<void> check_name(const std::string& name, std::string_view what);

Exit create_command(const Home& home, const Output& output, const CreateOptions& options);

struct OwnerOptions {
  std::vector<std::string> bootstrap;  // empty: the home's own node, or whoever was reached last
  std::string ago;                     // of some that only look: as this home knew the drive so long ago
};

// Says why a home could not be unlocked.
Exit failure_to_unlock(const Output& output, const Error& error);
struct UnlockOptions : OwnerOptions {
  bool remember = false;  // and from now on by itself, whenever its node starts
};
Exit unlock_command(const Home& home, const Output& output, const UnlockOptions& options);
struct LockOptions : OwnerOptions {
  bool forget = false;  // and no more by itself
};
Exit lock_command(const Home& home, const Output& output, const LockOptions& options);

struct InviteOptions : OwnerOptions {
  std::string for_whom = "a friend";
  std::string expires = "7d";
  std::string quota;  // empty: as much as the person gives, up to membership::kUnfixedQuotaMax
  bool qr = false;
};
Exit invite_command(const Home& home, const Output& output, const InviteOptions& options);

struct JoinOptions {
  std::string link;
  std::string user;
  std::string machine;
  std::string give = "100G";
  bool only_look = false;
};
Exit join_command(const Home& home, const Output& output, const JoinOptions& options);

struct InvitesOptions : OwnerOptions {
  std::string withdraw;  // a number, or whom it was for; empty: list them
};
Exit invites_command(const Home& home, const Output& output, const InvitesOptions& options);
struct AdminsOptions : OwnerOptions {
  enum class Action : std::uint8_t { list, change, sign };
  Action action = Action::list;
  bool add = false;
  std::string person;  // empty: only the threshold changes; of sign: whose proposal
  std::optional<unsigned> threshold;
};
Exit admins_command(const Home& home, const Output& output, const AdminsOptions& options);
struct RevokeOptions : OwnerOptions {
  std::string whom;
};
Exit revoke_command(const Home& home, const Output& output, const RevokeOptions& options);

struct NodeOptions {
  std::string listen = "0.0.0.0:4747";
  std::vector<std::string> advertise;  // empty: what --listen says, or this machine's addresses
  std::vector<std::string> bootstrap;
  std::string repair_rate = "auto";
};
Exit node_command(const Home& home, const Output& output, const GlobalOptions& global,
                  const NodeOptions& options);
Exit node_health_command(const Home& home, const Output& output);

struct DrainOptions : OwnerOptions {
  bool only_look = false;
  bool undo = false;
};
Exit node_drain_command(const Home& home, const Output& output, const DrainOptions& options);
struct LeaveOptions : OwnerOptions {
  bool now = false;  // without emptying this machine before
};
Exit leave_command(const Home& home, const Output& output, const LeaveOptions& options);

struct PasswdOptions : OwnerOptions {
  std::string new_file;
  int new_descriptor = -1;
};
Exit passwd_command(const Home& home, const Output& output, const PasswdOptions& options);

struct RekeyOptions : PasswdOptions {
  std::vector<std::string> revoked;  // names of machines
};
Exit rekey_command(const Home& home, const Output& output, const RekeyOptions& options);

struct RecoveryMakeOptions : OwnerOptions {
  std::string file;  // empty: standard output
};
Exit recovery_make_command(const Home& home, const Output& output, const RecoveryMakeOptions& options);

struct RecoveryUseOptions : OwnerOptions {
  std::string kit;
  std::string code_file;
  int code_descriptor = -1;
  bool with_passphrase = false;
  std::string machine;  // empty: the host's name
  std::string give = "100G";
};
Exit recovery_use_command(const Home& home, const Output& output, const RecoveryUseOptions& options);

struct BackupOptions : OwnerOptions {
  std::vector<std::string> paths;
  std::vector<std::string> excluded;       // patterns
  std::vector<std::string> excluded_from;  // files with a pattern a line
  bool one_file_system = false;
  bool only_look = false;
  bool mass_deletion_is_meant = false;
};
Exit backup_command(const Home& home, const Output& output, const GlobalOptions& global,
                    const BackupOptions& options);

struct GetFileOptions : OwnerOptions {
  std::string remote;
  std::string destination;  // a file, a folder, or "-" for stdout; empty: the file's own name, here
  std::string snapshot;
  bool overwrite = false;
};
Exit getfile_command(const Home& home, const Output& output, const GlobalOptions& global,
                     const GetFileOptions& options);

struct RestoreOptions : OwnerOptions {
  std::string remote;
  std::string target;
  std::string snapshot;
  bool overwrite = false;
};
Exit restore_command(const Home& home, const Output& output, const GlobalOptions& global,
                     const RestoreOptions& options);

struct ListOptions : OwnerOptions {
  std::string remote;
  std::string snapshot;
  bool long_form = false;
  bool recursive = false;
};
struct FindOptions : OwnerOptions {
  std::string pattern;
  std::string snapshot;
};
struct VersionsOptions : OwnerOptions {
  std::string remote;
};
struct DiffOptions : OwnerOptions {
  std::string from;
  std::string to;  // empty: the newest
};
Exit find_command(const Home& home, const Output& output, const FindOptions& options);
Exit versions_command(const Home& home, const Output& output, const VersionsOptions& options);
Exit diff_command(const Home& home, const Output& output, const DiffOptions& options);

struct VerifyCommandOptions : OwnerOptions {
  bool read_data = false;
  std::string percent;  // with read_data; empty: all
};
struct ForgetOptions : OwnerOptions {
  std::vector<std::string> snapshots;
  drive::KeepRules rules;
  bool only_look = false;
};
struct PruneOptions : OwnerOptions {
  bool only_look = false;
};
Exit verify_command(const Home& home, const Output& output, const GlobalOptions& global,
                    const VerifyCommandOptions& options);
Exit forget_command(const Home& home, const Output& output, const ForgetOptions& options);
Exit prune_command(const Home& home, const Output& output, const GlobalOptions& global,
                   const PruneOptions& options);

Exit ls_command(const Home& home, const Output& output, const ListOptions& options);
Exit snapshots_command(const Home& home, const Output& output, const OwnerOptions& options);
struct StatusOptions : OwnerOptions {
  std::vector<std::string> remotes;  // paths at backup; none: the whole drive
};
Exit status_command(const Home& home, const Output& output, const StatusOptions& options);

// Of all `sim` commands; each uses some.
struct SimulationOptions {
  std::string scenario;
  std::optional<std::uint32_t> nodes;
  std::optional<double> days;
  std::uint64_t seed = 1;
  bool small = false;
  bool streams = false;
  std::string trace;         // a file
  std::string machine;       // replay: only events of this one
  std::uint64_t count = 50;  // sweep: seeds, from `seed` on
  std::uint32_t jobs = 0;    // 0: one a core
};
Exit sim_run_command(const Output& output, const GlobalOptions& global, const SimulationOptions& options);
Exit sim_replay_command(const Output& output, const SimulationOptions& options);
Exit sim_sweep_command(const Output& output, const GlobalOptions& global, const SimulationOptions& options);
Exit sim_ls_command(const Output& output);

}  // namespace peerstore::cli
