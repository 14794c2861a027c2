#include "content_reader.hpp"

namespace peerstore::drive {

namespace {
constexpr std::size_t kBlobsAtOnce = 6;
}  // namespace

Task<Result<void>> ContentReader::expand() {
  auto ids = co_await read_blob_list(vault_, std::move(content_));
  if (!ids) co_return ids.error();
  ids_ = std::move(*ids);
  expanded_ = true;
  co_return Result<void>();
}

Task<void> ContentReader::fetch(vault::BlobId id, Piece& piece) {
  auto blob = co_await vault_.get(vault::BlobKind::data, id);
  piece.set(std::move(blob));
}

Task<Result<SharedBytes>> ContentReader::next() {
  if (!expanded_) {
    const auto done = co_await expand();
    if (!done) co_return done.error();
  }
  for (; ahead_.size() < kBlobsAtOnce && next_id_ < ids_.size(); ++next_id_) {
    const bool again = next_id_ > 0 && ids_[next_id_] == ids_[next_id_ - 1];
    ahead_.push_back(again ? nullptr : std::make_unique<Piece>(clock_));
    if (!again) fetching_.spawn(fetch(ids_[next_id_], *ahead_.back()));
  }
  std::uint64_t size = 0;
  SharedBytes content;
  if (!ahead_.empty()) {
    if (ahead_.front() != nullptr) {
      auto piece = co_await *ahead_.front();
      if (!piece) co_return piece.error();
      latest_ = std::move(*piece);
    }
    ahead_.pop_front();
    content = latest_;
    size = content.size();
  }
  if (size > left_ || (size == 0 && left_ > 0)) {
    co_return fail(Errc::corrupt, "its pieces together are not as long as the file");
  }
  left_ -= size;
  co_return content;
}

}  // namespace peerstore::drive
