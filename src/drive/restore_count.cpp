#include "restore_count.hpp"

#include "remote_path.hpp"

#include <utility>
#include <vector>

namespace peerstore::drive {

Amount& Amount::operator+=(const Amount& more) {
  files += more.files;
  bytes += more.bytes;
  return *this;
}

Task<Result<Amount>> count_below(vault::Vault& vault, BlobList content, std::string path,
                                 std::set<std::string> elsewhere) {
  struct Folder {
    BlobList content;
    std::string path;
  };
  Amount amount;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;  // device and inode
  std::vector<Folder> folders;
  folders.push_back({std::move(content), std::move(path)});
  while (!folders.empty()) {
    const Folder folder = std::move(folders.back());
    folders.pop_back();
    ListingReader listing(vault, folder.content);
    while (true) {
      auto entries = co_await listing.next();
      if (!entries) co_return entries.error();
      if (entries->empty()) break;
      for (TreeEntry& entry : *entries) {
        const FileFacts& facts = entry.facts;
        std::string at = join(folder.path, entry.name);
        if (elsewhere.contains(at)) continue;
        if (facts.kind == FileKind::folder) folders.push_back({std::move(entry.content), std::move(at)});
        if (facts.kind != FileKind::file) continue;
        ++amount.files;
        const bool is_again = facts.links > 1 && !seen.emplace(facts.device, facts.inode).second;
        if (!is_again) amount.bytes += facts.size;
      }
    }
  }
  co_return amount;
}

}  // namespace peerstore::drive
