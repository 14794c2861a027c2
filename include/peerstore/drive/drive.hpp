// Drive: a person's files in the ring: backup, list, get back, and the honest answer to "are they
// safe now?". What every command of the owner is made of.
//
// The durable order of a backup: chunks receipted, then the index receipted, then the head
// written locally and synced, then the head published. Whatever stops it, the snapshots before
// stay whole, and the next backup goes on from the last part that was indexed.
#pragma once

#include <peerstore/crypto/secret.hpp>
#include <peerstore/crypto/signatures.hpp>
#include <peerstore/replica/chunk_space.hpp>
#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/files.hpp>
#include <peerstore/runtime/key_value.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/workers.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peerstore::drive {

// The owner's secrets that a drive needs (from membership::Identity).
struct DriveKeys {
  ~DriveKeys() { crypto::wipe(drive_secret.bytes); }
  crypto::SecretKey drive_secret;
  wire::RingId ring_id;
  std::uint32_t machine = 0;
  crypto::LockedVector<crypto::SecretKey> older_secrets =
      {};                    // of epochs before a rekey, for what was written then
  std::size_t machines = 1;  // of the person, this one included: also those that have no head yet
};

struct Environment {
  Clock& clock;
  Workers& workers;
  Entropy& entropy;
  crypto::Signatures& signatures;
  Files& files;
  Disk& state;  // the client's own folder: newest head written, high-water marks
  replica::ChunkSpace& space;
  // What makes later runs quick: may be missing, empty, damaged or somebody else's at any time.
  KeyValue* cache = nullptr;
  // Another drive of this home is open, which may be writing: this one looks, and leaves `state` as it is.
  bool only_looks = false;
};

// A total of 0 is not known.
struct Progress {
  std::uint64_t files_done = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes_read = 0;  // of the files: cut, sealed, on the way ("sent")
  std::uint64_t bytes_safe = 0;  // of the files: every chunk has its full number of receipts
  std::uint64_t bytes_total = 0;
};
// A file that was left out, or needs a word: the rest goes on.
struct Warning {
  std::string path;
  Error error;
};
struct Observer {
  std::function<void(const Progress&)> progress = [](const Progress&) {};
  std::function<void(const Warning&)> warning = [](const Warning&) {};
  // A backup that only looks: a file that has something new in it.
  std::function<void(const std::string& path)> found_new = [](const std::string&) {};
};

struct BackupOptions {
  std::vector<std::string> paths = {};  // absolute local paths of folders and files
  std::vector<std::string> excluded =
      {};                        // patterns of paths below them that are left out (path_pattern.hpp)
  bool one_file_system = false;  // do not enter folders on another device than the path's
  bool only_look = false;        // read and count what would be sent, and send nothing
  // A folder is empty that was not, or over a fifth of the files are gone: else that is Errc::refused, since
  // a disk may not be mounted.
  bool mass_deletion_is_meant = false;
};
struct BackupSummary {
  std::string snapshot;  // its id, hexadecimal; empty if none was made (nothing readable)
  std::uint64_t files = 0;
  std::uint64_t folders = 0;
  std::uint64_t symlinks = 0;
  std::uint64_t skipped = 0;       // could not be read: see warnings
  std::uint64_t others = 0;        // pipes, sockets and devices, which are not kept: see warnings
  std::uint64_t changed = 0;       // files that changed each time they were read, kept as they were read
  std::uint64_t bytes = 0;         // in the files
  std::uint64_t bytes_new = 0;     // that were not in the drive before
  std::uint64_t bytes_stored = 0;  // that those and new folders take, compressed; of one copy
  std::uint64_t chunks_sent = 0;
  unsigned copies_wanted = 0;
  unsigned copies_least = 0;  // of the chunk that has fewest; = wanted means safe
  unsigned head_copies = 0;   // members that keep the head
  std::string shortfall;      // in words, when it is not safe
  bool safe() const {
    return !snapshot.empty() && copies_least >= copies_wanted && head_copies >= copies_wanted;
  }
};

struct ListEntry {
  std::string path;  // remote, without a leading slash
  FileFacts facts;
  std::string link_target;
  std::string user_name = {};  // empty: the number had no name
  std::string group_name = {};
  bool changed_while_read = false;
};
struct Snapshot {
  std::string id;
  std::int64_t taken_ns = 0;
  std::uint32_t machine = 0;
  std::vector<std::string> roots;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

struct RestoreSummary {
  std::uint64_t files = 0;  // written
  std::uint64_t there = 0;  // files that were there already, as they should be
  std::uint64_t folders = 0;
  std::uint64_t symlinks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failed = 0;   // see warnings
  std::uint64_t refused = 0;  // of these, because something else is there, or may not be written to
  // Newest of their machine and set of paths, with something at the same paths that was not restored, since
  // a newer snapshot has these: each can be restored by itself.
  std::vector<Snapshot> omitted = {};
};

// A file, folder or link as it was from one snapshot on.
struct Version {
  Snapshot snapshot;  // the first that has it so
  ListEntry entry;
};
enum class Change : std::uint8_t { added, removed, content, facts };
struct Difference {
  Change change = Change::added;
  ListEntry entry;  // as it is in the later one; of what was removed, as it was
};

// How many snapshots of each machine and set of paths stay; 0 says nothing.
struct KeepRules {
  unsigned last = 0;
  unsigned daily = 0;
  unsigned weekly = 0;
  unsigned monthly = 0;
  unsigned yearly = 0;
  std::int64_t utc_offset_seconds = 0;  // where days begin for the person
  bool any() const { return last + daily + weekly + monthly + yearly > 0; }
};
struct ForgetSummary {
  std::vector<Snapshot> kept;
  std::vector<Snapshot> forgotten;
};

struct PruneSummary {
  std::uint64_t packs = 0;            // that nobody needs, or less than half of them
  std::uint64_t bytes_dropped = 0;    // of one copy of them
  std::uint64_t bytes_rewritten = 0;  // that were needed, and stored anew
  std::uint64_t packs_deleted = 0;    // dropped now or before, and now deleted by all their holders
  std::uint64_t bytes_waiting = 0;    // of one copy: dropped now and before, and still with friends
  unsigned head_copies = 0;
};

struct VerifyOptions {
  double read_percent = 0;  // of the packs, to be fetched and checked whole
};
struct VerifySummary {
  std::uint64_t snapshots = 0;
  std::uint64_t files = 0;    // distinct
  std::uint64_t folders = 0;  // distinct
  std::uint64_t packs = 0;
  std::uint64_t packs_read = 0;
  std::uint64_t bytes_read = 0;            // of files and listings
  std::uint64_t problems = 0;              // see warnings
  std::uint64_t unreachable = 0;           // packs that nobody gives now: no answer to whether they are sound
  std::uint64_t listings_unreachable = 0;  // of folders, likewise: what is below them was not looked at
  // Of the person, whose list of what they have stored cannot be read.
  std::uint64_t machines_unreachable = 0;
  std::vector<std::string> waiting_for;
  bool all_looked_at() const { return unreachable + listings_unreachable + machines_unreachable == 0; }
};

// The state words of the documentation, from best to worst.
enum class FileState : std::uint8_t { safe, at_risk, unreachable, lost };

// Copies are of the piece that has fewest, with distinct friends: of the file's own content, of the listings
// on the way to it and of the index.
struct FileStanding {
  std::string path;
  bool is_folder = false;  // whose listing cannot be read: what is in it is not known
  FileState state = FileState::safe;
  unsigned copies = 0;         // those of friends who are away are counted by their receipts
  unsigned copies_online = 0;  // that were just confirmed
  std::uint64_t bytes = 0;
  std::vector<std::string> waiting_for = {};  // if it is unreachable: as in DriveStanding
};

// For the whole drive, or what is at a path.
struct DriveStanding {
  std::uint64_t files_safe = 0;
  std::uint64_t files_at_risk = 0;      // readable now, but some chunk has fewer copies than wanted
  std::uint64_t files_unreachable = 0;  // not readable now; `waiting_for` could change that
  std::uint64_t files_lost = 0;         // no copy that anybody knows of
  std::uint64_t folders_unread = 0;     // of a path, the files in them are not counted
  std::uint64_t bytes = 0;
  unsigned copies_wanted = 0;
  unsigned copies_reachable = 0;  // that the rule allows in this ring today
  unsigned copies_least = 0;      // of any file, as in FileStanding
  unsigned copies_online_least = 0;
  std::vector<std::string> waiting_for = {};  // friends who hold what is not readable now
  std::optional<Snapshot> newest = {};
  std::uint64_t files() const { return files_safe + files_at_risk + files_unreachable + files_lost; }
};

class Drive {
 public:
  // Reads the newest state from the ring (or finds that there is none yet). The environment
  // outlives the drive. Errc::unreachable if the ring cannot be asked. With a time (wall clock, ns): as this
  // home knew the drive then, only to be read; what was deleted since can be had back while friends keep it.
  static Task<Result<std::unique_ptr<Drive>>> open(Environment environment, DriveKeys keys,
                                                   std::optional<std::int64_t> seen_at_ns = std::nullopt);
  virtual ~Drive() = default;

  // Backs up folders and files into one new snapshot. Remote paths are the local ones without their
  // leading slash. cancel() makes it stop soon with
  // Errc::cancelled, keeping what is safe.
  virtual Task<Result<BackupSummary>> backup(BackupOptions options, Observer observer) = 0;
  virtual void cancel() = 0;

  virtual std::vector<Snapshot> snapshots() const = 0;
  using EachEntry = std::function<void(ListEntry)>;
  using EachDifference = std::function<void(Difference)>;
  // `snapshot` empty: of each machine and set of paths the newest, and each path from the newest of these
  // that was to have it. Of a path that is named it is the newest that has it: what was deleted below a newer
  // snapshot's root comes back from an older one that has the path, or one below or above it, as its own
  // root. Errc::not_found names what is missing. `path` empty: the roots. `each` is told folder by folder, in
  // byte order of the names; an error may come after some.
  virtual Task<Result<void>> list(std::string path, std::string snapshot, bool recursive, EachEntry each) = 0;
  // Restores what is at `path` (empty: everything) into the folder `target`, below its remote
  // path. Files that are there with the right size and time are taken for finished: so a restore that was
  // stopped goes on. Others are left alone and counted as failed, unless `overwrite`: then what is there is
  // compared byte for byte, and replaced where it differs.
  virtual Task<Result<RestoreSummary>> restore(std::string path, std::string snapshot, std::string target,
                                               bool overwrite, Observer observer) = 0;
  // One file's content, in order, verified; an error of `sink` stops it, and so does cancel(). `attributes`,
  // if there are any, become those of the file.
  virtual Task<Result<FileFacts>> read_file(std::string path, std::string snapshot,
                                            std::function<Result<void>(ByteView)> sink,
                                            FileAttributes* attributes = nullptr) = 0;

  // What the pattern (path_pattern.hpp) matches, in the same order.
  virtual Task<Result<void>> find(std::string pattern, std::string snapshot, EachEntry each) = 0;
  // Oldest first. Errc::not_found if no snapshot has it.
  virtual Task<Result<std::vector<Version>>> versions(std::string path) = 0;
  // From one snapshot to the other, in the order of paths.
  virtual Task<Result<void>> diff(std::string from, std::string to, EachDifference each) = 0;

  // `each`, if there is one, is told of every file.
  virtual Task<Result<DriveStanding>> standing(std::function<void(const FileStanding&)> each = {}) = 0;
  // Of what list() shows at these paths, in their order; `each` is told the number of the path, too.
  using EachFile = std::function<void(std::size_t path, const FileStanding&)>;
  virtual Task<Result<std::vector<DriveStanding>>> standing_of(std::vector<std::string> paths,
                                                               EachFile each) = 0;
  // Whether everything that the snapshots need is in the index and with friends, and, of as many packs as
  // asked for, whether every byte is as it was.
  virtual Task<Result<VerifySummary>> verify(VerifyOptions options, Observer observer) = 0;
  // Forgets these snapshots, or those that the rules do not keep. What only they needed stays until prune().
  virtual Task<Result<ForgetSummary>> forget(std::vector<std::string> snapshots, KeepRules rules,
                                             bool only_look) = 0;
  // Drops the packs of this machine that no snapshot needs, and stores anew what is needed of half-empty
  // ones. Their chunks stay with friends until these can be told.
  virtual Task<Result<PruneSummary>> prune(bool only_look, Observer observer) = 0;
};

}  // namespace peerstore::drive
