// RingDrive: the drive itself: heads, snapshots and the vault together, and the order in which
// they are changed.
#pragma once

#include <peerstore/drive/drive.hpp>
#include <peerstore/vault/vault.hpp>

#include "backup_run.hpp"
#include "head_book.hpp"
#include "snapshot_record.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace peerstore::drive {

// New data, or time, after which the way so far is indexed and published, so that a run that is stopped is
// not sent again.
inline constexpr std::uint64_t kCheckpointBytes = 256 * 1024 * 1024;
inline constexpr Duration kCheckpointEvery = 1min;

class RingDrive final : public Drive, public crypto::InLockedMemory {
 public:
  RingDrive(Environment environment, DriveKeys keys, std::uint64_t checkpoint_bytes = kCheckpointBytes);

  // What Drive::open promises.
  Task<Result<void>> start(std::optional<std::int64_t> seen_at_ns = std::nullopt);

  Task<Result<BackupSummary>> backup(BackupOptions options, Observer observer) override;
  void cancel() override { cancelled_ = true; }
  std::vector<Snapshot> snapshots() const override;
  Task<Result<void>> list(std::string path, std::string snapshot, bool recursive, EachEntry each) override;
  Task<Result<RestoreSummary>> restore(std::string path, std::string snapshot, std::string target,
                                       bool overwrite, Observer observer) override;
  Task<Result<FileFacts>> read_file(std::string path, std::string snapshot,
                                    std::function<Result<void>(ByteView)> sink,
                                    FileAttributes* attributes = nullptr) override;
  Task<Result<void>> find(std::string pattern, std::string snapshot, EachEntry each) override;
  Task<Result<std::vector<Version>>> versions(std::string path) override;
  Task<Result<void>> diff(std::string from, std::string to, EachDifference each) override;
  Task<Result<DriveStanding>> standing(std::function<void(const FileStanding&)> each = {}) override;
  Task<Result<std::vector<DriveStanding>>> standing_of(std::vector<std::string> paths,
                                                       EachFile each) override;
  Task<Result<VerifySummary>> verify(VerifyOptions options, Observer observer) override;
  Task<Result<ForgetSummary>> forget(std::vector<std::string> snapshots, KeepRules rules,
                                     bool only_look) override;
  Task<Result<PruneSummary>> prune(bool only_look, Observer observer) override;

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

  // Nothing if something that it counted on is gone by now: to be run again.
  Task<Result<std::optional<BackupSummary>>> run_backup(RootTree roots, const BackupOptions& options,
                                                        BackupRun& run);
  const KnownSnapshot* last_of(const RootTree& roots) const;
  Task<Result<void>> check_deletions(const RootTree& roots, const BackupRun& run);
  Task<Result<BackupSummary>> finish_backup(RootTree roots, BlobList tree, BackupSummary summary);
  Task<Result<void>> pause();
  Task<Result<unsigned>> write_head(std::vector<Bytes> records);
  Task<void> keep_what_is_safe();
  Task<void> take_up_journal();
  Task<Result<void>> check_roots(RootTree roots);

  // What the drive has at a path now, or at a place below it, from one snapshot.
  struct Part {
    std::string path;  // remote
    KnownSnapshot snapshot;
    TreeEntry entry;
    std::set<std::string> elsewhere;  // paths below that newer snapshots have
  };
  struct Parts {
    std::vector<Part> all;          // newest first
    std::vector<Snapshot> omitted;  // that have something there which is in no part
  };

  Result<const KnownSnapshot*> find_snapshot(const std::string& id) const;
  Result<std::vector<KnownSnapshot>> current(const std::string& id) const;
  Task<Result<Parts>> parts_at(std::string path, std::string snapshot);
  Task<Result<bool>> add_part(Parts& parts, const KnownSnapshot& snapshot, std::string path);
  Task<void> expect(std::vector<Part> parts, Progress& progress);
  Task<bool> adds_to(const Part& newer, const KnownSnapshot& older, std::string path);
  Task<Result<void>> list_parts(const std::vector<Part>& parts, std::string from, bool recursive,
                                const EachEntry& each);
  Task<Result<void>> list_part(const Part& part, std::string from, bool recursive, const EachEntry& each);
  Task<Result<void>> list_below(std::string path, BlobList folder, const std::set<std::string>& elsewhere,
                                bool recursive, std::size_t depth, const EachEntry& each);
  struct Compared;
  Task<Result<void>> compare(std::string path, BlobList from, BlobList to, std::size_t depth,
                             const EachDifference& each);
  Task<Result<void>> compare_entries(std::string path, Compared both, std::size_t depth,
                                     const EachDifference& each);
  Task<Result<void>> tell_all(Change change, std::string path, TreeEntry entry, const EachDifference& each);

  // Upkeep.
  Task<Result<void>> mark_all(class MarkRun& mark);
  struct News {
    bool any = false;
    std::optional<Error> missing;  // what cannot be read of it
  };
  Task<Result<News>> read_news();
  Task<Result<bool>> counts_on_dropped();
  Task<Result<void>> do_prune(const vault::PrunePlan& plan, class MarkRun& mark, PruneSummary& summary);
  Task<Result<std::size_t>> remove_dropped(class MarkRun& mark, std::vector<std::uint32_t> but);
  std::vector<Bytes> records_to_keep() const;
  struct Found {
    std::set<wire::ChunkAddress> lost;
    std::set<wire::ChunkAddress> whole;  // that were lost before
  };
  Task<Result<void>> verify_standing(std::vector<vault::PackRow> packs, VerifySummary& summary, Found& found,
                                     const Observer& observer);
  Task<void> verify_index(std::vector<vault::PackRow> packs, VerifySummary& summary,
                          const Observer& observer);
  Task<void> note_found(Found found, const Observer& observer);
  bool is_known_lost(const wire::ChunkAddress& pack) const;
  void give_up_lost();
  Task<void> verify_data(std::vector<std::uint32_t> packs, VerifySummary& summary, const Observer& observer);

  Environment environment_;
  DriveKeys keys_;
  HeadBook heads_;
  std::optional<vault::LocalCache> cache_;
  vault::Vault vault_;
  std::vector<KnownSnapshot> snapshots_;       // by time
  std::set<std::string> forgotten_;            // ids
  std::set<std::string> forgotten_of_others_;  // that their machines' logs still have
  struct Finding {
    std::int64_t found_ns = 0;
    bool is_lost = false;
  };
  std::map<wire::ChunkAddress, Finding> findings_;  // of packs that were lost once: the newest
  std::map<std::uint32_t, std::vector<vault::PackRow>> other_logs_;  // index packs, by machine
  bool looks_back_ = false;                                          // at heads of before: nothing is changed
  bool shows_old_heads_ = false;  // of some machine, by what another one has seen
  std::optional<Error> missing_;  // a machine whose index cannot be read
  std::vector<Warning> remarks_;  // found on opening, said with the next job
  std::uint64_t checkpoint_bytes_;
  std::uint64_t checkpoint_at_ = 0;
  TimePoint checkpoint_time_;
  bool cancelled_ = false;
};

}  // namespace peerstore::drive
