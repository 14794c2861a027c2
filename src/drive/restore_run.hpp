// RestoreRun: writes a part of a snapshot below a folder.
//
// Nothing is written outside that folder: names come out of listings that refuse any other kind
// (tree.hpp), and a folder is entered only if it is one, not a link to one. Files appear under their
// names when every byte is verified. What is there already is left alone, unless it may be
// overwritten. Small files are fetched and written many in one go. The owner, mode and times of a
// folder are set when everything in it is done.
#pragma once

#include <peerstore/drive/drive.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

#include "restore_target.hpp"
#include "source_file.hpp"
#include "tree_reader.hpp"

#include <map>
#include <memory>
#include <set>
#include <utility>

namespace peerstore::drive {

class RestoreRun {
 public:
  // `target` was begun. It, `progress`, which goes on from where it is, and `cancelled` outlive the run.
  RestoreRun(Environment environment, vault::Vault& vault, Observer observer, Progress& progress,
             const RestoreTarget& target, bool overwrite, const bool& cancelled)
      : environment_(environment),
        vault_(vault),
        maker_(vault.keys()),
        observer_(std::move(observer)),
        progress_(progress),
        target_(target),
        overwrite_(overwrite),
        cancelled_(cancelled),
        files_at_once_(environment.clock, kFilesAtOnce),
        writing_(environment.clock) {}
  ~RestoreRun() { closing_ = true; }

  // Restores what is at `path`, which is known to be there, without what is at the paths that are to be had
  // elsewhere, and the folders above it. An error if the disk is full, or the run is cancelled.
  Task<Result<RestoreSummary>> run(BlobList root, std::string path,
                                   const std::set<std::string>& elsewhere = {});

 private:
  static constexpr std::size_t kFilesAtOnce = 4;            // or batches of small ones
  using FileKey = std::pair<std::uint64_t, std::uint64_t>;  // device and inode, as they were
  struct Job {
    TreeEntry entry;
    std::string path;
    bool in_ours = false;                   // in a folder that this run, or one before that was stopped, made
    std::vector<std::uint32_t> sizes = {};  // of its blobs: of a file, if all are known
  };
  // A folder whose facts are to be set when nobody has anything to do in it any more.
  struct Folder {
    Job job;
    std::shared_ptr<Folder> above;
    bool is_ours = false;  // made by this run or one before that was stopped, with all that is below it
    bool is_set = false;   // to be set as it was
  };
  using FolderPtr = std::shared_ptr<Folder>;
  // What to do about a file, from what is there.
  enum class Place : std::uint8_t { free, finished, same_content, damaged };
  struct Batch {
    FolderPtr folder;
    std::vector<Job> jobs;
    std::uint64_t bytes = 0;
  };

  Result<FolderPtr> enter(const Job& job, FolderPtr above);
  // `rest`: the names on the way to what is wanted; none: everything below.
  Task<void> folder(Job job, FolderPtr above, std::vector<std::string> rest);
  Task<void> below(BlobList content, FolderPtr folder, std::vector<std::string> rest);
  Task<void> one(Job job, Batch& batch, std::vector<std::string> rest);
  Task<void> start(Batch batch);
  Task<void> small_files(Batch batch, Semaphore::Permit permit);
  Task<void> large_file(Job job, FolderPtr folder, Semaphore::Permit permit);
  Task<void> linked_file(Job job);
  Task<Result<void>> write_file(Job& job);
  Task<void> symlink(Job job);
  Task<void> set_folders();

  std::optional<Place> link(const std::string& existing, const std::string& path) const;
  Result<Place> look(const Job& job) const;
  void find_sizes(Job& job) const;
  bool has_content(const Job& job) const;
  FileFacts facts_here(const TreeEntry& entry) const;
  Result<std::vector<std::string>> write_small(const Job& job, ByteView content, bool overwrite) const;
  Result<std::vector<std::string>> set_facts(const Job& job) const;

  void finished(const Job& job, Place place);
  void note_refused(const std::string& path, const std::vector<std::string>& attributes);
  void failed(const std::string& path, Error error);
  bool stopped() const { return stop_.has_value() || cancelled_; }

  Environment environment_;
  vault::Vault& vault_;
  PieceMaker maker_;
  Observer observer_;
  Progress& progress_;
  const RestoreTarget& target_;
  bool overwrite_;
  const bool& cancelled_;
  Semaphore files_at_once_;
  RestoreSummary summary_;
  std::set<std::string> elsewhere_;  // as paths in the target
  std::optional<Error> stop_;
  bool closing_ = false;                               // nobody sets the facts of folders any more
  std::vector<std::unique_ptr<Folder>> done_folders_;  // whose facts can be set; those below come first
  struct Linked {
    std::string path;  // the first of its names
    BlobList content;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::uint32_t names = 1;  // that were restored
  };
  std::map<FileKey, Linked> hard_links_;  // files of which further names are still to come
  TaskScope writing_;
};

}  // namespace peerstore::drive
