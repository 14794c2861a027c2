// RestoreTarget: the folder that a restore goes into, marked until the restore is done, so that after a run
// that was stopped the next one knows what below it is its own and may be set right. Of a folder that was
// empty that is everything; in any other each folder that a run makes, with all below it, has a mark of its
// own, which lies beside the first so that taking it away changes no times. Blocking: belongs on workers.
#pragma once

#include <peerstore/runtime/files.hpp>

#include <string>

namespace peerstore::drive {

inline constexpr const char* kUnfinishedMark = ".peerstore-restore-unfinished";  // all is a restore's own
inline constexpr const char* kStoppedMark = ".peerstore-restore-unfinished.here";

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
  // Whether a run into it was stopped: what create() left of its files may lie anywhere.
  bool was_stopped() const { return was_stopped_; }
  // Makes a folder of a run's own in a folder that is not.
  Result<void> make_own(const std::string& folder) const;
  // Whether that was done, by this run or one before that was stopped.
  bool has_made(const std::string& folder) const;

 private:
  Result<void> make_folders(const std::string& path);
  Result<void> mark(const std::string& path) const;
  std::string mark_of(const std::string& folder) const;

  Files& files_;
  std::string path_;
  bool is_ours_ = false;
  bool was_stopped_ = false;
};

}  // namespace peerstore::drive
