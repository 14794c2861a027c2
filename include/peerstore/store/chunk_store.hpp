// ChunkStore: the chunks that this machine holds, on disk.
//
// Life of a chunk: reserve -> begin -> segments -> commit -> (held) -> discard -> (trash) -> (nothing),
// or remove -> (nothing). Until commit has
// returned, nothing is promised; after it has, the chunk survives kill -9, power loss, and the
// loss of the facts database, which is rebuilt by scanning the chunk files.
//
// A chunk of which a part cannot be read is *damaged*: it is no longer held, so nobody counts it as a copy,
// but its file stays, and whatever of it is good is served: of other copies just that part may be bad.
// It is held again when it reads well again (recheck), or when it was received anew (begin takes what is good
// from there); the bad file then goes to quarantine for some days.
//
// Invariants: bytes held, damaged or in the trash + being written + reserved <= capacity, always, and a part
// of the disk stays free whatever is given; a chunk file under its final name is complete, verified and
// synced; every segment was checked against its leaf before it was written, and is checked again when it is
// read. docs/formats.md describes the file.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/key_value.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/runtime/workers.hpp>
#include <peerstore/wire/messages.hpp>

#include <functional>
#include <memory>

namespace peerstore::store {

struct ChunkFacts {
  wire::ChunkAddress address;
  std::uint64_t lease = 0;  // its number
  wire::ChunkHeader header;
};
// A chunk as its file tells about it.
struct HeldChunk {
  wire::ChunkDescription description;
  wire::Lease lease;
  bool operator==(const HeldChunk&) const = default;
};

// What a chunk takes of the capacity: its file, which is a little more than its segments.
std::uint64_t stored_bytes(const wire::ChunkHeader& header);

// An owner has so many bytes here, and its quota allows so many on one machine. With the remedy.
Error over_quota(std::uint64_t kept, std::uint64_t allowed);

class ChunkStore {
 public:
  struct Options {
    std::uint64_t capacity = 0;                           // bytes given to friends
    Duration reservation_life = std::chrono::minutes(5);  // then the room is given back
    std::size_t writes_at_once = 64;                      // chunks being received; more are refused (busy)
  };
  // On which a chunk is taken.
  struct Terms {
    std::uint64_t reservation = 0;                      // of whoever asked for room before
    std::uint64_t owner_bytes_max = ~std::uint64_t{0};  // that bytes_of() its owner may come to
  };
  // What became of a chunk: `lost` is one whose file was found damaged or gone.
  enum class Change : std::uint8_t { kept, removed, lost };
  using OnChange = std::function<void(const ChunkFacts&, Change)>;
  struct Usage {
    std::uint64_t given = 0;     // by the owner
    std::uint64_t capacity = 0;  // the same, or less if the disk has not so much
    std::uint64_t held = 0;
    std::uint64_t promised = 0;  // reservations and chunks being written
    std::uint64_t chunks = 0;
    std::uint64_t damaged = 0;  // chunks of which a part cannot be read; not among those held
    std::uint64_t damaged_bytes = 0;
    std::uint64_t quarantined = 0;  // files that failed verification, kept aside
    std::uint64_t quarantined_bytes = 0;
    std::uint64_t trashed_bytes = 0;
    std::uint64_t room = 0;  // what reserve() would grant now
  };

  // Opens or creates the store below "chunks/" of `disk`. Removes what a crash left half written;
  // rebuilds the facts if the database lacks them. All references must outlive the store.
  // Errc::corrupt if the database cannot be read: remove it and open again. Errc::unsupported if
  // a newer program has written chunks here; io, full.
  static Task<Result<std::unique_ptr<ChunkStore>>> open(Clock& clock, Disk& disk, KeyValue& facts,
                                                        Workers& workers, Options options);
  virtual ~ChunkStore() = default;

  // Errc::full if the room is not there; busy. Chunks that nobody has touched for a reservation's
  // life while they were being written are given up when their room or their slot is needed.
  virtual Result<std::uint64_t> reserve(std::uint64_t bytes) = 0;
  // The segments that are still missing: none if the chunk is held already. Idempotent; a chunk
  // that is being written may be begun again by another link and goes on where it was. Held by an older
  // lease it is written anew, from itself, so that no earlier deletion counts any more.
  // Reservation 0, or one that has expired, asks for room now. The lease is kept with the chunk;
  // its signature is the caller's to check. What lies in the trash is taken from there.
  // Errc::invalid, full, over_quota, busy, refused (deleted, and this lease is not newer).
  virtual Task<Result<std::vector<std::uint32_t>>> begin(HeldChunk chunk, Terms terms) = 0;
  // Errc::corrupt if the data is not what the description promised; not_found without begin().
  // Done already if the chunk is held. After an error of the disk begin again: what was written
  // is dropped, here and in commit().
  virtual Task<Result<void>> put_segment(wire::ChunkAddress address, std::uint32_t index,
                                         SharedBytes data) = 0;
  // The header of a chunk that was begun, and neither committed nor given up.
  virtual std::optional<wire::ChunkHeader> receiving(const wire::ChunkAddress& address) const = 0;
  // Copies what is still good of a file of this chunk in quarantine into the chunk being received.
  // The segments that are missing then; not_found without begin().
  virtual Task<Result<std::vector<std::uint32_t>>> salvage(wire::ChunkAddress address) = 0;
  // Durable when it returns. Done already if the chunk is held. Errc::invalid while segments are
  // missing, not_found without begin().
  virtual Task<Result<void>> commit(wire::ChunkAddress address) = 0;

  // The chunk's owner deleted it: into the trash, for 30 days on which this machine is up, and not taken
  // again but by a lease of a higher number. The signature is the caller's to check. Done also if it is
  // not here; then nothing is noted. Errc::refused: another owner's chunk, or stored again since.
  virtual Task<Result<void>> discard(wire::Deletion deletion) = 0;
  virtual std::optional<wire::Deletion> deletion_of(const wire::ChunkAddress& address) = 0;
  // In the trash: it is not held, and can still be read.
  virtual std::optional<ChunkFacts> find_trashed(const wire::ChunkAddress& address) = 0;
  // Removes what has been in the trash, or healed in quarantine, for long enough; takes back what lies in
  // quarantine and is nowhere else here. To be called now and then.
  virtual Task<Result<void>> sweep_trash() = 0;

  // Verified. Errc::corrupt if this part of the file is damaged: the chunk is no longer held then, and its
  // other parts can still be read. not_found if nothing of it is here, or its file has gone (then it was
  // held, until now).
  virtual Task<Result<SharedBytes>> read_segment(wire::ChunkAddress address, std::uint32_t index) = 0;
  virtual Task<Result<HeldChunk>> describe(wire::ChunkAddress address) = 0;
  // Blocking but quick: one look into the facts. Nothing if it is not held.
  virtual std::optional<ChunkFacts> find(const wire::ChunkAddress& address) = 0;
  // In order of placement key, until `visit` returns false.
  virtual Result<void> for_each(const std::function<bool(const ChunkFacts&)>& visit) = 0;
  // Those whose addresses begin with this byte, in order of address.
  virtual Result<std::vector<ChunkFacts>> in_folder(unsigned first_byte) = 0;
  // A part of it can be read here, perhaps; it is not held.
  virtual std::optional<ChunkFacts> find_damaged(const wire::ChunkAddress& address) = 0;
  virtual std::vector<ChunkFacts> damaged() const = 0;  // in order of address
  // Looks at a damaged chunk's file again: held again if it is sound (the disk may have failed for a while).
  // Errc::corrupt if it is not, not_found if nothing of it is here (any more).
  virtual Task<Result<void>> recheck(wire::ChunkAddress address) = 0;
  // Compares those with the files' names and sizes, which costs little: what has gone, or has another size,
  // is no longer held when it returns.
  virtual Task<Result<void>> check_names(unsigned first_byte) = 0;
  // Told of each change of what is held, after the fact. The callback must not wait or destroy this.
  virtual void on_change(OnChange callback) = 0;
  // Errc::not_found if it is not held.
  virtual Task<Result<void>> remove(wire::ChunkAddress address) = 0;

  // More or less is given from now on. What is held stays, however little is given.
  virtual void set_capacity(std::uint64_t bytes) = 0;
  // Looks how much the disk has free: what is given and not there is not promised. To be called now and then.
  virtual Task<Result<void>> measure_disk() = 0;
  virtual Usage usage() const = 0;
  // What is held, in the trash, or being received for this person.
  virtual std::uint64_t bytes_of(wire::PersonNumber owner) const = 0;
};

}  // namespace peerstore::store
