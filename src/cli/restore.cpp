#include "list.hpp"
#include "owner_session.hpp"
#include "remote_path.hpp"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace peerstore::cli {

namespace {

constexpr std::size_t kShownIdDigits = 12;

std::string_view remedy_for(const Error& error) {
  if (error.code == Errc::full) return "Nothing half-written was left. Make room, or choose another place.";
  return "See what there is with: peerstore ls";
}

Exit report(const Output& output, const drive::RestoreSummary& summary, const std::string& target) {
  const bool nothing = summary.files + summary.there + summary.folders + summary.symlinks == 0;
  const Exit exit = summary.failed == 0 && summary.omitted.empty() ? Exit::done
                    : nothing && summary.failed > 0                ? Exit::failed
                                                                   : Exit::in_part;
  if (output.json()) {
    for (const drive::Snapshot& snapshot : summary.omitted) {
      output.document({{"type", "omitted"},
                       {"snapshot", snapshot.id},
                       {"taken_ns", snapshot.taken_ns},
                       {"machine", snapshot.machine}});
    }
    boost::json::object restored{{"type", "summary"},
                                 {"files", summary.files},
                                 {"files_there", summary.there},
                                 {"folders", summary.folders},
                                 {"symlinks", summary.symlinks},
                                 {"bytes", summary.bytes},
                                 {"failed", summary.failed},
                                 {"snapshots_omitted", summary.omitted.size()},
                                 {"exit_code", static_cast<int>(exit)}};
    add_name(restored, "target", target);
    output.document(std::move(restored));
    return exit;
  }
  output.line(std::to_string(summary.files) + " files, " + human_bytes(summary.bytes) + " restored to " +
              printable(target) + ", every byte verified.");
  if (summary.there > 0)
    output.line("  " + std::to_string(summary.there) +
                " files were there already, and are left as they are.");
  if (summary.failed > 0)
    output.line("  " + std::to_string(summary.failed) + " could not be restored (see above).");
  for (const drive::Snapshot& snapshot : summary.omitted) {
    std::string roots;
    for (const std::string& root : snapshot.roots) roots += (roots.empty() ? "" : ", ") + printable(root);
    const std::string id = snapshot.id.substr(0, kShownIdDigits);
    output.line("  NOT restored: what snapshot " + id + " (" + local_time(snapshot.taken_ns) + ", machine " +
                std::to_string(snapshot.machine) + ": " + roots +
                ") has at the same paths. Get it with: peerstore restore --to ANOTHER_FOLDER --at " + id);
  }
  return exit;
}

struct Restore {
  const Output& output;
  const GlobalOptions& global;
  const RestoreOptions& options;
  std::string target;
};

Task<Exit> restore(OwnerSession& session, drive::Drive& drive, const Restore& job) {
  ProgressLine progress(job.output, session.loop(), "restored", job.global.quiet);
  drive::Observer observer;
  observer.progress = [&](const drive::Progress& now) { progress.show(now); };
  observer.warning = [&](const drive::Warning& warning) {
    progress.clear();
    job.output.warning(warning.path, warning.error);
  };
  const auto summary = co_await drive.restore(remote_path(job.options.remote), job.options.snapshot,
                                              job.target, job.options.overwrite, observer);
  progress.clear();
  if (!summary) {
    const bool stopped = summary.error().code == Errc::cancelled;
    if (stopped) {
      co_return job.output.failure(Exit::interrupted, "Stopped. What was restored so far is whole.",
                                   "Run the same command to go on.");
    }
    co_return job.output.failure(summary.error(), remedy_for(summary.error()));
  }
  co_return report(job.output, *summary, job.target);
}

struct GetFile {
  const Output& output;
  const GlobalOptions& global;
  const GetFileOptions& options;
  std::string remote;
};

Result<void> write_to_stdout(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(Errc::io, std::string("standard output: ") + std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Exit not_got(const GetFile& job, const Error& error) {
  if (error.code == Errc::cancelled) {
    return job.output.failure(Exit::interrupted, "Stopped. No file was made.", "Run the same command again.");
  }
  return job.output.failure(error, remedy_for(error));
}

Task<Exit> to_stdout(drive::Drive& drive, const GetFile& job) {
  const auto facts = co_await drive.read_file(job.remote, job.options.snapshot, write_to_stdout);
  if (!facts) co_return not_got(job, facts.error());
  co_return Exit::done;
}

Result<std::string> destination_of(const GetFile& job) {
  const std::string name = last_name(job.remote);
  if (job.options.destination.empty()) return name;
  struct stat facts = {};
  const bool exists = ::stat(job.options.destination.c_str(), &facts) == 0;
  if (exists && S_ISDIR(facts.st_mode)) return job.options.destination + "/" + name;
  if (job.options.destination.ends_with('/')) {
    return fail(Errc::not_found, job.options.destination + ": no such folder");
  }
  return job.options.destination;
}

Task<Exit> to_file(OwnerSession& session, drive::Drive& drive, const GetFile& job) {
  const auto destination = destination_of(job);
  if (!destination) co_return job.output.failure(destination.error());
  const std::unique_ptr<Files> files = os::open_files();
  auto writer = files->create(*destination, job.options.overwrite);
  if (!writer) {
    const bool there = writer.error().code == Errc::refused;
    co_return job.output.failure(
        there ? Exit::failed : exit_for(writer.error()), writer.error().message(),
        there && job.options.overwrite
            ? "Nothing was changed. Give another name with -o, or - for the output."
        : there ? "Nothing was changed. Give --overwrite to replace it, or -o another name."
                : "Give another place with -o.");
  }
  ProgressLine line(job.output, session.loop(), "got", job.global.quiet);
  drive::Progress progress;
  progress.files_total = 1;
  std::size_t entries = 0;
  const auto measure = [&](const drive::ListEntry& entry) {
    ++entries;
    progress.bytes_total = entry.facts.size;
  };
  const auto listed = co_await drive.list(job.remote, job.options.snapshot, false, measure);
  if (!listed || entries != 1) progress.bytes_total = 0;
  const auto sink = [&](ByteView part) {
    progress.bytes_read += part.size();
    progress.bytes_safe = progress.bytes_read;
    line.show(progress);
    return (*writer)->append(part);
  };
  FileAttributes attributes;
  const auto facts = co_await drive.read_file(job.remote, job.options.snapshot, sink, &attributes);
  line.clear();
  if (!facts) co_return not_got(job, facts.error());
  const std::uint64_t bytes = progress.bytes_read;
  const auto finished = (*writer)->finish(*facts, attributes);
  if (!finished) co_return job.output.failure(finished.error(), remedy_for(finished.error()));
  for (const std::string& name : *finished) {
    job.output.warning(*destination, fail(Errc::unsupported, "got without its attribute " + name));
  }
  if (job.output.json()) {
    boost::json::object got{{"type", "summary"}, {"bytes", bytes}, {"exit_code", 0}};
    add_name(got, "path", job.remote);
    add_name(got, "destination", *destination);
    job.output.document(std::move(got));
  } else {
    job.output.line(printable(*destination) + ": " + human_bytes(bytes) + ", every byte verified.");
  }
  co_return Exit::done;
}

Task<Exit> get_file(OwnerSession& session, drive::Drive& drive, const GetFile& job) {
  if (job.options.destination == "-") return to_stdout(drive, job);
  return to_file(session, drive, job);
}

}  // namespace

Exit restore_command(const Home& home, const Output& output, const GlobalOptions& global,
                     const RestoreOptions& options) {
  const bool is_made = ::mkdir(options.target.c_str(), 0700) == 0;
  if (!is_made && errno != EEXIST) {
    return output.failure(Exit::failed, "--to " + options.target + ": " + std::strerror(errno),
                          "Nothing was restored. Make the folder above it first.");
  }
  std::error_code unknown;
  if (!std::filesystem::is_directory(options.target, unknown)) {
    return output.failure(Exit::failed, "--to " + options.target + ": this is not a folder",
                          "Nothing was restored. Name another folder.");
  }
  char resolved[PATH_MAX];
  if (::realpath(options.target.c_str(), resolved) == nullptr) {
    return output.failure(Exit::failed, "--to " + options.target + ": " + std::strerror(errno));
  }
  const Restore job{output, global, options, resolved};
  const Exit exit = with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return restore(session, drive, job); },
      Purpose::look);
  if (is_made && exit != Exit::done) (void)::rmdir(resolved);  // which spares what has anything in it
  return exit;
}

Exit getfile_command(const Home& home, const Output& output, const GlobalOptions& global,
                     const GetFileOptions& options) {
  const GetFile job{output, global, options, remote_path(options.remote)};
  if (job.remote.empty()) return output.failure(Exit::usage, "name the file to get", "See: peerstore ls");
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return get_file(session, drive, job); },
      Purpose::look);
}

}  // namespace peerstore::cli
