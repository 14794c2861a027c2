// StandingRun: how safe every file of the drive is now, from what the ring says about the packs.
//
// The packs are asked about once, a few hundred chunks at a time; then the trees are walked, and
// each file is as safe as the worst pack that it, or the listings on the way to it, lie in.
#pragma once

#include <peerstore/drive/drive.hpp>

#include "snapshot_record.hpp"
#include "tree_reader.hpp"

#include <climits>
#include <functional>
#include <map>
#include <set>

namespace peerstore::drive {

class StandingRun {
 public:
  using Each = std::function<void(const FileStanding&)>;

  // References must outlive this. `each`, if there is one, is told of every file.
  StandingRun(replica::ChunkSpace& space, vault::Vault& vault, Each each)
      : space_(space), vault_(vault), each_(std::move(each)) {}

  // Before all else.
  Task<Result<void>> ask_all();

  // A whole snapshot. What is in a folder whose listing cannot be read is known by number.
  Task<void> add_all(SnapshotRecord snapshot);
  // What a tree has at a path, but for what lies elsewhere.
  struct View {
    BlobList tree;
    std::string path;
    std::set<std::string> elsewhere;
  };
  Task<void> add(View view);
  // What was found since the last time.
  DriveStanding take();

 private:
  // The worst of some pieces.
  struct Worst {
    FileState state = FileState::safe;
    unsigned copies = UINT_MAX;  // known of, with distinct persons, of the piece that has fewest
    unsigned online = UINT_MAX;
    std::set<std::size_t> unreachable;  // packs, by their numbers in packs_
    void add(const Worst& other);
  };
  // The names on the way to what is looked at, and what is left out of it.
  struct Scope {
    std::vector<std::string> names;
    std::set<std::string> elsewhere;
  };

  Task<Result<void>> ask(std::vector<vault::PackRow> packs);
  Worst judge(const replica::ChunkStanding& standing, std::size_t pack);
  Worst of_blob(const vault::BlobId& id) const;
  Task<void> walk(BlobList folder, std::string path, Worst above, std::size_t depth, const Scope& scope);
  Task<void> count_file(BlobList content, std::uint64_t bytes, std::string path, Worst worst);
  void count_unread(const BlobList& folder, const std::string& path, Worst worst);
  void count(FileState state, std::uint64_t files);
  void tell(FileStanding file, const Worst& worst);
  const std::vector<std::string>& names_waited_for(const std::set<std::size_t>& packs);

  replica::ChunkSpace& space_;
  vault::Vault& vault_;
  Each each_;
  std::vector<Worst> packs_;  // by their numbers in the index, then those of the index itself
  std::size_t index_begins_ = 0;
  std::map<std::size_t, std::set<std::string>> waiting_for_;  // by packs
  std::set<std::size_t> packs_asked_last_;  // names_waited_for(): one file after another lies in the same
  std::vector<std::string> names_told_last_;

  DriveStanding standing_;
  Worst worst_;                                // of all since the last take()
  FileState worst_listing_ = FileState::safe;  // of those that could not be read
};

}  // namespace peerstore::drive
