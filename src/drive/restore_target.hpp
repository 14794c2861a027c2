// RestoreTarget: the folder that a restore goes into. One that is empty is marked until the restore is
// done, so that after a run that was stopped the next one knows that all below it is its own and
// may be set right. Blocking: belongs on workers.
#pragma once

#include <peerstore/runtime/files.hpp>

#include <string>

namespace peerstore::drive {

inline constexpr const char* kUnfinishedMark = ".peerstore-restore-unfinished";

class RestoreTarget {
 public:
  RestoreTarget(Files& files, std::string path) : files_(files), path_(std::move(path)) {}

  // Makes the folder, and those above it, if they are not there.
  Result<void> begin();
  // Everything was restored: waits until the disk has it.
  Result<void> finish();

  const std::string& path() const { return path_; }
  // Whether whatever is below was made by runs into this target.
  bool is_ours() const { return is_ours_; }

 private:
  Result<void> make_folders(const std::string& path);

  Files& files_;
  std::string path_;
  bool is_ours_ = false;
};

}  // namespace peerstore::drive
