// ContentReader: a file's content out of the vault, piece by piece, in order and verified. The next
// few pieces are always on their way, also while the one before them is written; the same piece again, as
// holes are full of, is fetched and verified once.
#pragma once

#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

#include "tree_reader.hpp"

#include <deque>
#include <memory>

namespace peerstore::drive {

class ContentReader {
 public:
  // `size` is what the file's entry says. The vault outlives the reader.
  ContentReader(Clock& clock, vault::Vault& vault, BlobList content, std::uint64_t size)
      : clock_(clock), vault_(vault), content_(std::move(content)), left_(size), fetching_(clock) {}

  // Empty after the last. Errc::corrupt if the pieces together are not as long as the file.
  Task<Result<SharedBytes>> next();

 private:
  using Piece = OneShot<Result<SharedBytes>>;

  Task<Result<void>> expand();
  Task<void> fetch(vault::BlobId id, Piece& piece);

  Clock& clock_;
  vault::Vault& vault_;
  BlobList content_;
  std::uint64_t left_;
  bool expanded_ = false;
  std::vector<vault::BlobId> ids_;
  std::size_t next_id_ = 0;
  std::deque<std::unique_ptr<Piece>> ahead_;  // in order; null is the one before it again
  SharedBytes latest_;
  TaskScope fetching_;
};

}  // namespace peerstore::drive
