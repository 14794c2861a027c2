// SnapshotRecord: one state of a person's drive, as a record in the index log of the machine that
// made it.
#pragma once

#include <peerstore/drive/drive.hpp>

#include "tree.hpp"

#include <optional>

namespace peerstore::drive {

struct SnapshotRecord {
  std::int64_t taken_ns = 0;
  std::uint32_t machine = 0;
  std::uint64_t files = 0;
  std::uint64_t folders = 0;
  std::uint64_t symlinks = 0;
  std::uint64_t skipped = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> roots;  // remote paths
  BlobList tree;                   // the listing of the top
  bool operator==(const SnapshotRecord&) const = default;
};

// As people see it.
Snapshot as_snapshot(const std::string& id, const SnapshotRecord& record);

Bytes encode(const SnapshotRecord& record);
// Nothing if it is a record of another kind, which a later version may know.
Result<std::optional<SnapshotRecord>> decode_snapshot_record(ByteView bytes);

// Ids of snapshots that are forgotten, whichever machine made them.
Bytes encode_forgotten(const std::vector<std::string>& ids);
// None if it is a record of another kind.
Result<std::vector<std::string>> decode_forgotten(ByteView bytes);

// Packs, by their chunk of class 0, of which nobody had all any more, or which were lost by an earlier
// finding and are whole after all. Of each pack the newest finding of all machines counts.
struct PackFinding {
  std::int64_t found_ns = 0;
  bool is_lost = false;
  std::vector<wire::ChunkAddress> packs;
  bool operator==(const PackFinding&) const = default;
};
Bytes encode(const PackFinding& finding);
// Nothing if it is a record of another kind.
Result<std::optional<PackFinding>> decode_finding(ByteView bytes);

// Its id for people, from its encoded form: 16 hexadecimal digits.
std::string snapshot_id(ByteView encoded_record);

}  // namespace peerstore::drive
