#include "content_reader.hpp"

#include <peerstore/runtime/combine.hpp>

#include <algorithm>

namespace peerstore::drive {

namespace {
constexpr std::size_t kBlobsAtOnce = 4;
}  // namespace

Task<Result<void>> ContentReader::fetch() {
  if (!expanded_) {
    auto ids = co_await read_blob_list(vault_, std::move(content_));
    if (!ids) co_return ids.error();
    ids_ = std::move(*ids);
    expanded_ = true;
  }
  std::vector<Task<Result<SharedBytes>>> gets;
  const std::size_t end = std::min(next_id_ + kBlobsAtOnce, ids_.size());
  for (; next_id_ < end; ++next_id_) gets.push_back(vault_.get(vault::BlobKind::data, ids_[next_id_]));
  const auto blobs = co_await when_all(clock_, std::move(gets));
  for (const auto& blob : blobs) {
    if (!blob) co_return blob.error();
    ready_.push_back(*blob);
  }
  co_return Result<void>();
}

Task<Result<SharedBytes>> ContentReader::next() {
  if (ready_.empty()) {
    const auto fetched = co_await fetch();
    if (!fetched) co_return fetched.error();
  }
  const std::uint64_t size = ready_.empty() ? 0 : ready_.front().size();
  if (size > left_ || (size == 0 && left_ > 0)) {
    co_return fail(Errc::corrupt, "its pieces together are not as long as the file");
  }
  if (size == 0) co_return SharedBytes();
  left_ -= size;
  SharedBytes piece = std::move(ready_.front());
  ready_.pop_front();
  co_return piece;
}

}  // namespace peerstore::drive
