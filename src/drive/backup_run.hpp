// BackupRun: one walk over the owner's folders, into the vault.
//
// Depth first, names in byte order, so that equal folders become equal listings. Small files are
// read several in one go; large ones piece by piece. What cannot be read is left out with a
// warning, and the rest goes on; an error of the ring ends the run.
#pragma once

#include <peerstore/drive/drive.hpp>
#include <peerstore/vault/cutter.hpp>

#include "remote_path.hpp"
#include "source_file.hpp"
#include "tree_writer.hpp"

#include <map>
#include <set>
#include <utility>

namespace peerstore::drive {

class BackupRun {
 public:
  // Called now and then between two pieces: an error ends the run.
  using Pause = std::function<Task<Result<void>>()>;

  BackupRun(Environment environment, vault::Vault& vault, Observer observer, Pause pause)
      : environment_(environment), vault_(vault), observer_(std::move(observer)), pause_(std::move(pause)) {}

  // Counts what there is, for the progress.
  Task<Result<void>> count(RootTree roots);
  // The listing of the top: the roots, and the folders above them.
  Task<Result<BlobList>> write(RootTree roots);

  const BackupSummary& summary() const { return summary_; }
  const Progress& progress() const { return progress_; }
  // Tells the observer where the run is.
  void report();

 private:
  using FileKey = std::pair<std::uint64_t, std::uint64_t>;  // device and inode
  struct Slice;

  Task<Result<void>> count_below(std::string path);
  Task<Result<void>> add_root(std::string path, std::string name, const RootTree& node,
                              ListingWriter& listing);
  Task<Result<BlobList>> roots_below(std::string path, const RootTree& node);
  Task<Result<void>> add(std::string path, std::string name, FileFacts facts, ListingWriter& listing,
                         const SmallFile* read);
  // Nothing if the folder cannot be read, or was seen before.
  Task<Result<std::optional<BlobList>>> folder(std::string path, FileFacts facts);
  Task<Result<void>> slice(std::string folder, std::vector<std::string> names, ListingWriter& listing);
  Task<void> read_ahead(const std::string& folder, Slice& slice, std::size_t from);
  // Nothing if the file cannot be read.
  Task<Result<std::optional<TreeEntry>>> file(std::string path, FileFacts facts, const SmallFile* read);
  Task<Result<std::optional<TreeEntry>>> small_file(std::string path, const SmallFile& read);
  Task<Result<std::optional<TreeEntry>>> large_file(std::string path);
  Task<Result<bool>> read_pieces(std::string path, Files::Reader& reader, std::vector<vault::BlobId>& ids,
                                 std::uint64_t& size);

  bool is_small(const FileFacts& facts) const {
    return facts.kind == FileKind::file && facts.size <= vault::Cutter::kWindowBytes;
  }
  void skip(const std::string& path, Error error);

  Environment environment_;
  vault::Vault& vault_;
  Observer observer_;
  Pause pause_;
  vault::Cutter cutter_;
  BackupSummary summary_;
  Progress progress_;
  std::map<FileKey, TreeEntry> hard_links_;  // files with several names that were read
  std::set<FileKey> folders_seen_;
};

}  // namespace peerstore::drive
