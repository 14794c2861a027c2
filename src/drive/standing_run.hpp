// StandingRun: how safe every file of the drive is now, from what the ring says about the packs.
//
// The packs are asked about once, a few hundred chunks at a time; then the trees are walked, and
// each file is as safe as the worst pack that it, or the listings on the way to it, lie in.
#pragma once

#include <peerstore/drive/drive.hpp>

#include "snapshot_record.hpp"
#include "tree_reader.hpp"

#include <set>

namespace peerstore::drive {

class StandingRun {
 public:
  StandingRun(replica::ChunkSpace& space, vault::Vault& vault) : space_(space), vault_(vault) {}

  // Over these snapshots together.
  Task<Result<DriveStanding>> run(std::vector<SnapshotRecord> snapshots);

 private:
  // From best to worst.
  enum class State : std::uint8_t { safe, at_risk, unreachable, lost };

  Task<Result<std::vector<State>>> ask(std::vector<vault::PackRow> packs);
  State judge(const replica::ChunkStanding& standing);
  State state_of(const vault::BlobId& id) const;
  Task<void> walk(BlobList folder, State above, std::size_t depth);
  Task<State> file_state(BlobList content, State above);
  void count(State state, std::uint64_t files);

  replica::ChunkSpace& space_;
  vault::Vault& vault_;
  std::vector<State> packs_;  // by their numbers in the index
  std::set<std::string> waiting_for_;
  DriveStanding standing_;
  std::uint64_t counted_ = 0;
  State worst_listing_ = State::safe;  // of those that could not be read
};

}  // namespace peerstore::drive
