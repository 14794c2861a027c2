#include "restore_target.hpp"

#include "remote_path.hpp"

#include <algorithm>

namespace peerstore::drive {

// The target and the folders above it: the person's own choice, so links above it are followed.
Result<void> RestoreTarget::make_folders(const std::string& path) {
  const auto facts = files_.facts(path);
  if (facts && facts->kind == FileKind::folder) return {};
  if (facts) return fail(Errc::refused, path + ": is not a folder");
  if (facts.error().code != Errc::not_found) return facts.error();
  const std::size_t slash = path.find_last_of('/', path.find_last_not_of('/'));
  if (slash != std::string::npos && slash > 0) {
    if (auto above = make_folders(path.substr(0, slash)); !above) return above;
  }
  return files_.make_folder(path);
}

Result<void> RestoreTarget::begin() {
  if (auto made = make_folders(path_); !made) return made;
  const auto names = files_.list(path_);
  if (!names) return names.error();
  is_ours_ = names->empty() || std::find(names->begin(), names->end(), kUnfinishedMark) != names->end();
  if (!names->empty()) return {};
  auto mark = files_.create(join(path_, kUnfinishedMark), false);
  if (!mark) return mark.error();
  FileFacts facts;
  facts.mode = 0600;
  const auto finished = (*mark)->finish(facts, {}, Durable::later);
  if (!finished) return finished.error();
  // After the power failed what is there may be half on the disk: then this has to be there, too.
  return files_.sync(path_);
}

Result<void> RestoreTarget::finish() {
  if (auto synced = files_.sync(path_); !synced) return synced;
  if (is_ours_) (void)files_.remove_file(join(path_, kUnfinishedMark));
  return {};
}

}  // namespace peerstore::drive
