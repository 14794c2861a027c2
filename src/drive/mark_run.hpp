// MarkRun: every blob that snapshots need, and whatever is wrong on the way to them. Equal parts of
// snapshots are walked once.
#pragma once

#include <peerstore/vault/vault.hpp>

#include "snapshot_record.hpp"
#include "tree_reader.hpp"

#include <functional>
#include <optional>
#include <string>

namespace peerstore::drive {

// Whether it only says that nobody answers now who could know.
bool is_away(const Error& error);

class MarkRun {
 public:
  using Problem = std::function<void(const std::string& path, const Error& error)>;

  // `cancelled` outlives the run.
  MarkRun(vault::Vault& vault, const bool& cancelled, Problem problem)
      : vault_(vault), cancelled_(cancelled), problem_(std::move(problem)) {}

  // Errc::cancelled soon after `cancelled` becomes true.
  Task<Result<void>> add(SnapshotRecord snapshot);

  const vault::UsedBlobs& used() const { return used_; }
  std::uint64_t problems() const { return problems_; }
  // Listings that nobody gives now: nothing is known of what is below them.
  std::uint64_t unreachable() const { return unreachable_; }
  // Why what is used is not known whole, if so.
  const std::optional<Error>& gap() const { return gap_; }
  // Distinct ones.
  std::uint64_t files() const { return files_; }
  std::uint64_t folders() const { return folders_; }

 private:
  Task<void> folder(BlobList list, std::string path, std::size_t depth);
  Task<void> file(TreeEntry entry, std::string path);
  // Whether it is new, and can be found.
  bool mark(const vault::BlobId& id, const std::string& path);
  void wrong(const std::string& path, const Error& error);

  vault::Vault& vault_;
  const bool& cancelled_;
  Problem problem_;
  vault::UsedBlobs used_;
  std::uint64_t problems_ = 0;
  std::uint64_t unreachable_ = 0;
  std::optional<Error> gap_;
  std::uint64_t files_ = 0;
  std::uint64_t folders_ = 0;
};

}  // namespace peerstore::drive
