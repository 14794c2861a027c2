#include "tree_reader.hpp"

#include "remote_path.hpp"

namespace peerstore::drive {

namespace {

// A blob of a tree that nobody has does not mean that the folder has no such name.
Task<Result<SharedBytes>> get_tree_blob(vault::Vault& vault, vault::BlobId id) {
  auto blob = co_await vault.get(vault::BlobKind::tree, id);
  if (!blob && blob.error().code == Errc::not_found) {
    co_return fail(Errc::corrupt, "a part of this folder's listing is lost: " + blob.error().context);
  }
  co_return blob;
}

}  // namespace

Task<Result<std::vector<vault::BlobId>>> read_blob_list(vault::Vault& vault, BlobList list,
                                                        std::function<void(const vault::BlobId&)> visit) {
  for (; list.level > 0; --list.level) {
    std::vector<vault::BlobId> below;
    for (const vault::BlobId& id : list.ids) {
      if (visit) visit(id);
      const auto blob = co_await get_tree_blob(vault, id);
      if (!blob) co_return blob.error();
      const auto ids = decode_list_blob(blob->view());
      if (!ids) co_return ids.error();
      below.insert(below.end(), ids->begin(), ids->end());
    }
    list.ids = std::move(below);
  }
  co_return std::move(list.ids);
}

Task<Result<std::vector<TreeEntry>>> ListingReader::next() {
  if (!expanded_) {
    auto parts = co_await read_blob_list(vault_, std::move(list_));
    if (!parts) co_return parts.error();
    parts_ = std::move(*parts);
    expanded_ = true;
  }
  if (next_ == parts_.size()) co_return std::vector<TreeEntry>();
  const auto blob = co_await get_tree_blob(vault_, parts_[next_]);
  if (!blob) co_return blob.error();
  auto entries = decode_listing_part(blob->view());
  if (!entries) co_return entries.error();
  if (entries->empty() || entries->front().name <= last_name_) {
    co_return fail(Errc::corrupt, "folder listing out of order");
  }
  last_name_ = entries->back().name;
  ++next_;
  co_return entries;
}

// Parts and names rise: a part tells on which side of it the name is.
Task<Result<std::optional<TreeEntry>>> find_in_folder(vault::Vault& vault, BlobList folder,
                                                      std::string name) {
  const auto parts = co_await read_blob_list(vault, std::move(folder));
  if (!parts) co_return parts.error();
  std::size_t first = 0;
  std::size_t end = parts->size();
  while (first < end) {
    const std::size_t middle = first + (end - first) / 2;
    const auto blob = co_await get_tree_blob(vault, (*parts)[middle]);
    if (!blob) co_return blob.error();
    auto entries = decode_listing_part(blob->view());
    if (!entries) co_return entries.error();
    if (entries->empty()) co_return fail(Errc::corrupt, "folder listing with nothing in it");
    if (name < entries->front().name) {
      end = middle;
    } else if (name > entries->back().name) {
      first = middle + 1;
    } else {
      for (TreeEntry& entry : *entries) {
        if (entry.name == name) co_return std::optional<TreeEntry>(std::move(entry));
      }
      co_return std::optional<TreeEntry>();
    }
  }
  co_return std::optional<TreeEntry>();
}

Task<Result<TreeEntry>> find_path(vault::Vault& vault, BlobList root, std::string path) {
  TreeEntry at;
  at.facts.kind = FileKind::folder;
  at.facts.mode = 0755;
  at.content = std::move(root);
  std::string walked;
  for (const std::string& name : path_parts(path)) {
    walked = join(walked, name);
    if (at.facts.kind != FileKind::folder) co_return fail(Errc::not_found, walked);
    auto found = co_await find_in_folder(vault, std::move(at.content), name);
    if (!found) co_return found.error_in(walked);
    if (!*found) co_return fail(Errc::not_found, walked + " is not in this snapshot");
    at = std::move(**found);
  }
  co_return at;
}

}  // namespace peerstore::drive
