#include "restore_target.hpp"

#include <peerstore/crypto/hash.hpp>

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

Result<void> RestoreTarget::mark(const std::string& path) const {
  auto made = files_.create(path, true);
  if (!made) return made.error();
  FileFacts facts;
  facts.mode = 0600;
  const auto finished = (*made)->finish(facts, {}, Durable::later);
  if (!finished) return finished.error();
  return {};
}

// By its path in the target, which may be moved.
std::string RestoreTarget::mark_of(const std::string& folder) const {
  const std::string below = folder.substr(std::min(path_.size(), folder.size()));
  const std::string name =
      to_hex(crypto::hash("folder that a restore made", {as_bytes(below)}).view().first(16));
  return join(path_, std::string(kUnfinishedMark) + "." + name);
}

bool RestoreTarget::has_made(const std::string& folder) const {
  const auto facts = files_.facts(mark_of(folder));
  return facts && facts->kind == FileKind::file;
}

// The mark first: a folder without one is the person's. Where nothing but folders below may be written to,
// it has to go without.
Result<void> RestoreTarget::make_own(const std::string& folder) const {
  const auto marked = mark(mark_of(folder));
  if (!marked && marked.error().code == Errc::full) return marked;
  return files_.make_folder(folder);
}

Result<void> RestoreTarget::begin() {
  if (auto made = make_folders(path_); !made) return made;
  const auto names = files_.list(path_);
  if (!names) return names.error();
  const auto has = [&](const char* name) { return std::ranges::find(*names, name) != names->end(); };
  is_ours_ = names->empty() || has(kUnfinishedMark);
  was_stopped_ = has(kUnfinishedMark) || has(kStoppedMark);
  if (was_stopped_) {
    (void)files_.remove_unfinished(path_);
    return {};
  }
  const auto marked = mark(join(path_, is_ours_ ? kUnfinishedMark : kStoppedMark));
  if (!marked && (is_ours_ || marked.error().code == Errc::full)) return marked;
  // After the power failed what is there may be half on the disk: then this has to be there, too.
  return files_.sync(path_);
}

Result<void> RestoreTarget::finish() {
  if (auto synced = files_.sync(path_); !synced) return synced;
  const auto names = files_.list(path_);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (name.starts_with(kUnfinishedMark)) (void)files_.remove_file(join(path_, name));
  }
  return {};
}

}  // namespace peerstore::drive
