// Writing lists of blobs and listings of folders into the vault, part by part, so that no folder
// and no file is too large for memory.
#pragma once

#include <peerstore/vault/cutter.hpp>
#include <peerstore/vault/vault.hpp>

#include "tree.hpp"

namespace peerstore::drive {

// The list as an entry can hold it: what does not fit goes into blobs.
Task<Result<BlobList>> write_blob_list(vault::Vault& vault, std::vector<vault::BlobId> ids);

class ListingWriter {
 public:
  ListingWriter(vault::Vault& vault, const vault::Cutter& cutter) : vault_(vault), cutter_(cutter) {}

  // In byte order of the names.
  Task<Result<void>> add(TreeEntry entry);
  // The parts of the listing; to be called once, at the end.
  Task<Result<BlobList>> finish();

 private:
  Task<Result<void>> end_part();

  vault::Vault& vault_;
  const vault::Cutter& cutter_;
  Bytes part_;
  std::uint32_t entries_ = 0;
  std::vector<vault::BlobId> parts_;
};

}  // namespace peerstore::drive
