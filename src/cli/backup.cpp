#include "owner_session.hpp"
#include "record_exchange.hpp"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace peerstore::cli {

namespace {

// The absolute path, with the folder's symbolic links resolved but not a link at its end.
Result<std::string> absolute(const std::string& path) {
  struct stat facts = {};
  if (::lstat(path.c_str(), &facts) != 0) return fail(Errc::not_found, path + ": " + std::strerror(errno));
  if (S_ISLNK(facts.st_mode)) {
    const std::size_t slash = path.find_last_not_of('/') == std::string::npos ? 0 : path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    char resolved[PATH_MAX];
    if (::realpath(folder.c_str(), resolved) == nullptr) {
      return fail(Errc::not_found, path + ": " + std::strerror(errno));
    }
    return std::string(resolved) + (std::strcmp(resolved, "/") == 0 ? "" : "/") + name;
  }
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) {
    return fail(Errc::not_found, path + ": " + std::strerror(errno));
  }
  return std::string(resolved);
}

Exit exit_of(const drive::BackupSummary& summary) {
  if (summary.snapshot.empty()) return Exit::failed;
  if (!summary.safe()) return Exit::try_later;
  return summary.skipped + summary.changed > 0 ? Exit::in_part : Exit::done;
}

// The patterns in a file, one a line; empty lines and those that begin with # say nothing.
Result<std::vector<std::string>> patterns_in(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(Errc::not_found, "--exclude-from " + path + ": " + std::strerror(errno));
  std::vector<std::string> patterns;
  for (std::string line; std::getline(file, line);) {
    if (patterns.empty() && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    if (line.ends_with('\r')) line.pop_back();  // written on Windows
    if (!line.empty() && line.front() != '#') patterns.push_back(line);
  }
  if (file.bad()) return fail(Errc::io, "--exclude-from " + path + ": it cannot be read");
  return patterns;
}

void report_look(const Output& output, const drive::BackupSummary& summary, Exit exit) {
  if (output.json()) {
    output.document({{"type", "summary"},
                     {"dry_run", true},
                     {"files", summary.files},
                     {"folders", summary.folders},
                     {"symlinks", summary.symlinks},
                     {"files_skipped", summary.skipped},
                     {"others_skipped", summary.others},
                     {"bytes", summary.bytes},
                     {"bytes_new", summary.bytes_new},
                     {"bytes_stored", summary.bytes_stored},
                     {"copies_wanted", summary.copies_wanted},
                     {"exit_code", static_cast<int>(exit)}});
    return;
  }
  output.line(std::to_string(summary.files) + " files, " + human_bytes(summary.bytes) + ": " +
              human_bytes(summary.bytes_new) + " new, " + human_bytes(summary.bytes_stored) + " to each of " +
              std::to_string(summary.copies_wanted) + " copies. Nothing was sent.");
}

void report(const Output& output, const drive::BackupSummary& summary, Exit exit) {
  if (output.json()) {
    output.document({{"type", "summary"},
                     {"snapshot", summary.snapshot},
                     {"files", summary.files},
                     {"folders", summary.folders},
                     {"symlinks", summary.symlinks},
                     {"files_skipped", summary.skipped},
                     {"files_changed", summary.changed},
                     {"others_skipped", summary.others},
                     {"bytes", summary.bytes},
                     {"bytes_new", summary.bytes_new},
                     {"bytes_stored", summary.bytes_stored},
                     {"chunks_sent", summary.chunks_sent},
                     {"copies_wanted", summary.copies_wanted},
                     {"copies_least", summary.copies_least},
                     {"safe", summary.safe()},
                     {"shortfall", printable(summary.shortfall)},
                     {"exit_code", static_cast<int>(exit)}});
    return;
  }
  if (summary.snapshot.empty()) {
    output.line("Nothing was backed up: " +
                (summary.skipped > 0 ? std::to_string(summary.skipped) + " could not be read (see above)."
                                     : "there is no file, folder or link in what was named."));
    return;
  }
  output.line(std::to_string(summary.files) + " files, " + human_bytes(summary.bytes) + " (" +
              human_bytes(summary.bytes_new) + " new): " +
              (summary.safe()
                   ? "safe, " + std::to_string(summary.copies_wanted) +
                         (summary.copies_wanted == 1 ? " copy" : " copies") + " of every piece with friends."
                   : "NOT safe yet."));
  if (!summary.safe()) {
    output.line("  " + std::to_string(summary.copies_least) + " of " + std::to_string(summary.copies_wanted) +
                " copies: " + printable(summary.shortfall));
    output.line("  Nothing is lost. Run the same command again later to finish it.");
  }
  if (summary.skipped > 0)
    output.line("  " + std::to_string(summary.skipped) + " files were left out (see above).");
  if (summary.changed > 0)
    output.line("  " + std::to_string(summary.changed) + " files changed while they were read (see above).");
  output.line("  snapshot " + summary.snapshot.substr(0, 12));
}

// The pattern that leaves out this one path.
std::string pattern_of(const std::string& path) {
  std::string pattern;
  for (const char c : path) {
    if (std::strchr("*?[\\", c) != nullptr && c != '\0') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder == "/" ? folder : folder + "/");
}

struct Backup {
  const Output& output;
  const GlobalOptions& global;
  drive::BackupOptions what;
};

Task<Exit> run(OwnerSession& session, drive::Drive& drive, const Backup& backup) {
  ProgressLine progress(backup.output, session.loop(), "sent", backup.global.quiet);
  drive::Progress last;
  drive::Observer observer;
  observer.progress = [&](const drive::Progress& now) {
    last = now;
    progress.show(now);
  };
  observer.warning = [&](const drive::Warning& warning) {
    progress.clear();
    backup.output.warning(warning.path, warning.error);
  };
  if (backup.what.only_look && !backup.global.quiet) {
    observer.found_new = [&](const std::string& path) {
      progress.clear();
      if (backup.output.json()) {
        boost::json::object found{{"type", "new"}};
        add_name(found, "path", path);
        backup.output.document(std::move(found));
      } else {
        backup.output.line(printable(path));
      }
    };
  }
  // Without the keys that open it a backup is worth nothing on an empty machine.
  if (!backup.what.only_look) {
    const Keepers keepers = co_await publish_record(session, session.unlocked().file.record);
    if (keepers.friends == 0) {
      backup.output.note(
          "No friend keeps the keys to it yet: until one does, it opens at this machine alone.");
    }
  }
  const auto summary = co_await drive.backup(backup.what, observer);
  progress.clear();
  if (!summary) {
    if (summary.error().code == Errc::cancelled) {
      co_return backup.output.failure(
          Exit::interrupted, "Stopped. Nothing is lost: " + human_bytes(last.bytes_safe) + " is safe.",
          "Run the same command to go on.");
    }
    std::string remedy = "What was safe before is still safe.";
    // Not this home, which is at work: friends, or another machine of the person's.
    if (summary.error().code == Errc::busy) {
      remedy += " Try again in a minute.";
      co_return backup.output.failure(Exit::try_later, summary.error().message(), remedy);
    }
    co_return backup.output.failure(summary.error(), remedy);
  }
  if (backup.what.only_look) {
    const Exit exit = summary->skipped > 0 ? Exit::in_part : Exit::done;
    report_look(backup.output, *summary, exit);
    co_return exit;
  }
  const Exit exit = exit_of(*summary);
  report(backup.output, *summary, exit);
  co_return exit;
}

}  // namespace

Exit backup_command(const Home& home, const Output& output, const GlobalOptions& global,
                    const BackupOptions& options) {
  drive::BackupOptions what;
  what.excluded = options.excluded;
  what.one_file_system = options.one_file_system;
  what.only_look = options.only_look;
  what.mass_deletion_is_meant = options.mass_deletion_is_meant;
  // Friends' pieces, and the keys of this machine: nothing that a backup could give back.
  const auto own_home = absolute(home.path() + "/.");
  for (const std::string& file : options.excluded_from) {
    const auto patterns = patterns_in(file);
    if (!patterns) return output.failure(patterns.error(), "Nothing was backed up. Check the file.");
    what.excluded.insert(what.excluded.end(), patterns->begin(), patterns->end());
  }
  for (const std::string& path : options.paths) {
    auto whole = absolute(path);
    if (!whole) {
      return output.failure(Exit::not_found, whole.error().context, "Nothing was backed up. Check the path.");
    }
    if (own_home && is_within(*whole, *own_home)) {
      return output.failure(Exit::usage, *whole + " is PeerStore's own home, which is never backed up");
    }
    if (own_home && is_within(*own_home, *whole)) {
      output.note("Left out: " + printable(*own_home) + ", PeerStore's own home.");
      what.excluded.push_back(pattern_of(*own_home));
    }
    what.paths.push_back(std::move(*whole));
  }
  const Backup backup{output, global, std::move(what)};
  return with_drive(home, output, options,
                    [&](OwnerSession& session, drive::Drive& drive) { return run(session, drive, backup); });
}

}  // namespace peerstore::cli
