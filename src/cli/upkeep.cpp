// verify, forget and prune: is everything sound, what may go, and the room that it takes.
#include "list.hpp"
#include "owner_session.hpp"
#include "standing_text.hpp"

#include <charconv>
#include <ctime>

namespace peerstore::cli {

namespace {

constexpr std::size_t kShownIdDigits = 12;

drive::Observer observer_for(const Output& output, ProgressLine& progress) {
  drive::Observer observer;
  observer.progress = [&progress](const drive::Progress& now) { progress.show(now); };
  observer.warning = [&progress, &output](const drive::Warning& warning) {
    progress.clear();
    output.warning(warning.path, warning.error);
  };
  return observer;
}

// ---- verify ----

struct Verify {
  const Output& output;
  const GlobalOptions& global;
  drive::VerifyOptions options;
};

Exit report(const Output& output, const drive::VerifySummary& summary) {
  const Exit exit = summary.problems > 0      ? Exit::problems
                    : summary.all_looked_at() ? Exit::done
                                              : Exit::try_later;
  const std::string waiting_for = names_in_words(summary.waiting_for);
  if (output.json()) {
    output.document({{"type", "summary"},
                     {"snapshots", summary.snapshots},
                     {"files", summary.files},
                     {"folders", summary.folders},
                     {"packs", summary.packs},
                     {"packs_read", summary.packs_read},
                     {"bytes_read", summary.bytes_read},
                     {"problems", summary.problems},
                     {"packs_unreachable", summary.unreachable},
                     {"listings_unreachable", summary.listings_unreachable},
                     {"machines_unreachable", summary.machines_unreachable},
                     {"waiting_for", waiting_for},
                     {"exit_code", static_cast<int>(exit)}});
    return exit;
  }
  output.line(std::to_string(summary.snapshots) + " snapshots, " + std::to_string(summary.files) +
              " files, " + std::to_string(summary.packs) + " packs: " +
              (summary.problems == 0 ? "no problems found."
                                     : std::to_string(summary.problems) + " PROBLEMS (see above)."));
  if (summary.packs_read > 0) {
    output.line("  " + std::to_string(summary.packs_read) + " packs fetched whole, " +
                human_bytes(summary.bytes_read) +
                ", every byte of one copy of each compared with its fingerprint");
  }
  if (summary.listings_unreachable > 0) {
    output.line("  " + std::to_string(summary.listings_unreachable) +
                " folders cannot be read now, nor can what is below them be looked at (see above)");
  }
  if (summary.unreachable > 0) {
    output.line("  " + std::to_string(summary.unreachable) + " packs cannot be asked about now" +
                (waiting_for.empty() ? "" : "; waiting for " + waiting_for));
  }
  return exit;
}

Task<Exit> verify(OwnerSession& session, drive::Drive& drive, const Verify& job) {
  ProgressLine progress(job.output, session.loop(), "read", job.global.quiet);
  const auto summary = co_await drive.verify(job.options, observer_for(job.output, progress));
  progress.clear();
  if (!summary && summary.error().code == Errc::cancelled) {
    co_return job.output.failure(Exit::interrupted, "Stopped.", "Run the same command to begin anew.");
  }
  if (!summary) co_return job.output.failure(summary.error());
  co_return report(job.output, *summary);
}

// ---- forget ----

struct Forget {
  const Output& output;
  const ForgetOptions& options;
};

void show(const Output& output, const drive::Snapshot& snapshot, bool stays) {
  if (output.json()) {
    output.document({{"type", stays ? "kept" : "forgotten"},
                     {"snapshot", snapshot.id},
                     {"taken_ns", snapshot.taken_ns},
                     {"machine", snapshot.machine}});
    return;
  }
  output.line(std::string(stays ? "keep    " : "forget  ") + snapshot.id.substr(0, kShownIdDigits) + "  " +
              local_time(snapshot.taken_ns) + "  " + names_in_words(snapshot.roots));
}

Task<Exit> forget(OwnerSession&, drive::Drive& drive, const Forget& job) {
  const auto summary = co_await drive.forget(job.options.snapshots, job.options.rules, job.options.only_look);
  if (!summary) {
    co_return job.output.failure(summary.error(), "Nothing was forgotten. See: peerstore snapshots");
  }
  for (const drive::Snapshot& snapshot : summary->kept) show(job.output, snapshot, true);
  for (const drive::Snapshot& snapshot : summary->forgotten) show(job.output, snapshot, false);
  if (job.output.json()) {
    job.output.document({{"type", "summary"},
                         {"dry_run", job.options.only_look},
                         {"kept", summary->kept.size()},
                         {"forgotten", summary->forgotten.size()},
                         {"exit_code", 0}});
  } else if (job.options.only_look) {
    job.output.note("Nothing was forgotten.");
  } else if (!summary->forgotten.empty()) {
    job.output.note("The room that they took is freed by: peerstore prune");
  }
  co_return Exit::done;
}

std::int64_t utc_offset_seconds() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  return ::localtime_r(&now, &parts) == nullptr ? 0 : parts.tm_gmtoff;
}

// ---- prune ----

struct Prune {
  const Output& output;
  bool only_look;
  bool quiet;
};

Task<Exit> prune(OwnerSession& session, drive::Drive& drive, const Prune& job) {
  ProgressLine progress(job.output, session.loop(), "stored anew", job.quiet);
  const auto summary = co_await drive.prune(job.only_look, observer_for(job.output, progress));
  progress.clear();
  if (!summary) {
    if (summary.error().code == Errc::cancelled) {
      co_return job.output.failure(Exit::interrupted, "Stopped. Nothing is lost.",
                                   "Run the same command again.");
    }
    const bool is_later = exit_for(summary.error()) == Exit::try_later;
    co_return job.output.failure(summary.error(),
                                 is_later ? "Nothing was dropped. Run the same command when they are there."
                                          : "Nothing was dropped. See what is wrong with: peerstore verify");
  }
  if (job.output.json()) {
    job.output.document({{"type", "summary"},
                         {"dry_run", job.only_look},
                         {"packs_dropped", summary->packs},
                         {"bytes_dropped", summary->bytes_dropped},
                         {"bytes_rewritten", summary->bytes_rewritten},
                         {"packs_deleted", summary->packs_deleted},
                         {"bytes_waiting_for_deletion", summary->bytes_waiting},
                         {"exit_code", 0}});
    co_return Exit::done;
  }
  job.output.line(std::to_string(summary->packs) + " packs, " + human_bytes(summary->bytes_dropped) +
                  " of each copy, " + (job.only_look ? "would be dropped; " : "dropped; ") +
                  human_bytes(summary->bytes_rewritten) + (job.only_look ? " would be" : " were") +
                  " stored anew. ");
  if (summary->packs_deleted > 0) {
    job.output.line("  " + std::to_string(summary->packs_deleted) +
                    " packs were deleted; friends keep them in their trash for 30 days more.");
  }
  if (summary->bytes_waiting > 0) {
    job.output.line(
        "  " + human_bytes(summary->bytes_waiting) +
        " of each copy are not needed and still with friends. The next prune tells those who are "
        "away, and deletes after seven days what another machine of yours may count on, or a newer "
        "list of your files that only friends who are away know.");
  }
  co_return Exit::done;
}

}  // namespace

Exit verify_command(const Home& home, const Output& output, const GlobalOptions& global,
                    const VerifyCommandOptions& options) {
  drive::VerifyOptions what;
  if (options.read_data) {
    what.read_percent = 100;
    const std::string& text = options.percent;
    if (!text.empty()) {
      const char* const end = text.data() + text.size();
      const auto [stopped, error] = std::from_chars(text.data(), end, what.read_percent);
      const bool has_sign = stopped != end && std::string_view(stopped, 1) == "%" && stopped + 1 == end;
      if (error != std::errc() || (stopped != end && !has_sign) || !(what.read_percent > 0) ||
          what.read_percent > 100) {
        return output.failure(Exit::usage, "--read-data " + text + ": not a percentage",
                              "Give a number above 0 and up to 100, or none for all.");
      }
    }
  }
  const Verify job{output, global, what};
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return verify(session, drive, job); }, Purpose::look);
}

Exit forget_command(const Home& home, const Output& output, const ForgetOptions& options) {
  if (options.snapshots.empty() && !options.rules.any()) {
    return output.failure(Exit::usage, "say which snapshots to forget, or how many to keep",
                          "For example: peerstore forget --keep-last 3 --keep-daily 7 --keep-monthly 12 -n");
  }
  ForgetOptions here = options;
  here.rules.utc_offset_seconds = utc_offset_seconds();
  const Forget job{output, here};
  return with_drive(home, output, options,
                    [&](OwnerSession& session, drive::Drive& drive) { return forget(session, drive, job); });
}

Exit prune_command(const Home& home, const Output& output, const GlobalOptions& global,
                   const PruneOptions& options) {
  const Prune job{output, options.only_look, global.quiet};
  return with_drive(home, output, options,
                    [&](OwnerSession& session, drive::Drive& drive) { return prune(session, drive, job); });
}

}  // namespace peerstore::cli
