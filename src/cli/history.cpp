// find, versions and diff: what is in the snapshots, and how it changed.
#include "list.hpp"
#include "owner_session.hpp"
#include "remote_path.hpp"

namespace peerstore::cli {

namespace {

constexpr std::string_view kSeeSnapshots = "See what there is with: peerstore snapshots";
constexpr std::size_t kShownIdDigits = 12;

struct Find {
  const Output& output;
  const FindOptions& options;
};

Task<Exit> find(OwnerSession&, drive::Drive& drive, const Find& job) {
  bool any = false;
  const auto show = [&](const drive::ListEntry& entry) {
    any = true;
    print(job.output, entry, false);
  };
  const auto found = co_await drive.find(job.options.pattern, job.options.snapshot, show);
  if (!found) co_return job.output.failure(found.error(), kSeeSnapshots);
  if (any) co_return Exit::done;
  co_return job.output.failure(Exit::not_found, "nothing matches '" + job.options.pattern + "'",
                               "A pattern takes * for any part of a name, and ** for any folders.");
}

struct Versions {
  const Output& output;
  std::string remote;
};

Task<Exit> versions(OwnerSession&, drive::Drive& drive, const Versions& job) {
  const auto all = co_await drive.versions(job.remote);
  if (!all) co_return job.output.failure(all.error(), "See the whole drive with: peerstore ls -r");
  for (const drive::Version& version : *all) {
    const drive::Snapshot& snapshot = version.snapshot;
    if (job.output.json()) {
      job.output.document({{"type", "version"},
                           {"snapshot", snapshot.id},
                           {"taken_ns", snapshot.taken_ns},
                           {"machine", snapshot.machine},
                           {"size", version.entry.facts.size},
                           {"mode", version.entry.facts.mode},
                           {"modified_ns", version.entry.facts.modified_ns}});
      continue;
    }
    job.output.line(snapshot.id.substr(0, kShownIdDigits) + "  " + local_time(snapshot.taken_ns) +
                    "  changed " + local_time(version.entry.facts.modified_ns) + "  " +
                    human_bytes(version.entry.facts.size));
  }
  job.output.note("Get one back with: peerstore getfile PATH --at SNAPSHOT");
  co_return Exit::done;
}

std::string_view word_for(drive::Change change) {
  switch (change) {
    case drive::Change::added: return "added";
    case drive::Change::removed: return "removed";
    case drive::Change::content: return "content";
    case drive::Change::facts: return "facts";
  }
  return "";
}

char sign_for(drive::Change change) {
  switch (change) {
    case drive::Change::added: return '+';
    case drive::Change::removed: return '-';
    case drive::Change::content: return 'M';
    case drive::Change::facts: return 'U';
  }
  return ' ';
}

struct Diff {
  const Output& output;
  const DiffOptions& options;
};

void print(const Output& output, const drive::Difference& difference) {
  const drive::ListEntry& entry = difference.entry;
  if (output.json()) {
    boost::json::object row{
        {"type", "difference"}, {"change", word_for(difference.change)}, {"size", entry.facts.size}};
    add_name(row, "path", entry.path);
    output.document(std::move(row));
  } else {
    const bool is_folder = entry.facts.kind == FileKind::folder;
    output.line(std::string(1, sign_for(difference.change)) + " " + printable(entry.path) +
                (is_folder ? "/" : ""));
  }
}

Task<Exit> diff(OwnerSession&, drive::Drive& drive, const Diff& job) {
  bool any = false;
  const auto show = [&](const drive::Difference& difference) {
    any = true;
    print(job.output, difference);
  };
  const auto compared = co_await drive.diff(job.options.from, job.options.to, show);
  if (!compared) co_return job.output.failure(compared.error(), kSeeSnapshots);
  if (!any) job.output.note("They are the same.");
  co_return Exit::done;
}

}  // namespace

Exit find_command(const Home& home, const Output& output, const FindOptions& options) {
  const Find job{output, options};
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return find(session, drive, job); }, Purpose::look);
}

Exit versions_command(const Home& home, const Output& output, const VersionsOptions& options) {
  const Versions job{output, remote_path(options.remote)};
  if (job.remote.empty()) return output.failure(Exit::usage, "name the file", "See: peerstore ls");
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return versions(session, drive, job); },
      Purpose::look);
}

Exit diff_command(const Home& home, const Output& output, const DiffOptions& options) {
  const Diff job{output, options};
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return diff(session, drive, job); }, Purpose::look);
}

}  // namespace peerstore::cli
