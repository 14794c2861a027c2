#include "standing_text.hpp"

#include <iterator>
#include <tuple>

#include "output.hpp"

namespace peerstore::cli {

namespace {

constexpr std::size_t kStateWidth = 13;
constexpr std::size_t kCopiesWidth = 9;

std::string counted(std::uint64_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

}  // namespace

std::string names_in_words(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + printable(name);
  return text;
}

std::string_view word_for(drive::FileState state) {
  switch (state) {
    case drive::FileState::safe: return "safe";
    case drive::FileState::at_risk: return "at risk";
    case drive::FileState::unreachable: return "unreachable";
    case drive::FileState::lost: return "lost";
  }
  return "lost";
}

std::string counts_in_words(const drive::DriveStanding& standing) {
  return std::to_string(standing.files_safe) + " safe, " + std::to_string(standing.files_at_risk) +
         " at risk, " + std::to_string(standing.files_unreachable) + " unreachable" +
         (standing.files_lost > 0 ? ", " + std::to_string(standing.files_lost) + " lost" : "");
}

std::string verdict(const drive::DriveStanding& drive) {
  if (drive.files() == 0) return "You have no files in the ring yet: peerstore backup FOLDER";
  if (drive.files_lost > 0) {
    return std::to_string(drive.files_lost) +
           " of your files are lost: no friend holds all their pieces any more.";
  }
  if (drive.files_unreachable > 0) {
    return std::to_string(drive.files_unreachable) + " of your files cannot be read now; waiting for " +
           names_in_words(drive.waiting_for) + ".";
  }
  if (drive.files_at_risk > 0) {
    std::string text = std::to_string(drive.files_at_risk) +
                       " of your files are at risk: they can be read, but have fewer than " +
                       std::to_string(drive.copies_wanted) + " copies; the worst has " +
                       std::to_string(drive.copies_least) + ".";
    if (drive.copies_reachable < drive.copies_wanted) {
      text += " This ring can keep " + std::to_string(drive.copies_reachable) + " of " +
              std::to_string(drive.copies_wanted) + " copies; more friends are needed.";
    }
    return text;
  }
  return "Your files are safe: every piece of all " + std::to_string(drive.files()) + " has " +
         counted(drive.copies_wanted, "copy", "copies") + " with different friends.";
}

std::optional<unsigned> friends_may_vanish(const drive::DriveStanding& standing) {
  if (standing.files_lost + standing.files_unreachable + standing.folders_unread > 0) return std::nullopt;
  if (standing.copies_least == 0) return std::nullopt;
  return standing.copies_least - 1;
}

std::string vanishing_in_words(const drive::DriveStanding& standing) {
  const auto friends = friends_may_vanish(standing);
  if (!friends) return "";
  if (*friends == 0) return "No friend may vanish: some piece is with one friend alone.";
  return "Any " + counted(*friends, "friend", "friends") + " may vanish at once, and nothing is lost.";
}

std::string_view file_heading() { return "  STATE        COPIES   FILE"; }

std::string file_row(const drive::FileStanding& file, unsigned copies_wanted) {
  const std::string copies =
      file.is_folder ? "" : std::to_string(file.copies) + " of " + std::to_string(copies_wanted);
  std::string row = "  " + padded(std::string(word_for(file.state)), kStateWidth) +
                    padded(copies, kCopiesWidth) + printable(file.path);
  if (file.is_folder) row += "/  (what is in it cannot be told)";
  if (!file.waiting_for.empty()) row += "  waiting for " + names_in_words(file.waiting_for);
  return row;
}

bool WorstFiles::WorstFirst::operator()(const drive::FileStanding& a, const drive::FileStanding& b) const {
  const auto rank = [](const drive::FileStanding& file) {
    return std::tuple(-static_cast<int>(file.state), file.copies, file.copies_online);
  };
  return rank(a) != rank(b) ? rank(a) < rank(b) : a.path < b.path;
}

void WorstFiles::add(const drive::FileStanding& file) {
  if (file.state == drive::FileState::safe) return;
  ++added_;
  if (files_.size() == most_ && !WorstFirst()(file, *files_.rbegin())) return;
  files_.insert(file);
  if (files_.size() > most_) files_.erase(std::prev(files_.end()));
}

std::vector<std::string> WorstFiles::rows(unsigned copies_wanted) const {
  std::vector<std::string> rows;
  if (files_.empty()) return rows;
  rows.emplace_back(file_heading());
  for (const drive::FileStanding& file : files_) rows.push_back(file_row(file, copies_wanted));
  if (added_ > files_.size()) {
    rows.push_back("  and " + std::to_string(added_ - files_.size()) +
                   " more: peerstore --json status PATH tells all");
  }
  return rows;
}

std::optional<std::int64_t> RepairWork::seconds_left() const {
  if (bytes_to_fetch == 0 || bytes_per_second == 0) return std::nullopt;
  return static_cast<std::int64_t>(bytes_to_fetch / bytes_per_second) + 1;
}

std::string repair_in_words(const RepairWork& work) {
  std::string text;
  if (work.to_fetch > 0) {
    text = counted(work.to_fetch, "chunk", "chunks") + " to fetch";
    if (work.bytes_to_fetch > 0) text += ", about " + human_bytes(work.bytes_to_fetch);
    if (const auto seconds = work.seconds_left()) {
      text += ", done in about " + human_duration(*seconds) + " if it goes on at " +
              human_bytes(work.bytes_per_second) + " a second";
    }
  }
  if (work.to_hand_out > 0) {
    text += (text.empty() ? "" : "; ") + counted(work.to_hand_out, "copy", "copies") +
            " for friends to fetch from here";
  }
  return text.empty() ? "" : "Repair, this machine's part: " + text + ".";
}

}  // namespace peerstore::cli
