// Vault: keeps blobs in the ring and gives them back; keys never leave it.
//
// put() fills packs; a full pack is sealed and stored while the next ones fill, a few at a time,
// so that memory is bounded and the caller is slowed to the pace of the ring. A blob is compressed
// where that pays, and not stored again if any of the person's machines has stored it. What is
// stored is found again through the index, a log of packs of this machine: write_index() adds to it what came
// since, and returns the row that the head must carry for everything so far to be found.
//
// Lifetime: the environment outlives the vault, the vault outlives its tasks. One thread.
#pragma once

#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>
#include <peerstore/runtime/workers.hpp>
#include <peerstore/vault/blob.hpp>
#include <peerstore/vault/index.hpp>
#include <peerstore/vault/local_cache.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace peerstore::vault {

// Of one record in the index log.
inline constexpr std::size_t kRecordBytesMax = 1024 * 1024;
// That get_each() is asked for at once, however small they are: all of them wait for the same few rows.
inline constexpr std::size_t kBlobsAskedMax = 512;

// What happened since begin_run().
struct RunFigures {
  std::uint64_t bytes_new = 0;     // in blobs of files that were not known before
  std::uint64_t bytes_stored = 0;  // that all new blobs take in packs, of one copy
  std::uint64_t bytes_safe = 0;    // of what callers of put() counted: in packs with every copy
  std::uint64_t chunks_sent = 0;
  unsigned copies_least = ~0u;  // of the chunk that has fewest; ~0 before the first
  std::string shortfall;        // of that chunk, in words

  void note_copies(unsigned copies, const std::string& why) {
    if (copies < copies_least) shortfall = why;
    copies_least = std::min(copies_least, copies);
  }
};

// A blob to be kept. `id` is blob_id() of the content, which outlives the call that it is given to;
// `counted` bytes enter RunFigures::bytes_safe when it is safe.
struct NewBlob {
  BlobKind kind = BlobKind::data;
  BlobId id;
  ByteView content;
  std::uint64_t counted = 0;
};

// What the snapshots need.
using UsedBlobs = std::unordered_set<BlobId, FixedBytesHash>;

// Packs of the own log of which nobody needs anything, or less than half.
struct PrunePlan {
  std::vector<std::uint32_t> packs;
  std::uint64_t packs_unused = 0;     // of them
  std::uint64_t bytes_dropped = 0;    // of one copy of them
  std::uint64_t bytes_rewritten = 0;  // that are needed, and are to be stored anew
};

class PackJournal;
class PackReader;
class PackWriter;

class Vault {
 public:
  struct Environment {
    Clock& clock;
    Workers& workers;
    Entropy& entropy;
    replica::ChunkSpace& space;
    LocalCache* cache = nullptr;  // of index parts, and of packs that are sent and not indexed
  };
  struct Options {
    std::size_t packs_in_flight = 3;                             // each takes about 10 MiB until it is stored
    std::size_t rows_kept = 48;                                  // of 320 KiB, for reading
    crypto::LockedVector<crypto::SecretKey> older_secrets = {};  // of epochs before a rekey: for reading
  };
  enum class Whose : std::uint8_t { own, others };

  Vault(Environment environment, const crypto::SecretKey& drive_secret, Options options);
  Vault(Environment environment, const crypto::SecretKey& drive_secret)
      : Vault(environment, drive_secret, Options{}) {}
  ~Vault();
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  const VaultKeys& keys() const { return keys_; }
  const Index& index() const { return index_; }
  // The index packs of the own log.
  std::vector<PackRow> log() const;

  // Reads a machine's log from the row of its newest index pack, and returns the records in it,
  // oldest first. The own log, which write_index() goes on from, is loaded once and first. `log`, if there
  // is one, becomes the log's index packs.
  Task<Result<std::vector<Bytes>>> load(PackRow newest, Whose whose, std::vector<PackRow>* log = nullptr);
  // Whether an index pack is with friends as it was, whatever the cache has.
  Task<Result<void>> check_index_pack(PackRow pack);

  // To be called when every log is loaded: what the cache has of other index packs is forgotten.
  Task<void> tidy_cache();

  // Sets the figures back and forgets an earlier failure. `changed` is called when packs are done. A run
  // that only counts keeps nothing: put() tells the figures what it would have stored.
  void begin_run(std::function<void()> changed, bool only_count = false);
  const RunFigures& figures() const { return figures_; }

  // Keeps blobs: they are stored when flush() has succeeded. Waits while too many packs are under
  // way; callers may be several at once. An error means that some earlier pack could not be stored.
  Task<Result<void>> put(std::vector<NewBlob> blobs);
  Task<Result<void>> put(BlobKind kind, BlobId id, ByteView content, std::uint64_t counted);
  // Whether all of these blobs of data are kept already. If so they are counted as put() would count
  // them, with as many bytes as each has.
  bool count_if_known(std::span<const BlobId> ids);
  // Stores what has not filled a pack, and waits until all packs are done.
  Task<Result<void>> flush();
  // Writes what was stored and is not in the log yet, and the records (each kRecordBytesMax at most).
  // Nothing if the log is empty and there is nothing to write.
  Task<Result<std::optional<PackRow>>> write_index(std::vector<Bytes> records);

  // To be called when the head that has that row is kept durably.
  Task<void> head_is_kept();
  // To be called before a run, when every log is loaded. What this machine had sent and not indexed when it
  // was killed: packs that friends show to be whole are taken into the index, as if they had just been
  // stored; others are written down as dropped, for prune to delete what there is of them.
  Task<void> take_up_journal();

  // Pruning, in this order. What is needed of the plan's packs is stored anew; after rescue(), which may be
  // called again when more is found to be needed, everything in `used` is in a pack that is not dropped.
  // Nothing is changed for others until rewrite_index() has written the whole index anew, with these records
  // in place of all that were there. If something fails, undo().
  PrunePlan plan_prune(const UsedBlobs& used) const;
  void drop(const PrunePlan& plan);
  // Errc::cancelled soon after `cancelled` becomes true.
  Task<Result<void>> rescue(const UsedBlobs& used, const bool& cancelled);
  Task<Result<std::optional<PackRow>>> rewrite_index(std::vector<Bytes> records);
  void undo(const PrunePlan& plan);
  // Of one copy: packs of the own log that were dropped, and that not all holders said are gone.
  std::uint64_t bytes_dropped() const;
  // Packs of the own log that were dropped until then, and of which nothing is needed that lies nowhere but
  // in packs that are not in the log yet.
  std::vector<std::uint32_t> dropped_until(std::int64_t time_ns, const UsedBlobs& used) const;
  // Tells their holders. What each of them said is gone is no longer in the index that is written next.
  // Returns how many packs these are.
  Task<Result<std::size_t>> remove(std::vector<std::uint32_t> packs);
  // Packs that were dropped, and that have something in `used` which lies nowhere else.
  std::vector<std::uint32_t> dropped_and_needed(const UsedBlobs& used) const;
  // The records of the own log.
  std::vector<Bytes> records() const;

  // Packs, by their chunk of class 0, that are lost or were deleted: as if they had been dropped, so that
  // what is in them is stored again. Own index packs among them are written anew with the next index.
  void give_up(const std::set<wire::ChunkAddress>& packs);
  // Packs of other machines, by the same, that blobs of this run were found in.
  std::set<wire::ChunkAddress> counted_on() const;

  // Whether something was stored that is not in the log.
  bool has_unindexed() const { return !unlogged_.empty(); }

  // Brings packs of the own log, and those of other machines that this run counted on, that have fewer copies
  // than the ring allows today up to it. Passes over what cannot be read. Stops at the first for which nobody
  // takes a further copy now; the figures then count all of them.
  Task<void> mend();

  // The content, verified. Errc::not_found if the index does not know it, Errc::unreachable names
  // friends to wait for, Errc::corrupt.
  Task<Result<SharedBytes>> get(BlobKind kind, BlobId id);
  // Several, kBlobsAskedMax at most, each for itself, in their order.
  Task<std::vector<Result<SharedBytes>>> get_each(BlobKind kind, std::vector<BlobId> ids);

 private:
  // Data goes to the open pack that it leaves least room in; sizes differ, and with one alone a
  // tenth of each pack would stay empty.
  static constexpr std::size_t kOpenDataPacks = 3;
  struct OpenPack;
  class Claims;
  using OpenPackPtr = std::unique_ptr<OpenPack>;
  // One index pack of the own log, and what it says.
  struct Page {
    PackRow pack;
    std::vector<std::uint32_t> packs;
    std::vector<std::uint32_t> dropped;
    std::vector<Bytes> records;
  };

  // A blob that is kept and not stored yet.
  struct Pending {
    std::uint64_t counted = 0;
    std::uint32_t length = 0;
  };

  bool count_known(const NewBlob& blob);
  Task<Result<Bytes>> get_stored(BlobId id);
  Task<Result<void>> append(NewBlob blob, const std::optional<Bytes>& compressed);
  std::span<OpenPackPtr> open_packs(BlobKind kind);
  void merge_open_packs();
  Task<void> send(OpenPackPtr& open);
  Task<void> deliver(OpenPackPtr pack, Semaphore::Permit permit);
  Task<void> take_up(std::vector<struct IndexEntry> entries);
  Page take_in(PackRow pack, struct IndexPart part);
  Task<Result<struct IndexPart>> read_part(PackRow pack);
  Task<Result<std::optional<PackRow>>> write_pages(std::size_t kept, std::vector<Bytes> records);
  Task<Result<void>> set_doubtful_aside(const UsedBlobs& used);
  Task<Result<std::set<std::uint32_t>>> without_copies(std::vector<std::uint32_t> packs) const;
  Task<Result<void>> store_anew(const std::vector<BlobRow>& blobs);
  Task<void> remember_parts(std::vector<LocalCache::Row> changes);
  std::size_t pages_to_keep() const;
  enum class Mended : std::uint8_t { better, unreadable, no_better };
  Task<Mended> mend(std::uint32_t pack);
  void erase_gone(Holders& holders) const;
  unsigned copies_now(const PackRow& pack) const;
  std::vector<PackRow> rows_of(std::span<const std::uint32_t> packs) const;
  Task<Result<void>> read_standing(std::vector<std::uint32_t> packs);
  void set_holders(std::uint32_t pack, Holders holders);

  Environment environment_;
  VaultKeys keys_;
  RunFigures figures_;
  std::function<void()> changed_ = [] {};
  std::unique_ptr<PackReader> reader_;
  std::unique_ptr<PackJournal> journal_;
  std::unique_ptr<PackWriter> writer_;
  Index index_;
  std::vector<Page> pages_;                           // oldest first
  std::set<Bytes> cached_parts_;                      // names of those that the cache has and that count
  std::vector<std::uint32_t> unlogged_;               // packs that are stored, or whose holders changed
  std::set<Bytes> indexed_;                           // packs that no head that is kept leads to yet, by name
  std::unordered_set<std::uint32_t> of_others_;       // packs that only other machines' logs have
  std::map<std::uint32_t, unsigned> counted_on_;      // packs that this run found blobs in: their copies now
  std::array<OpenPackPtr, kOpenDataPacks + 1> open_;  // the last is for trees
  std::unordered_map<BlobId, Pending, FixedBytesHash>
      pending_;  // in a run that only counts, all that are new
  bool only_count_ = false;
  std::uint64_t next_pack_number_ = 0;
  std::optional<Error> failure_;
  Semaphore in_flight_;
  TaskScope scope_;
};

}  // namespace peerstore::vault
