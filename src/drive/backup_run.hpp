// BackupRun: one walk over the owner's folders, into the vault.
//
// Depth first, names in byte order, so that equal folders become equal listings. Small files are
// read several in one go; large ones a stretch at a time. Listings need only the ids of what was
// read: the vault takes contents in while the walk goes on, a few at a time, so that memory is
// bounded and the walk is slowed to the pace of the ring. A file that is as the local cache
// remembers it, and whose blobs the vault has, is not read again. What cannot be read is left out with a
// warning, and the rest goes on; an error of the ring ends the run.
#pragma once

#include <peerstore/drive/drive.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

#include "folder_memory.hpp"
#include "path_pattern.hpp"
#include "remote_path.hpp"
#include "source_file.hpp"
#include "tree_reader.hpp"
#include "tree_writer.hpp"

#include <map>
#include <set>
#include <utility>

namespace peerstore::drive {

class BackupRun {
 public:
  // Called now and then between two pieces: an error ends the run.
  using Pause = std::function<Task<Result<void>>()>;

  struct Options {
    std::vector<PathPattern> excluded;
    bool one_file_system = false;
    bool only_look = false;
    RootTree named = {};  // never left out, whatever the patterns and devices
  };

  // `cache` may be none.
  BackupRun(Environment environment, vault::Vault& vault, vault::LocalCache* cache, Options options,
            Observer observer, Pause pause)
      : environment_(environment),
        vault_(vault),
        cache_(cache),
        options_(std::move(options)),
        observer_(std::move(observer)),
        pause_(std::move(pause)),
        has_nested_(options_.named.has_nested()),
        maker_(vault.keys()),
        keeping_at_once_(environment.clock, kStretchesKept),
        keeping_(environment.clock) {}

  // Counts what there is, for the progress.
  Task<Result<void>> count(RootTree roots);
  // Instead of counting: about so much is there.
  void expect(std::uint64_t files, std::uint64_t bytes);
  // The listing of the top: the roots, and the folders above them. Returns when the vault has all.
  Task<Result<BlobList>> write(RootTree roots);

  const BackupSummary& summary() const { return summary_; }
  const Progress& progress() const { return progress_; }
  // Remote paths of roots that are folders with nothing in them, or that cannot be looked at.
  const std::vector<std::string>& empty_roots() const { return empty_roots_; }
  // Tells the observer where the run is.
  void report();

 private:
  using FileKey = std::pair<std::uint64_t, std::uint64_t>;  // device and inode
  static constexpr std::size_t kStretchesKept = 3;          // at once, each of 4 MiB or so
  static constexpr std::size_t kHardLinksMax = 65'536;      // others are read once for each of their names
  // What is at a path, as the walk comes by.
  struct Found {
    FileFacts facts;
    FurtherFacts further;
  };
  // A small file whose content is with the vault already, or one that is remembered.
  struct ReadFile {
    FileFacts facts;
    BlobList content;
    bool changed = false;
  };

  struct KeptFile {
    TreeEntry entry;
    FileFacts seen;  // when it was read
    bool changed = false;
    std::uint32_t names = 1;  // of the file, that were passed
  };
  // Some names of a folder that are looked at, recalled and read together.
  struct Slice {
    struct Item {
      std::string name;
      Result<FileFacts> facts;
      FurtherFacts further;
    };
    std::vector<Item> items;
    std::map<std::size_t, Result<std::optional<ReadFile>>> read;  // by place in `items`
  };

  Task<Result<BlobList>> walk(RootTree roots);
  Task<Result<void>> count_below(std::string path);
  bool is_excluded(const std::string& path, FileKind kind) const;
  // What the person named at this local path, or below it, within another root; else null.
  const RootTree* named_at(const std::string& path) const;
  // Whether of this folder only what was named below it is kept.
  bool is_only_way(const RootTree* named, const std::string& path, bool may_enter) const;
  bool may_enter(const FileFacts& folder) const {
    return !options_.one_file_system || folder.device == root_device_;
  }
  void tell_if_new(const std::string& path, const BlobList& content);
  Task<Result<void>> lone_root(std::string path, std::string name, ListingWriter& listing);
  Task<Result<void>> add_root(std::string path, std::string name, const RootTree& node,
                              ListingWriter& listing);
  Task<Result<BlobList>> roots_below(std::string path, const RootTree& node);
  // `memory` is that of the folder it is in, which was looked at at `looked_ns`.
  Task<Result<void>> add(std::string path, std::string name, Found found, ListingWriter& listing,
                         FolderMemory& memory, std::int64_t looked_ns, const ReadFile* read);
  // Nothing if it is left out.
  Task<Result<std::optional<TreeEntry>>> entry_of(std::string path, std::string name, FileFacts facts,
                                                  FolderMemory& memory, std::int64_t looked_ns,
                                                  const ReadFile* read);
  Task<std::optional<TreeEntry>> symlink(std::string path);
  Task<Found> look_further(std::string path, FileFacts facts);
  // Nothing if the folder cannot be read, or lies within itself.
  Task<Result<std::optional<BlobList>>> folder(std::string path, FileFacts facts);
  Task<Result<std::optional<BlobList>>> folder_content(std::string path);
  Task<Result<void>> slice(std::string folder, std::vector<std::string> names, bool are_named,
                           ListingWriter& listing, FolderMemory& memory);
  Task<void> recall(Slice& slice, FolderMemory& memory);
  Task<void> remember(FolderMemory& memory);
  Task<void> write_memory();
  Task<Result<void>> read_ahead(const std::string& folder, Slice& slice, std::size_t from);
  // Nothing if the file cannot be read.
  Task<Result<std::optional<KeptFile>>> file(std::string path, FileFacts facts, const ReadFile* read);
  KeptFile small_file(const std::string& path, const ReadFile& read);
  Task<Result<std::optional<KeptFile>>> large_file(std::string path);
  // What was read under another name of the same file, if it is still the same.
  KeptFile* known_link(const FileFacts& facts);
  Task<Result<bool>> read_pieces(std::string path, Files::Reader& reader, std::uint64_t expected,
                                 std::vector<vault::BlobId>& ids, std::uint64_t& size);
  // Gives contents to the vault while the walk goes on.
  Task<Result<void>> keep_later(std::vector<Stretch> stretches);
  Task<void> keep(std::vector<Stretch> stretches, Semaphore::Permit permit);

  bool is_small(const FileFacts& facts) const {
    return facts.kind == FileKind::file && facts.size <= kSmallFileBytes;
  }
  void skip(const std::string& path, Error error);

  Environment environment_;
  vault::Vault& vault_;
  vault::LocalCache* cache_;
  Options options_;
  Observer observer_;
  Pause pause_;
  bool has_nested_;  // roots in one another
  PieceMaker maker_;
  std::uint64_t entries_kept() const { return summary_.files + summary_.folders + summary_.symlinks; }

  BackupSummary summary_;
  std::vector<std::string> empty_roots_;
  Progress progress_;
  bool is_estimate_ = false;                // what the progress says of how much there is
  std::map<FileKey, KeptFile> hard_links_;  // files with several names of which some are still to come
  std::set<FileKey> folders_open_;          // from the root down to where the walk is
  std::uint64_t root_device_ = 0;           // of the root that is walked
  FolderMemory::Rows memory_rows_;          // not written yet
  std::size_t memory_bytes_ = 0;
  std::optional<Error> failure_;  // of the vault
  Semaphore keeping_at_once_;
  TaskScope keeping_;
};

}  // namespace peerstore::drive
