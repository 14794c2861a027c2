#include "restore_run.hpp"

#include "content_reader.hpp"
#include "remote_path.hpp"

namespace peerstore::drive {

void RestoreRun::failed(const std::string& path, Error error) {
  ++summary_.failed;
  if (error.code == Errc::full && !stop_) stop_ = error.in(path);
  observer_.warning({path, std::move(error)});
}

Task<Result<RestoreSummary>> RestoreRun::run(BlobList root, std::string path, std::string target,
                                             Progress expected) {
  progress_ = expected;
  const auto prepare = [&] { return prepare_target(target); };
  const auto ready = co_await environment_.workers.run(prepare);
  if (!ready) co_return ready.error();
  co_await below(std::move(root), std::move(target), path_parts(path));
  if (stop_) co_return *stop_;
  if (cancelled_) co_return fail(Errc::cancelled, "stopped");
  observer_.progress(progress_);
  co_return summary_;
}

// The target and the folders above it: the person's own choice, so links above it are followed.
Result<void> RestoreRun::prepare_target(const std::string& path) {
  const auto facts = environment_.files.facts(path);
  if (facts && facts->kind == FileKind::folder) return {};
  if (facts) return fail(Errc::refused, path + ": is not a folder");
  if (facts.error().code != Errc::not_found) return facts.error();
  const std::size_t slash = path.find_last_of('/', path.find_last_not_of('/'));
  if (slash != std::string::npos && slash > 0) {
    if (auto above = prepare_target(path.substr(0, slash)); !above) return above;
  }
  return environment_.files.make_folder(path);
}

Result<RestoreRun::FolderState> RestoreRun::prepare_folder(const std::string& path) {
  const auto facts = environment_.files.facts(path);
  if (facts && facts->kind == FileKind::folder) return FolderState::there;
  if (facts) return fail(Errc::refused, "something that is not a folder is there already");
  if (facts.error().code != Errc::not_found) return facts.error();
  if (auto made = environment_.files.make_folder(path); !made) return made.error();
  return FolderState::made;
}

Task<void> RestoreRun::folder(TreeEntry entry, std::string path, std::vector<std::string> rest) {
  const auto prepare = [&] { return prepare_folder(path); };
  const auto state = co_await environment_.workers.run(prepare);
  if (!state) {
    failed(path, state.error());
    co_return;
  }
  co_await below(std::move(entry.content), path, std::move(rest));
  if (stopped()) co_return;
  ++summary_.folders;
  if (*state == FolderState::there && !overwrite_) co_return;
  const auto set = [&] { return environment_.files.set_facts(path, entry.facts); };
  const auto done = co_await environment_.workers.run(set);
  if (!done) failed(path, done.error());
}

Task<void> RestoreRun::below(BlobList content, std::string path, std::vector<std::string> rest) {
  ListingReader listing(vault_, std::move(content));
  TaskScope files(environment_.clock);
  while (!stopped()) {
    auto entries = co_await listing.next();
    if (!entries) {
      failed(path, entries.error());
      break;
    }
    if (entries->empty()) break;
    for (TreeEntry& entry : *entries) {
      if (stopped()) break;
      if (!rest.empty() && entry.name != rest.front()) continue;
      const std::string place = join(path, entry.name);
      const auto further = rest.begin() + (rest.empty() ? 0 : 1);
      co_await one(std::move(entry), place, std::vector<std::string>(further, rest.end()), files);
    }
  }
  co_await files.join();
}

Task<void> RestoreRun::one(TreeEntry entry, std::string path, std::vector<std::string> rest,
                           TaskScope& files) {
  if (entry.facts.kind == FileKind::folder) {
    co_await folder(std::move(entry), std::move(path), std::move(rest));
  } else if (entry.facts.kind == FileKind::symlink) {
    co_await symlink(std::move(entry), std::move(path));
  } else if (entry.facts.links > 1) {
    // In its turn, so that its other names find it.
    co_await file(std::move(entry), std::move(path));
  } else {
    Semaphore::Permit permit = co_await files_at_once_.acquire();
    files.spawn(file_with_permit(std::move(entry), std::move(path), std::move(permit)));
  }
}

Task<void> RestoreRun::file_with_permit(TreeEntry entry, std::string path, Semaphore::Permit permit) {
  const Semaphore::Permit held = std::move(permit);
  co_await file(std::move(entry), std::move(path));
}

Task<void> RestoreRun::file(TreeEntry entry, std::string path) {
  const FileKey key{entry.facts.device, entry.facts.inode};
  const bool has_other_names = entry.facts.links > 1;
  const auto known = has_other_names ? hard_links_.find(key) : hard_links_.end();
  Result<void> done = fail(Errc::not_found, "no other name of it is there");
  if (known != hard_links_.end()) {
    const std::string existing = known->second;
    const auto link = [&] { return environment_.files.make_hard_link(existing, path); };
    done = co_await environment_.workers.run(link);
  }
  // Where a link cannot be made, because the disk knows none or the name is taken, it is a file.
  if (!done) {
    const std::uint64_t size = entry.facts.size;
    done = co_await write_file(std::move(entry), path);
    if (done) summary_.bytes += size;
  }
  if (!done) {
    if (!cancelled_) failed(path, done.error());
    co_return;
  }
  if (has_other_names) hard_links_.emplace(key, path);
  ++summary_.files;
  ++progress_.files_done;
  observer_.progress(progress_);
}

Task<Result<void>> RestoreRun::write_file(TreeEntry entry, std::string path) {
  const auto create = [&] { return environment_.files.create(path, overwrite_); };
  auto writer = co_await environment_.workers.run(create);
  if (!writer) co_return writer.error();
  ContentReader content(environment_.clock, vault_, std::move(entry.content), entry.facts.size);
  while (true) {
    if (cancelled_) co_return fail(Errc::cancelled, "stopped");
    const auto blob = co_await content.next();
    if (!blob) co_return blob.error();
    if (blob->empty()) break;
    const auto append = [&] { return (*writer)->append(blob->view()); };
    const auto written = co_await environment_.workers.run(append);
    if (!written) co_return written.error();
    progress_.bytes_read += blob->size();
    progress_.bytes_safe += blob->size();
    observer_.progress(progress_);
  }
  const auto finish = [&] { return (*writer)->finish(entry.facts); };
  co_return co_await environment_.workers.run(finish);
}

Task<void> RestoreRun::symlink(TreeEntry entry, std::string path) {
  const auto make = [&]() -> Result<void> {
    auto made = environment_.files.make_symlink(entry.link_target, path);
    if (!made) {
      // The same link may be there from a run that was stopped.
      const auto there = environment_.files.read_link(path);
      if (!there || *there != entry.link_target) return made;
    }
    return environment_.files.set_facts(path, entry.facts);
  };
  const auto done = co_await environment_.workers.run(make);
  if (!done) {
    failed(path, done.error());
    co_return;
  }
  ++summary_.symlinks;
}

}  // namespace peerstore::drive
