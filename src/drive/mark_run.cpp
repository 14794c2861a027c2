#include "mark_run.hpp"

#include "remote_path.hpp"

namespace peerstore::drive {

bool is_away(const Error& error) {
  return error.code == Errc::unreachable || error.code == Errc::timed_out || error.code == Errc::busy;
}

void MarkRun::wrong(const std::string& path, const Error& error) {
  ++(is_away(error) ? unreachable_ : problems_);
  // What is damaged weighs more than who sleeps.
  if (!gap_ || (is_away(*gap_) && !is_away(error))) gap_ = path.empty() ? error : error.in(path);
  problem_(path, error);
}

bool MarkRun::mark(const vault::BlobId& id, const std::string& path) {
  if (!used_.insert(id).second) return false;
  if (vault_.index().find_anywhere(id) != nullptr) return true;
  wrong(path, fail(Errc::not_found, "blob " + to_hex(id.view().first(4)) + " is not in the index"));
  return false;
}

Task<Result<void>> MarkRun::add(SnapshotRecord snapshot) {
  co_await folder(std::move(snapshot.tree), "", 0);
  if (cancelled_) co_return fail(Errc::cancelled, "stopped");
  co_return Result<void>();
}

Task<void> MarkRun::folder(BlobList list, std::string path, std::size_t depth) {
  if (depth > kFolderDepthMax) {
    wrong(path, fail(Errc::corrupt, "folders without end"));
    co_return;
  }
  ++folders_;
  const auto see = [&](const vault::BlobId& id) { mark(id, path); };
  const auto parts = co_await read_blob_list(vault_, std::move(list), see);
  if (!parts) {
    wrong(path, parts.error());
    co_return;
  }
  for (const vault::BlobId& part : *parts) {
    if (cancelled_) co_return;
    if (!mark(part, path)) continue;
    const auto blob = co_await vault_.get(vault::BlobKind::tree, part);
    auto entries = blob ? decode_listing_part(blob->view()) : Result<std::vector<TreeEntry>>(blob.error());
    if (!entries) {
      wrong(path, entries.error());
      continue;
    }
    for (TreeEntry& entry : *entries) {
      if (cancelled_) co_return;
      std::string at = join(path, entry.name);
      if (entry.facts.kind == FileKind::folder) {
        co_await folder(std::move(entry.content), std::move(at), depth + 1);
      } else if (entry.facts.kind == FileKind::file) {
        co_await file(std::move(entry), std::move(at));
      }
    }
  }
}

Task<void> MarkRun::file(TreeEntry entry, std::string path) {
  ++files_;
  std::vector<vault::BlobId> ids;
  if (entry.content.level == 0) {
    ids = std::move(entry.content.ids);
  } else {
    const auto see = [&](const vault::BlobId& id) { mark(id, path); };
    auto all = co_await read_blob_list(vault_, std::move(entry.content), see);
    if (!all) {
      wrong(path, all.error());
      co_return;
    }
    ids = std::move(*all);
  }
  std::uint64_t size = 0;
  for (const vault::BlobId& id : ids) {
    mark(id, path);
    const vault::BlobPlace* const place = vault_.index().find_anywhere(id);
    if (place == nullptr) co_return;
    size += place->length;
  }
  if (size != entry.facts.size) {
    wrong(path, fail(Errc::corrupt, "its pieces together are not as long as the file"));
  }
}

}  // namespace peerstore::drive
