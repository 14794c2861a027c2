// MarkRun: every blob that snapshots need, and whatever is wrong on the way to them. Equal parts of
// snapshots are walked once.
#pragma once

#include <peerstore/vault/vault.hpp>

#include "snapshot_record.hpp"
#include "tree_reader.hpp"

#include <functional>
#include <string>

namespace peerstore::drive {

class MarkRun {
 public:
  using Problem = std::function<void(const std::string& path, const Error& error)>;

  MarkRun(vault::Vault& vault, Problem problem) : vault_(vault), problem_(std::move(problem)) {}

  Task<void> add(SnapshotRecord snapshot);

  const vault::UsedBlobs& used() const { return used_; }
  std::uint64_t problems() const { return problems_; }
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
  Problem problem_;
  vault::UsedBlobs used_;
  std::uint64_t problems_ = 0;
  std::uint64_t files_ = 0;
  std::uint64_t folders_ = 0;
};

}  // namespace peerstore::drive
