// How much there is to be done, for the progress.
#include "backup_run.hpp"

#include <algorithm>

namespace peerstore::drive {

namespace {
constexpr std::size_t kCountedAtOnce = 4096;  // names of a folder
}  // namespace

void BackupRun::expect(std::uint64_t files, std::uint64_t bytes) {
  progress_.files_total = files;
  progress_.bytes_total = bytes;
  is_estimate_ = true;
  report();
}

Task<Result<void>> BackupRun::count(RootTree roots) {
  for (const std::string& root : roots.roots()) {
    const auto counted = co_await count_below(join("/", root));
    if (!counted) co_return counted.error();
  }
  report();
  co_return Result<void>();
}

Task<Result<void>> BackupRun::count_below(std::string path) {
  struct Folder {
    std::string path;
    std::uint64_t device = 0;         // of the root
    const RootTree* named = nullptr;  // what alone counts of it, if not all
  };
  std::vector<Folder> folders;
  std::set<FileKey> seen;
  // What is wrong with a file or folder is said when it is read.
  const auto take = [&](std::string at, std::uint64_t device, const Result<FileFacts>& facts) {
    if (!facts) return;
    const bool again = (facts->kind == FileKind::folder || facts->links > 1) && facts->inode != 0 &&
                       !seen.emplace(facts->device, facts->inode).second;
    if (facts->kind == FileKind::file) {
      ++progress_.files_total;
      if (!again) progress_.bytes_total += facts->size;
    } else if (facts->kind == FileKind::folder && !again) {
      const RootTree* const named = named_at(at);
      const bool is_root = named != nullptr && named->is_root;
      const bool is_near = is_root || !options_.one_file_system || facts->device == device;
      const bool only_way = is_only_way(named, at, is_near);
      if (!is_near && !only_way) return;
      folders.push_back({std::move(at), is_root ? facts->device : device, only_way ? named : nullptr});
    }
  };
  const auto look = [&] { return environment_.files.facts(path); };
  const auto first = co_await environment_.workers.run(look);
  take(path, first ? first->device : 0, first);
  while (!folders.empty()) {
    const auto pause = co_await pause_();
    if (!pause) co_return pause.error();
    const Folder at = std::move(folders.back());
    const std::string& folder = at.path;
    folders.pop_back();
    const auto list = [&]() -> Result<std::vector<std::string>> {
      if (at.named == nullptr) return environment_.files.list(folder);
      std::vector<std::string> names;
      for (const auto& [name, below] : at.named->below) names.push_back(name);
      return names;
    };
    const auto names = co_await environment_.workers.run(list);
    if (!names) continue;
    for (std::size_t next = 0; next < names->size();) {
      const auto look_below = [&] {
        std::vector<std::string> some;
        for (; next < names->size() && some.size() < kCountedAtOnce; ++next) some.push_back((*names)[next]);
        auto found = read_facts(environment_.files, folder, std::move(some));
        std::erase_if(found, [&](const NamedFacts& item) {
          const std::string path = join(folder, item.name);
          return item.facts && is_excluded(path, item.facts->kind) && named_at(path) == nullptr;
        });
        return found;
      };
      const auto below = co_await environment_.workers.run(look_below);
      for (const NamedFacts& item : below) take(join(folder, item.name), at.device, item.facts);
    }
  }
  co_return Result<void>();
}

}  // namespace peerstore::drive
