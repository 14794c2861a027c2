#include <peerstore/cli/main.hpp>

#include "commands.hpp"
#include "secret_input.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <peerstore/crypto/keys.hpp>

#include <algorithm>
#include <functional>
#include <iostream>

namespace peerstore::cli {

namespace {

constexpr const char* kVersion = "peerstore 0.1.0";

// How far two words are apart (Levenshtein): to guess which command was meant.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

// Everything the command line may say, and which command it chose.
struct CommandLine {
  CLI::App app{"Your files, encrypted, on your friends' spare laptops."};
  GlobalOptions global;
  CreateOptions create;
  InviteOptions invite;
  InvitesOptions invites;
  AdminsOptions admins;
  RevokeOptions revoke;
  JoinOptions join;
  NodeOptions node;
  DrainOptions drain;
  LeaveOptions leave;
  BackupOptions backup;
  GetFileOptions getfile;
  RestoreOptions restore;
  ListOptions list;
  FindOptions find;
  VersionsOptions versions;
  DiffOptions diff;
  VerifyCommandOptions verify;
  ForgetOptions forget;
  PruneOptions prune;
  OwnerOptions snapshots;
  StatusOptions status;
  UnlockOptions unlock;
  LockOptions lock;
  PasswdOptions passwd;
  RekeyOptions rekey;
  RecoveryMakeOptions recovery_make;
  RecoveryUseOptions recovery_use;
  SimulationOptions simulation;
  std::function<Exit(const Home&, const Output&)> chosen;

  CommandLine() {
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", kVersion);
    app.add_option("--home", global.home, "The folder of this machine's ring (PEERSTORE_HOME; ~/.peerstore)");
    app.add_flag("--json", global.json, "Answers as JSON, one document a line");
    app.add_flag("-q,--quiet", global.quiet, "No progress and no notes");
    app.add_flag("-v,--verbose", global.verbose, "Log more, to standard error");
    app.add_flag("--no-input", global.no_input, "Ask nothing");
    app.add_option("--passphrase-file", global.passphrase_file,
                   "A file with the passphrase in its first line (PEERSTORE_PASSPHRASE_FILE)");
    app.add_option("--passphrase-fd", global.passphrase_fd, "An open file descriptor to read it from");
    add_ring_commands();
    add_belonging();
    add_account_commands();
    add_node_commands();
    add_backup();
    add_getfile();
    add_restore();
    add_looking();
    add_history();
    add_upkeep();
    add_simulator();
  }

 private:
  void add_ways_in(CLI::App& command, OwnerOptions& options) {
    command.add_option("--bootstrap", options.bootstrap, "HOST:PORT of any member, as the way in");
  }

  void add_ago(CLI::App& command, OwnerOptions& options) {
    command.add_option("--ago", options.ago,
                       "As this machine knew your drive so long ago (3d, 12h): deleted since or not");
  }

  void add_ring_commands() {
    CLI::App* c = app.add_subcommand("create", "Start a ring, with you as its first member");
    c->add_option("NAME", create.ring_name, "The ring's name")->required();
    c->add_option("--user", create.user, "Your name in the ring")->required();
    c->add_option("--machine", create.machine, "This machine's name (default: its host name)");
    c->add_option("--give", create.give, "Space for friends, for example 200G")->capture_default_str();
    c->add_option("--copies", create.copies, "Copies of every piece")->capture_default_str();
    c->add_flag("--no-colours", create.no_colours,
                "Let one friend hold all pieces of a file (for very small rings)");
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return create_command(home, output, create);
      };
    });

    c = app.add_subcommand("invite", "Print a link that lets one friend in, once");
    c->add_option("FOR", invite.for_whom, "Whom it is for (a note for yourself)");
    c->add_option("--expires", invite.expires, "How long it may be used, as in 7d, 12h or never")
        ->capture_default_str();
    c->add_option("--quota", invite.quota,
                  "What your friend may store (default: as much as it gives, up to 200G)");
    c->add_flag("--qr", invite.qr, "Also as a QR code");
    add_ways_in(*c, invite);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return invite_command(home, output, invite);
      };
    });

    c = app.add_subcommand("join", "Enter a friend's ring by the link that you were sent");
    c->add_option("LINK", join.link, "peerstore:join?...")->required();
    c->add_option("--user", join.user, "Your name in the ring")->required();
    c->add_option("--machine", join.machine, "This machine's name (default: its host name)");
    c->add_option("--give", join.give, "Space for friends, for example 100G")->capture_default_str();
    c->add_flag("-n,--dry-run", join.only_look, "Only say how much each friend would bring here");
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) { return join_command(home, output, join); };
    });
  }

  void add_belonging() {
    CLI::App* c = app.add_subcommand("invites", "List invitations: open, used, expired, withdrawn");
    add_ways_in(*c, invites);
    c->require_subcommand(0, 1);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return invites_command(home, output, invites);
      };
    });
    c->add_subcommand("revoke", "Withdraw one that was not used")
        ->add_option("INVITATION", invites.withdraw, "Its number, or whom it was for")
        ->required();

    c = app.add_subcommand("revoke", "Shut a person or a machine out of the ring, now and for ever");
    c->add_option("WHOM", revoke.whom, "A name, or a number as in 17 (a person) or 17.1 (a machine)")
        ->required();
    add_ways_in(*c, revoke);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return revoke_command(home, output, revoke);
      };
    });
    add_admins();
  }

  void add_admins() {
    CLI::App* c = app.add_subcommand("admins", "Who may invite and revoke");
    add_ways_in(*c, admins);
    c->require_subcommand(0, 1);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return admins_command(home, output, admins);
      };
    });
    for (const bool add : {true, false}) {
      CLI::App* one = c->add_subcommand(add ? "add" : "remove",
                                        add ? "Make a person an admin" : "Make an admin none any more");
      one->add_option("PERSON", admins.person, "A name or number")->required();
      one->add_option("--threshold", admins.threshold, "How many admins must agree from then on");
      one->callback([this, add] {
        admins.action = AdminsOptions::Action::change;
        admins.add = add;
      });
    }
    CLI::App* one = c->add_subcommand("threshold", "How many admins must agree who is one");
    one->add_option("NUMBER", admins.threshold, "From then on")->required();
    one->callback([this] { admins.action = AdminsOptions::Action::change; });
    one = c->add_subcommand("sign", "Agree to what another admin proposed");
    one->add_option("PROPOSER", admins.person, "Whose proposal, if there are several");
    one->callback([this] { admins.action = AdminsOptions::Action::sign; });
  }

  void add_account_commands() {
    CLI::App* c = app.add_subcommand("unlock",
                                     "Let this home's node keep your keys, so that commands need no "
                                     "passphrase");
    c->add_flag(
        "--remember", unlock.remember,
        "And whenever it starts: a key to your files (not to your membership) lies in this home then");
    add_ways_in(*c, unlock);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return unlock_command(home, output, unlock);
      };
    });
    c = app.add_subcommand("lock", "Take your keys from this home's node");
    c->add_flag("--forget", lock.forget, "And let it unlock itself no more");
    add_ways_in(*c, lock);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) { return lock_command(home, output, lock); };
    });

    c = app.add_subcommand("passwd", "Change your passphrase");
    c->add_option("--new-passphrase-file", passwd.new_file, "A file with the new one in its first line");
    c->add_option("--new-passphrase-fd", passwd.new_descriptor, "An open file descriptor to read it from");
    add_ways_in(*c, passwd);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return passwd_command(home, output, passwd);
      };
    });

    c = app.add_subcommand("rekey", "New keys, because somebody may have a passphrase or machine of yours");
    c->add_option("--revoke", rekey.revoked, "A machine of yours that is to be one no more, by name");
    c->add_option("--new-passphrase-file", rekey.new_file,
                  "A file with the new passphrase in its first line");
    c->add_option("--new-passphrase-fd", rekey.new_descriptor, "An open file descriptor to read it from");
    add_ways_in(*c, rekey);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) { return rekey_command(home, output, rekey); };
    });
    add_recovery();
  }

  void add_recovery() {
    CLI::App* recovery = app.add_subcommand("recovery", "For the day when all your machines are gone");
    recovery->require_subcommand(1);
    CLI::App* c =
        recovery->add_subcommand("make", "Make a recovery kit to print; older kits open nothing then");
    c->add_option("-o,--output", recovery_make.file, "A new file (default: standard output)");
    add_ways_in(*c, recovery_make);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return recovery_make_command(home, output, recovery_make);
      };
    });
    c = recovery->add_subcommand("use",
                                 "Make this empty machine one of yours, with a kit or your passphrase");
    c->add_option("--kit", recovery_use.kit, "The kit as a file");
    c->add_option("--code-file", recovery_use.code_file, "A file with the recovery code in its first line");
    c->add_option("--code-fd", recovery_use.code_descriptor, "An open file descriptor to read it from");
    c->add_flag("--with-passphrase", recovery_use.with_passphrase,
                "Use your passphrase, not the code (one of your own needs the kit's account secret, too)");
    c->add_option("--machine", recovery_use.machine, "This machine's name (default: its host name)");
    c->add_option("--give", recovery_use.give, "Space for friends, for example 100G")->capture_default_str();
    add_ways_in(*c, recovery_use);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return recovery_use_command(home, output, recovery_use);
      };
    });
  }

  void add_node_commands() {
    CLI::App* c = app.add_subcommand("node", "Run this machine's node: keeps friends' pieces, until Ctrl-C");
    c->add_option("--listen", node.listen, "HOST:PORT to listen at")->capture_default_str();
    c->add_option("--advertise", node.advertise,
                  "HOST:PORT where friends reach it (default: this machine's addresses)");
    c->add_option("--bootstrap", node.bootstrap, "HOST:PORT of any member, as the way in");
    c->add_option(
         "--repair-rate", node.repair_rate,
         "Bytes a second of this machine's uplink for repair: 500K, 2M; auto: a tenth of what it carries")
        ->capture_default_str();
    c->require_subcommand(0, 1);
    c->callback([this, c] {
      if (c->get_subcommands().empty()) {
        chosen = [this](const Home& home, const Output& output) {
          return node_command(home, output, global, node);
        };
      }
    });
    CLI::App* health = c->add_subcommand("health", "Is this home's node running and in the ring?");
    health->callback([this] { chosen = node_health_command; });
    CLI::App* empty = c->add_subcommand("drain", "Empty this machine: others take what it keeps");
    CLI::Option* look = empty->add_flag("-n,--dry-run", drain.only_look, "Only say who would take how much");
    empty->add_flag("--undo", drain.undo, "Keep friends' pieces again")->excludes(look);
    empty->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return node_drain_command(home, output, drain);
      };
    });
    c = app.add_subcommand("leave", "Empty this machine, and leave the ring with it for ever");
    c->add_flag("--now", leave.now,
                "Do not empty it before: others make new copies from those that they have");
    add_ways_in(*c, leave);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) { return leave_command(home, output, leave); };
    });
  }

  void add_backup() {
    CLI::App* c = app.add_subcommand("backup", "Put files and folders into the ring");
    c->add_option("PATH", backup.paths, "Files and folders")->required();
    c->add_option("--exclude", backup.excluded, "Leave out paths that match this pattern")
        ->allow_extra_args(false);
    c->add_option("--exclude-from", backup.excluded_from, "A file of such patterns, one a line")
        ->allow_extra_args(false);
    c->add_flag("--one-file-system", backup.one_file_system, "Do not go into other file systems");
    c->add_flag("-n,--dry-run", backup.only_look, "Say what would be sent, and send nothing");
    c->add_flag("--allow-deletions", backup.mass_deletion_is_meant,
                "Go on though a folder is empty now, or over a fifth of the files are gone");
    add_ways_in(*c, backup);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return backup_command(home, output, global, backup);
      };
    });
  }

  void add_getfile() {
    CLI::App* c = app.add_subcommand("getfile", "Get one file back");
    c->add_option("REMOTE", getfile.remote, "Its path at backup")->required();
    c->add_option("-o,--output", getfile.destination, "A file, a folder, or - for standard output");
    c->add_option("--at", getfile.snapshot, "A snapshot (default: the newest)");
    c->add_flag("--overwrite", getfile.overwrite, "Replace a file that is there");
    add_ago(*c, getfile);
    add_ways_in(*c, getfile);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return getfile_command(home, output, global, getfile);
      };
    });
  }

  void add_restore() {
    CLI::App* c = app.add_subcommand("restore", "Get a folder, or everything, back");
    c->add_option("REMOTE", restore.remote, "A path at backup (default: everything)");
    c->add_option("--to", restore.target, "The folder to restore into")->required();
    c->add_option("--at", restore.snapshot, "A snapshot (default: the newest)");
    c->add_flag("--overwrite", restore.overwrite, "Replace files that are there");
    add_ago(*c, restore);
    add_ways_in(*c, restore);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return restore_command(home, output, global, restore);
      };
    });
  }

  void add_looking() {
    CLI::App* c = app.add_subcommand("ls", "List what is in the ring");
    c->add_option("REMOTE", list.remote, "A path at backup (default: the top)");
    c->add_option("--at", list.snapshot, "A snapshot (default: the newest)");
    c->add_flag("-l,--long", list.long_form, "With mode, size and time");
    c->add_flag("-r,--recursive", list.recursive, "With everything below");
    add_ago(*c, list);
    add_ways_in(*c, list);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) { return ls_command(home, output, list); };
    });

    c = app.add_subcommand("snapshots", "List the states that were kept");
    add_ago(*c, snapshots);
    add_ways_in(*c, snapshots);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return snapshots_command(home, output, snapshots);
      };
    });

    c = app.add_subcommand("status", "Are my files safe now?");
    c->add_option("PATH", status.remotes,
                  "Files and folders, by their paths at backup (default: the whole drive)");
    add_ways_in(*c, status);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return status_command(home, output, status);
      };
    });
  }

  void add_history() {
    CLI::App* c = app.add_subcommand("find", "Find files by a pattern of their paths");
    c->add_option("PATTERN", find.pattern, "As in '*.jpg' or 'letters/**/draft*'")->required();
    c->add_option("--at", find.snapshot, "A snapshot (default: the newest)");
    add_ways_in(*c, find);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) { return find_command(home, output, find); };
    });

    c = app.add_subcommand("versions", "Every version of a file that was kept");
    c->add_option("REMOTE", versions.remote, "Its path at backup")->required();
    add_ways_in(*c, versions);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return versions_command(home, output, versions);
      };
    });

    c = app.add_subcommand("diff", "What differs between two snapshots");
    c->add_option("FROM", diff.from, "A snapshot")->required();
    c->add_option("TO", diff.to, "Another (default: the newest)");
    add_ways_in(*c, diff);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) { return diff_command(home, output, diff); };
    });
  }

  void add_upkeep() {
    CLI::App* c = app.add_subcommand("verify", "Is everything there, and sound?");
    CLI::Option* read =
        c->add_option("--read-data", verify.percent, "Fetch and check so many percent of all data")
            ->expected(0, 1);
    add_ways_in(*c, verify);
    c->callback([this, read] {
      verify.read_data = read->count() > 0;
      chosen = [this](const Home& home, const Output& output) {
        return verify_command(home, output, global, verify);
      };
    });

    c = app.add_subcommand("forget", "Forget snapshots");
    c->add_option("SNAPSHOT", forget.snapshots, "These");
    c->add_option("--keep-last", forget.rules.last, "Or all but so many of each set of paths");
    c->add_option("--keep-daily", forget.rules.daily, "And the last one of so many days");
    c->add_option("--keep-weekly", forget.rules.weekly, "And of so many weeks");
    c->add_option("--keep-monthly", forget.rules.monthly, "And of so many months");
    c->add_option("--keep-yearly", forget.rules.yearly, "And of so many years");
    c->add_flag("-n,--dry-run", forget.only_look, "Only say which");
    add_ways_in(*c, forget);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return forget_command(home, output, forget);
      };
    });

    c = app.add_subcommand("prune", "Drop what no snapshot needs any more");
    c->add_flag("-n,--dry-run", prune.only_look, "Only say how much");
    add_ways_in(*c, prune);
    c->callback([this] {
      chosen = [this](const Home& home, const Output& output) {
        return prune_command(home, output, global, prune);
      };
    });
  }

  void add_simulator() {
    CLI::App* c = app.add_subcommand("sim", "Run a ring of thousands of machines in virtual time");
    c->require_subcommand(1);
    CLI::App* ls = c->add_subcommand("ls", "The scenarios that are built in");
    ls->callback(
        [this] { chosen = [](const Home&, const Output& output) { return sim_ls_command(output); }; });
    CLI::App* run = c->add_subcommand("run", "Run a scenario once and check its laws");
    add_scenario(*run);
    run->callback([this] {
      chosen = [this](const Home&, const Output& output) {
        return sim_run_command(output, global, simulation);
      };
    });
    CLI::App* replay = c->add_subcommand("replay", "Run a scenario once and tell everything that happens");
    add_scenario(*replay);
    replay->add_option("--machine", simulation.machine, "Only what happens to this one, as in p3-laptop0");
    replay->callback([this] {
      chosen = [this](const Home&, const Output& output) { return sim_replay_command(output, simulation); };
    });
    CLI::App* sweep = c->add_subcommand("sweep", "Run a scenario with many seeds, on all cores");
    add_scenario(*sweep);
    sweep->add_option("--seeds", simulation.count, "How many seeds, from --seed on")->capture_default_str();
    sweep->add_option("--jobs", simulation.jobs, "Runs at a time (default: one a core)");
    sweep->callback([this] {
      chosen = [this](const Home&, const Output& output) {
        return sim_sweep_command(output, global, simulation);
      };
    });
  }

  void add_scenario(CLI::App& command) {
    command.add_option("SCENARIO", simulation.scenario, "One of `peerstore sim ls`, or a .toml file")
        ->required();
    command.add_option("--nodes", simulation.nodes, "Machines (default: as the scenario has it)");
    command.add_option("--days", simulation.days, "Days of life in virtual time (default: likewise)");
    command.add_option("--seed", simulation.seed, "The same seed tells the same story")
        ->capture_default_str();
    command.add_flag("--small", simulation.small, "A small ring and a short life, as the tests run it");
    command.add_flag("--streams", simulation.streams, "Bytes through the real framing and codecs; slower");
    command.add_option("--trace", simulation.trace, "A file that says when each machine is up");
  }
};

// CLI11 says which argument was wrong; here it becomes one message with the nearest command.
Exit usage_error(CommandLine& line, const CLI::ParseError& error, int count, char** arguments,
                 const Output& output) {
  std::string hint = "See: peerstore --help";
  std::string message = error.what();
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (word == "--home") ++i;  // the one option before a command that takes a word
    if (word.starts_with('-')) continue;
    const CLI::App* nearest = nullptr;
    std::size_t least = 3;
    for (const CLI::App* command : line.app.get_subcommands([](const CLI::App*) { return true; })) {
      const std::size_t distance = edit_distance(word, command->get_name());
      if (distance < least) {
        least = distance;
        nearest = command;
      }
    }
    if (least == 0) {
      hint = "See: peerstore " + nearest->get_name() + " --help";
      break;
    }
    message = "no command '" + std::string(word) + "'";
    if (nearest != nullptr) hint = "Did you mean '" + nearest->get_name() + "'?";
    break;
  }
  return output.failure(Exit::usage, message, hint);
}

}  // namespace

int main(int count, char** arguments) {
  if (!crypto::start()) {
    std::cerr << "peerstore: libsodium could not be started\n";
    return static_cast<int>(Exit::failed);
  }
  os::protect_process();
  // What the libraries log is for people too; standard output is for data.
  spdlog::set_default_logger(spdlog::stderr_color_st("peerstore"));
  CommandLine line;
  if (const auto secret = secret_in_arguments(count, arguments)) {
    const Output output(line.global);
    return static_cast<int>(output.failure(
        Exit::usage, *secret, "Use --passphrase-file FILE or --passphrase-fd N, or let it be asked."));
  }
  try {
    line.app.parse(count, arguments);
  } catch (const CLI::Success& success) {  // --help, --version
    return line.app.exit(success);
  } catch (const CLI::ParseError& error) {
    const Output output(line.global);
    return static_cast<int>(usage_error(line, error, count, arguments, output));
  }
  if (line.global.verbose) spdlog::set_level(spdlog::level::debug);
  const Output output(line.global);
  const Home home(line.global.home);
  try {
    const Exit exit = line.chosen(home, output);
    const Result<void> out = output.is_out();
    const bool is_good = exit == Exit::done || exit == Exit::in_part;
    if (is_good && !out) return static_cast<int>(output.failure(out.error()));
    return static_cast<int>(exit);
  } catch (const std::exception& error) {
    return static_cast<int>(output.failure(Exit::failed,
                                           std::string("a bug or a failing machine: ") + error.what(),
                                           "Nothing that was safe before is lost. Please report this."));
  }
}

}  // namespace peerstore::cli
