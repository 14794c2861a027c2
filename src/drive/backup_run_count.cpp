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
  std::vector<std::string> folders;
  std::set<FileKey> seen;
  // What is wrong with a file or folder is said when it is read.
  const auto take = [&](std::string at, const Result<FileFacts>& facts) {
    if (!facts) return;
    const bool again = (facts->kind == FileKind::folder || facts->links > 1) && facts->inode != 0 &&
                       !seen.emplace(facts->device, facts->inode).second;
    if (facts->kind == FileKind::file) {
      ++progress_.files_total;
      if (!again) progress_.bytes_total += facts->size;
    } else if (facts->kind == FileKind::folder && !again && may_enter(*facts)) {
      folders.push_back(std::move(at));
    }
  };
  const auto look = [&] { return environment_.files.facts(path); };
  const auto first = co_await environment_.workers.run(look);
  if (first) root_device_ = first->device;
  take(path, first);
  while (!folders.empty()) {
    const auto pause = co_await pause_();
    if (!pause) co_return pause.error();
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    const auto list = [&] { return environment_.files.list(folder); };
    const auto names = co_await environment_.workers.run(list);
    if (!names) continue;
    for (std::size_t next = 0; next < names->size();) {
      const auto look_below = [&] {
        std::vector<std::string> some;
        for (; next < names->size() && some.size() < kCountedAtOnce; ++next) some.push_back((*names)[next]);
        auto found = read_facts(environment_.files, folder, std::move(some));
        std::erase_if(found, [&](const NamedFacts& item) {
          return item.facts && is_excluded(join(folder, item.name), item.facts->kind);
        });
        return found;
      };
      const auto below = co_await environment_.workers.run(look_below);
      for (const NamedFacts& item : below) take(join(folder, item.name), item.facts);
    }
  }
  co_return Result<void>();
}

}  // namespace peerstore::drive
