// Reading listings and lists of blobs back from the vault.
#pragma once

#include <peerstore/vault/vault.hpp>

#include "tree.hpp"

#include <optional>

namespace peerstore::drive {

// A drive's folders may be nested this deep; more is not a path that a system could have.
inline constexpr std::size_t kFolderDepthMax = 4096;

// All ids of the list, from however many levels. `visit`, if there is one, is told of each blob
// that holds a part of the list itself.
Task<Result<std::vector<vault::BlobId>>> read_blob_list(vault::Vault& vault, BlobList list,
                                                        std::function<void(const vault::BlobId&)> visit = {});

// The entries of one folder, part by part, in order of their names.
class ListingReader {
 public:
  ListingReader(vault::Vault& vault, BlobList list) : vault_(vault), list_(std::move(list)) {}

  // The entries of the next part; none after the last.
  Task<Result<std::vector<TreeEntry>>> next();
  // The blob that the last next() was read from.
  const vault::BlobId& part() const { return parts_[next_ - 1]; }

 private:
  vault::Vault& vault_;
  BlobList list_;
  bool expanded_ = false;
  std::vector<vault::BlobId> parts_;
  std::size_t next_ = 0;
  std::string last_name_;
};

// The entry of that name, if the folder has it.
Task<Result<std::optional<TreeEntry>>> find_in_folder(vault::Vault& vault, BlobList folder, std::string name);
// The entry at the path below `root`. Errc::not_found names the first part that is missing, and is never said
// of a listing that cannot be read.
Task<Result<TreeEntry>> find_path(vault::Vault& vault, BlobList root, std::string path);

}  // namespace peerstore::drive
