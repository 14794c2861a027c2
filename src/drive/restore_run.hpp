// RestoreRun: writes a part of a snapshot below a folder.
//
// Nothing is written outside that folder: names come out of listings that refuse any other kind
// (tree.hpp), and a folder is entered only if it is one, not a link to one. Files are written
// beside their place and moved there when every byte is verified. What is there already is left
// alone, and counted as failed, unless it may be overwritten. Modes and times of folders are set
// after what is in them, deepest first.
#pragma once

#include <peerstore/drive/drive.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

#include "tree_reader.hpp"

#include <map>
#include <utility>

namespace peerstore::drive {

class RestoreRun {
 public:
  RestoreRun(Environment environment, vault::Vault& vault, Observer observer, bool overwrite,
             const bool& cancelled)
      : environment_(environment),
        vault_(vault),
        observer_(std::move(observer)),
        overwrite_(overwrite),
        cancelled_(cancelled),
        files_at_once_(environment.clock, kFilesAtOnce) {}

  // Restores what is at `path`, which is known to be there, and the folders above it, into
  // `target`. An error if that folder cannot be had, the disk is full, or the run is cancelled.
  Task<Result<RestoreSummary>> run(BlobList root, std::string path, std::string target, Progress expected);

 private:
  static constexpr std::size_t kFilesAtOnce = 4;
  using FileKey = std::pair<std::uint64_t, std::uint64_t>;  // device and inode, as they were
  enum class FolderState : std::uint8_t { made, there };

  Result<FolderState> prepare_folder(const std::string& path);
  Result<void> prepare_target(const std::string& path);
  // `rest`: the names on the way to what is wanted; none: everything below.
  Task<void> folder(TreeEntry entry, std::string path, std::vector<std::string> rest);
  Task<void> below(BlobList content, std::string path, std::vector<std::string> rest);
  Task<void> one(TreeEntry entry, std::string path, std::vector<std::string> rest, TaskScope& files);
  Task<void> file_with_permit(TreeEntry entry, std::string path, Semaphore::Permit permit);
  Task<void> file(TreeEntry entry, std::string path);
  Task<Result<void>> write_file(TreeEntry entry, std::string path);
  Task<void> symlink(TreeEntry entry, std::string path);

  void failed(const std::string& path, Error error);
  bool stopped() const { return stop_.has_value() || cancelled_; }

  Environment environment_;
  vault::Vault& vault_;
  Observer observer_;
  bool overwrite_;
  const bool& cancelled_;
  Semaphore files_at_once_;
  RestoreSummary summary_;
  Progress progress_;
  std::optional<Error> stop_;
  std::map<FileKey, std::string> hard_links_;  // where a file with several names was restored
};

}  // namespace peerstore::drive
