// RingDrive: the drive itself: heads, snapshots and the vault together, and the order in which
// they are changed.
#pragma once

#include <peerstore/drive/drive.hpp>
#include <peerstore/vault/vault.hpp>

#include "backup_run.hpp"
#include "head_book.hpp"
#include "snapshot_record.hpp"

#include <optional>
#include <string>
#include <vector>

namespace peerstore::drive {

// New data after which the way so far is indexed and published, so that a run that is stopped is
// not sent again.
inline constexpr std::uint64_t kCheckpointBytes = 256 * 1024 * 1024;

class RingDrive final : public Drive {
 public:
  RingDrive(Environment environment, DriveKeys keys, std::uint64_t checkpoint_bytes = kCheckpointBytes);

  // What Drive::open promises.
  Task<Result<void>> start();

  Task<Result<BackupSummary>> backup(BackupOptions options, Observer observer) override;
  void cancel() override { cancelled_ = true; }
  std::vector<Snapshot> snapshots() const override;
  Task<Result<std::vector<ListEntry>>> list(std::string path, std::string snapshot, bool recursive) override;
  Task<Result<RestoreSummary>> restore(std::string path, std::string snapshot, std::string target,
                                       bool overwrite, Observer observer) override;
  Task<Result<FileFacts>> read_file(std::string path, std::string snapshot,
                                    std::function<Result<void>(ByteView)> sink) override;
  Task<Result<DriveStanding>> standing() override;

 private:
  struct KnownSnapshot {
    std::string id;
    SnapshotRecord record;
  };

  vault::LocalCache* cache() { return cache_ ? &*cache_ : nullptr; }
  Task<Result<void>> load_machine(std::uint32_t machine);
  void note_stale_heads(const std::vector<vault::SeenHead>& seen, std::uint32_t by);
  Result<void> take_records(const std::vector<Bytes>& records);
  void say_remarks(const Observer& observer);

  Task<Result<BackupSummary>> run_backup(RootTree roots, bool only_look, BackupRun& run);
  Task<Result<BackupSummary>> finish_backup(RootTree roots, BlobList tree, BackupSummary summary);
  Task<Result<void>> pause();
  Task<Result<unsigned>> write_head(std::vector<Bytes> records);
  Task<void> keep_what_is_safe();
  Task<Result<void>> check_roots(RootTree roots);

  struct Located {
    SnapshotRecord record;
    TreeEntry entry;
  };
  struct RootAt {
    std::string root;
    SnapshotRecord record;
  };

  Result<const KnownSnapshot*> find_snapshot(const std::string& id) const;
  Result<std::vector<SnapshotRecord>> current(const std::string& id) const;
  Task<Result<Located>> locate(std::string path, std::string snapshot);
  static std::vector<RootAt> roots_of(const std::vector<SnapshotRecord>& records);
  Task<Result<void>> list_root(RootAt root, bool recursive, std::vector<ListEntry>& entries);
  Task<Result<void>> list_below(std::string path, BlobList folder, bool recursive, std::size_t depth,
                                std::vector<ListEntry>& entries);

  Environment environment_;
  DriveKeys keys_;
  HeadBook heads_;
  std::optional<vault::LocalCache> cache_;
  vault::Vault vault_;
  std::vector<KnownSnapshot> snapshots_;  // by time
  std::vector<Warning> remarks_;          // found on opening, said with the next job
  std::uint64_t checkpoint_bytes_;
  std::uint64_t checkpoint_at_ = 0;
  bool cancelled_ = false;
};

}  // namespace peerstore::drive
