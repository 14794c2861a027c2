#include "tree_writer.hpp"

#include <algorithm>

namespace peerstore::drive {

namespace {

Task<Result<vault::BlobId>> write_tree_blob(vault::Vault& vault, Bytes content) {
  const vault::BlobId id = vault::blob_id(vault.keys(), vault::BlobKind::tree, content);
  const auto kept = co_await vault.put(vault::BlobKind::tree, id, content, 0);
  if (!kept) co_return kept.error();
  co_return id;
}

}  // namespace

Task<Result<BlobList>> write_blob_list(vault::Vault& vault, std::vector<vault::BlobId> ids) {
  BlobList list;
  list.ids = std::move(ids);
  while (list.ids.size() > kInlineIdsMax) {
    if (list.level == kListLevelsMax) co_return fail(Errc::full, "more blobs than a list can name");
    std::vector<vault::BlobId> above;
    const std::span<const vault::BlobId> all(list.ids);
    for (std::size_t at = 0; at < all.size(); at += kListIdsMax) {
      const auto id = co_await write_tree_blob(
          vault, encode_list_blob(all.subspan(at, std::min(kListIdsMax, all.size() - at))));
      if (!id) co_return id.error();
      above.push_back(*id);
    }
    list.ids = std::move(above);
    ++list.level;
  }
  co_return list;
}

Task<Result<void>> ListingWriter::add(TreeEntry entry) {
  const bool may_end = cutter_.cuts_after(entry.name);
  const Bytes encoded = encode(entry);
  part_.insert(part_.end(), encoded.begin(), encoded.end());
  ++entries_;
  const bool ends = part_.size() >= (may_end ? kListingPartBytesMin : kListingPartBytesMax);
  if (!ends) co_return Result<void>();
  co_return co_await end_part();
}

Task<Result<void>> ListingWriter::end_part() {
  const auto id = co_await write_tree_blob(vault_, encode_listing_part(entries_, part_));
  if (!id) co_return id.error();
  parts_.push_back(*id);
  part_.clear();
  entries_ = 0;
  co_return Result<void>();
}

Task<Result<BlobList>> ListingWriter::finish() {
  if (entries_ > 0) {
    const auto ended = co_await end_part();
    if (!ended) co_return ended.error();
  }
  co_return co_await write_blob_list(vault_, std::move(parts_));
}

}  // namespace peerstore::drive
