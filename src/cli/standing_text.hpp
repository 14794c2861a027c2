// How safe files are, in words.
#pragma once

#include <peerstore/drive/drive.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::cli {

// "alice, bob", fit for a terminal.
std::string names_in_words(const std::vector<std::string>& names);
std::string_view word_for(drive::FileState state);
// "12 safe, 1 at risk, 0 unreachable"; of lost ones only if there are any.
std::string counts_in_words(const drive::DriveStanding& standing);

// The one honest sentence, and what to do about it.
std::string verdict(const drive::DriveStanding& drive);
// How many friends, whoever they are, may vanish for ever before anything is lost. Nothing if something is
// lost or cannot be read already.
std::optional<unsigned> friends_may_vanish(const drive::DriveStanding& standing);
// The same as a sentence; empty if there is nothing to say.
std::string vanishing_in_words(const drive::DriveStanding& standing);

// A row of a table of files, and what stands above it.
std::string_view file_heading();
std::string file_row(const drive::FileStanding& file, unsigned copies_wanted);

// The worst of many files, as many as a person reads.
class WorstFiles {
 public:
  explicit WorstFiles(std::size_t most) : most_(most) {}
  // A safe one is passed over.
  void add(const drive::FileStanding& file);
  // From the worst on.
  std::vector<std::string> rows(unsigned copies_wanted) const;

 private:
  struct WorstFirst {
    bool operator()(const drive::FileStanding& a, const drive::FileStanding& b) const;
  };
  std::size_t most_;
  std::set<drive::FileStanding, WorstFirst> files_;
  std::uint64_t added_ = 0;
};

// This machine's part of mending the ring.
struct RepairWork {
  std::uint64_t to_fetch = 0;          // chunks
  std::uint64_t bytes_to_fetch = 0;    // about, by those that are here; 0: not known
  std::uint64_t to_hand_out = 0;       // copies
  std::uint64_t bytes_per_second = 0;  // as it went lately; 0: not known
  // If it goes on so; nothing if it is not known.
  std::optional<std::int64_t> seconds_left() const;
};
// Empty if there is nothing to do.
std::string repair_in_words(const RepairWork& work);

}  // namespace peerstore::cli
