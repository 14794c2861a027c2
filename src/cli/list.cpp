#include "list.hpp"
#include "owner_session.hpp"
#include "remote_path.hpp"

#include <array>
#include <ctime>

namespace peerstore::cli {

std::string local_time(std::int64_t nanoseconds) {
  const std::time_t seconds = static_cast<std::time_t>(nanoseconds / 1'000'000'000);
  std::tm parts = {};
  char text[32] = "?";
  if (::localtime_r(&seconds, &parts) != nullptr)
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

namespace {

std::string_view kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::file: return "file";
    case FileKind::folder: return "folder";
    case FileKind::symlink: return "symlink";
    case FileKind::other: return "other";
  }
  return "other";
}

std::string mode_text(const FileFacts& facts) {
  std::string text = facts.kind == FileKind::folder ? "d" : facts.kind == FileKind::symlink ? "l" : "-";
  constexpr std::array<char, 3> kLetters = {'r', 'w', 'x'};
  for (int bit = 8; bit >= 0; --bit) {
    const char letter = kLetters[static_cast<std::size_t>(8 - bit) % 3];
    text += (facts.mode >> bit & 1) != 0 ? letter : '-';
  }
  return text;
}

}  // namespace

void print(const Output& output, const drive::ListEntry& entry, bool long_form) {
  if (output.json()) {
    boost::json::object row{{"type", "entry"},
                            {"kind", kind_name(entry.facts.kind)},
                            {"size", entry.facts.size},
                            {"mode", entry.facts.mode},
                            {"modified_ns", entry.facts.modified_ns}};
    row["user"] = printable(entry.user_name);
    row["group"] = printable(entry.group_name);
    if (entry.changed_while_read) row["changed_while_read"] = true;
    add_name(row, "path", entry.path);
    if (entry.facts.kind == FileKind::symlink) add_name(row, "target", entry.link_target);
    output.document(std::move(row));
    return;
  }
  std::string name = printable(entry.path);
  if (entry.facts.kind == FileKind::folder) name += "/";
  if (!long_form) {
    output.line(name);
    return;
  }
  if (entry.changed_while_read) name += "  (changed while it was read)";
  if (entry.facts.kind == FileKind::symlink) name += " -> " + printable(entry.link_target);
  char size[24];
  std::snprintf(size, sizeof size, "%10s", human_bytes(entry.facts.size).c_str());
  output.line(mode_text(entry.facts) + " " + size + "  " + local_time(entry.facts.modified_ns) + "  " + name);
}

namespace {

struct List {
  const Output& output;
  const ListOptions& options;
};

Task<Exit> list(OwnerSession&, drive::Drive& drive, const List& job) {
  const auto show = [&job](const drive::ListEntry& entry) {
    print(job.output, entry, job.options.long_form);
  };
  const auto listed =
      co_await drive.list(remote_path(job.options.remote), job.options.snapshot, job.options.recursive, show);
  if (!listed) {
    const bool none = listed.error().code == Errc::not_found;
    co_return job.output.failure(listed.error(),
                                 none ? "See the whole drive with: peerstore ls, and its history "
                                        "with: peerstore snapshots"
                                      : "");
  }
  co_return Exit::done;
}

Task<Exit> list_snapshots(OwnerSession&, drive::Drive& drive, const Output& output) {
  for (const drive::Snapshot& snapshot : drive.snapshots()) {
    if (output.json()) {
      boost::json::array roots;
      boost::json::array whole;  // byte for byte
      bool is_whole = true;
      for (const std::string& root : snapshot.roots) {
        roots.push_back(boost::json::value(printable(root)));
        whole.push_back(boost::json::value(to_base64url(as_bytes(root))));
        is_whole = is_whole && printable(root) == root;
      }
      boost::json::object row({{"type", "snapshot"},
                               {"id", snapshot.id},
                               {"taken_ns", snapshot.taken_ns},
                               {"machine", snapshot.machine},
                               {"files", snapshot.files},
                               {"bytes", snapshot.bytes},
                               {"roots", roots}});
      if (!is_whole) row["roots_base64url"] = std::move(whole);
      output.document(std::move(row));
      continue;
    }
    std::string roots;
    for (const std::string& root : snapshot.roots) roots += (roots.empty() ? "" : ", ") + printable(root);
    output.line(snapshot.id.substr(0, 12) + "  " + local_time(snapshot.taken_ns) + "  " +
                std::to_string(snapshot.files) + " files  " + human_bytes(snapshot.bytes) + "  " + roots);
  }
  co_return Exit::done;
}

}  // namespace

Exit ls_command(const Home& home, const Output& output, const ListOptions& options) {
  const List job{output, options};
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return list(session, drive, job); }, Purpose::look);
}

Exit snapshots_command(const Home& home, const Output& output, const OwnerOptions& options) {
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return list_snapshots(session, drive, output); },
      Purpose::look);
}

}  // namespace peerstore::cli
