// ContentReader: a file's content out of the vault, piece by piece, in order and verified. A few
// pieces are fetched side by side.
#pragma once

#include "tree_reader.hpp"

#include <deque>

namespace peerstore::drive {

class ContentReader {
 public:
  // `size` is what the file's entry says. The vault outlives the reader.
  ContentReader(Clock& clock, vault::Vault& vault, BlobList content, std::uint64_t size)
      : clock_(clock), vault_(vault), content_(std::move(content)), left_(size) {}

  // Empty after the last. Errc::corrupt if the pieces together are not as long as the file.
  Task<Result<SharedBytes>> next();

 private:
  Task<Result<void>> fetch();

  Clock& clock_;
  vault::Vault& vault_;
  BlobList content_;
  std::uint64_t left_;
  bool expanded_ = false;
  std::vector<vault::BlobId> ids_;
  std::size_t next_id_ = 0;
  std::deque<SharedBytes> ready_;
};

}  // namespace peerstore::drive
