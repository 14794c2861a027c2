// ChunkStoreOnDisk: the ChunkStore, put together from its parts.
//
//   capacity_ledger   who has a claim on the space       incoming_chunk  a chunk being received
//   address_turns     one change of a chunk at a time    chunk_file      the bytes on disk
//   chunk_facts       the rows                           recovery        what open() does
//   deleted_rows      the rows of what was deleted       trash           where it lies for a while
//   recent_leaves     the hashes of what is read now       quarantine      bad files, kept aside
//
// A chunk is held exactly while it has a row, and the ledger counts it exactly while it is held:
// rows and ledger change together, on the loop, by whoever has the chunk's turn. Files change on
// workers. What changes held chunks runs in the store's own scope, so that a caller that goes
// away (a link that breaks) cannot leave it half done.
//
// A damaged chunk has a row of its own, and no other. Memory: damaged chunks, chunks being received, turns in
// use, reservations, the leaves of the chunks read last; nothing else for a chunk that is held.
#pragma once

#include "store/address_turns.hpp"
#include "store/capacity_ledger.hpp"
#include "store/chunk_facts.hpp"
#include "store/chunk_file.hpp"
#include "store/deleted_rows.hpp"
#include "store/incoming_chunk.hpp"
#include "store/quarantine.hpp"
#include "store/recent_leaves.hpp"
#include "store/recovery.hpp"
#include "store/trash.hpp"

#include <peerstore/runtime/scope.hpp>
#include <peerstore/store/chunk_store.hpp>

namespace peerstore::store {

class ChunkStoreOnDisk final : public ChunkStore {
 public:
  ChunkStoreOnDisk(Clock& clock, Disk& disk, KeyValue& facts, Workers& workers, Options options);

  // To be called once, before anything else.
  Task<Result<void>> recover();

  Result<std::uint64_t> reserve(std::uint64_t bytes) override;
  Task<Result<std::vector<std::uint32_t>>> begin(HeldChunk chunk, Terms terms) override;
  Task<Result<void>> put_segment(wire::ChunkAddress address, std::uint32_t index, SharedBytes data) override;
  std::optional<wire::ChunkHeader> receiving(const wire::ChunkAddress& address) const override;
  Task<Result<std::vector<std::uint32_t>>> salvage(wire::ChunkAddress address) override;
  Task<Result<void>> commit(wire::ChunkAddress address) override;

  Task<Result<SharedBytes>> read_segment(wire::ChunkAddress address, std::uint32_t index) override;
  Task<Result<HeldChunk>> describe(wire::ChunkAddress address) override;
  std::optional<ChunkFacts> find(const wire::ChunkAddress& address) override;
  Result<void> for_each(const std::function<bool(const ChunkFacts&)>& visit) override;
  Result<std::vector<ChunkFacts>> in_folder(unsigned first_byte) override;
  std::optional<ChunkFacts> find_damaged(const wire::ChunkAddress& address) override;
  std::vector<ChunkFacts> damaged() const override;
  Task<Result<void>> recheck(wire::ChunkAddress address) override;
  Task<Result<void>> check_names(unsigned first_byte) override;
  void on_change(OnChange callback) override { on_change_ = std::move(callback); }
  Task<Result<void>> remove(wire::ChunkAddress address) override;
  Task<Result<void>> discard(wire::Deletion deletion) override;
  std::optional<wire::Deletion> deletion_of(const wire::ChunkAddress& address) override;
  std::optional<ChunkFacts> find_trashed(const wire::ChunkAddress& address) override;
  Task<Result<void>> sweep_trash() override;

  void set_capacity(std::uint64_t bytes) override { ledger_.set_capacity(bytes); }
  Task<Result<void>> measure_disk() override;
  Usage usage() const override;
  std::uint64_t bytes_of(wire::PersonNumber owner) const override;

 private:
  using Incoming = std::map<wire::ChunkAddress, IncomingChunk>;

  // Runs `change` in the store's scope: it goes on to its end even if the caller is dropped.
  Task<Result<void>> run_to_its_end(Task<Result<void>> change);
  Task<Result<void>> commit_in_turn(wire::ChunkAddress address);
  Task<Result<void>> remove_in_turn(wire::ChunkAddress address);
  // After a read failed: looks again. Success means that it reads well now. Otherwise the error
  // for the reader; a chunk that is missing or damaged is no longer held when it returns.
  Task<Result<void>> examine_in_turn(wire::ChunkAddress address, std::optional<std::uint32_t> index);

  // The chunk being received: the one that is there already, or a new one. The caller has the turn.
  Result<Incoming::iterator> admit(const wire::ChunkAddress& address, HeldChunk chunk, const Terms& terms,
                                   CapacityLedger::Purpose purpose);
  // Drops a chunk being received, with its file. The caller has the turn.
  Task<void> give_up(Incoming::iterator chunk, Published progress);
  void forget(Incoming::iterator chunk, bool file_is_gone);
  // Chunks being received that nobody touched for so long, or has the turn of. Whether there were any.
  // Blocking, but quick and rare: one unlink for each chunk that was abandoned.
  bool drop_idle_writes(Duration life);
  // The one that gives its place up for a chunk of `owner`, when there is none left; end() if none does.
  Incoming::iterator makes_way_for(wire::PersonNumber owner);
  // As give_up(), but at once. Nobody has the turn.
  void drop(Incoming::iterator chunk);

  struct DamagedChunk {
    ChunkFacts facts;
    Flaws flaws;  // those known; none after a start
  };
  using Damaged = std::map<wire::ChunkAddress, DamagedChunk>;
  Task<Result<void>> recheck_in_turn(wire::ChunkAddress address);
  // The caller has the turn.
  Task<Result<void>> recheck_file(wire::ChunkAddress address);
  // A chunk that nothing was known of until now. It is in its place.
  Result<void> add_damaged(const ChunkFacts& facts, const Flaws& flaws);
  void erase_damaged(Damaged::iterator chunk);
  Task<std::optional<Result<SharedBytes>>> read_damaged(wire::ChunkAddress address, std::uint32_t index);
  Task<std::optional<Result<HeldChunk>>> describe_damaged(wire::ChunkAddress address);
  // The file that is in the way of a chunk that was received anew.
  Task<Result<std::optional<QuarantinedFile>>> set_damaged_aside(wire::ChunkAddress address);
  void bury_damaged(const wire::ChunkAddress& address, const std::optional<QuarantinedFile>& aside);
  Task<void> take_back(QuarantinedFile file);
  // Takes back what is the only trace of its chunk here.
  Task<void> look_at_strays();
  Task<void> look_at_stray(QuarantinedFile file);
  Task<void> empty_quarantine();
  // Whether it made room. Blocking, but quick and rare.
  bool drop_healed();
  bool make_room();

  Task<Result<void>> recover_deleted();
  Task<Result<void>> discard_in_turn(wire::Deletion deletion);
  Task<ChunkFacts> by_the_file(ChunkFacts facts);
  Task<Result<void>> into_trash(ChunkFacts facts);
  Task<void> leave_trash(TrashedChunk chunk);
  Task<Result<void>> sweep();
  Task<Result<SharedBytes>> read_held(wire::ChunkAddress address, std::uint32_t index);
  Task<Result<SharedBytes>> read_trashed(wire::ChunkAddress address, std::uint32_t index);
  Task<Result<HeldChunk>> describe_trashed(wire::ChunkAddress address);
  Result<void> is_wanted(const wire::ChunkAddress& address, const wire::Lease& lease);

  // A file of this chunk came, or went.
  void charge(const wire::ChunkHeader& header);
  void discharge(const wire::ChunkHeader& header);

  // Both for a held chunk, by who has the turn; they return the error for the reader.
  Error note_damage(const ChunkFacts& facts, std::optional<std::uint32_t> index, const Error& damage);
  Error forget_missing(const ChunkFacts& facts);

  Clock& clock_;
  Disk& disk_;
  ChunkFactsRows rows_;
  DeletedRows deleted_;
  TrashCalendar calendar_;
  Workers& workers_;
  std::size_t writes_at_once_;
  Duration idle_life_;  // of a chunk being received that nobody touches
  CapacityLedger ledger_;
  std::map<wire::PersonNumber, std::uint64_t> bytes_by_owner_;  // held, in the trash, being received
  AddressTurns turns_;
  Incoming incoming_;
  Damaged damaged_;
  // The sizes of files in their places of which nothing else is known.
  std::map<wire::ChunkAddress, std::uint64_t> unread_;
  RecentLeaves recent_leaves_;
  ChunkFolderSet folder_is_durable_{};
  OnChange on_change_ = [](const ChunkFacts&, Change) {};
  TaskScope changes_;  // last: its tasks refer to all of the above
};

}  // namespace peerstore::store
