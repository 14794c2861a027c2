#include "restore_run.hpp"

#include "remote_path.hpp"

namespace peerstore::drive {

namespace {

constexpr std::size_t kBatchFiles = 64;
constexpr std::uint64_t kBatchBytes = 2 * 1024 * 1024;
constexpr std::size_t kFoldersAtOnce = 64;  // whose facts are set in one go
constexpr std::uint32_t kOwnersRights = 0700;

bool is_small(const TreeEntry& entry) {
  return entry.content.level == 0 && entry.content.ids.size() <= 1 && entry.facts.size <= kSmallFileBytes;
}

}  // namespace

void RestoreRun::failed(const std::string& path, Error error) {
  if (cancelled_) return;
  ++summary_.failed;
  if (error.code == Errc::refused) ++summary_.refused;
  if (error.code == Errc::full && !stop_) stop_ = error.in(path);
  observer_.warning({path, std::move(error)});
}

void RestoreRun::note_refused(const std::string& path, const std::vector<std::string>& attributes) {
  if (attributes.empty()) return;
  std::string names;
  for (const std::string& name : attributes) names += (names.empty() ? "" : ", ") + name;
  observer_.warning({path, fail(Errc::unsupported, "restored without its attributes " + names)});
}

void RestoreRun::finished(const Job& job, Place place) {
  if (place == Place::free || place == Place::damaged) {
    ++summary_.files;
    summary_.bytes += job.entry.facts.size;
  } else {
    ++summary_.there;
    progress_.bytes_read += job.entry.facts.size;
    progress_.bytes_safe += job.entry.facts.size;
  }
  ++progress_.files_done;
  observer_.progress(progress_);
}

Task<Result<RestoreSummary>> RestoreRun::run(BlobList root, std::string path,
                                             const std::set<std::string>& elsewhere) {
  for (const std::string& there : elsewhere) elsewhere_.insert(join(target_.path(), there));
  auto top = std::make_shared<Folder>();
  top->job.path = target_.path();
  top->is_ours = target_.is_ours();
  co_await below(std::move(root), std::move(top), path_parts(path));
  co_await writing_.join();
  co_await set_folders();
  if (stop_) co_return *stop_;
  if (cancelled_) co_return fail(Errc::cancelled, "stopped");
  observer_.progress(progress_);
  co_return summary_;
}

// As it was, with the owner by name if this system knows the name.
FileFacts RestoreRun::facts_here(const TreeEntry& entry) const {
  FileFacts facts = entry.facts;
  Files& files = environment_.files;
  if (!entry.user_name.empty()) {
    facts.user = files.account_number(Account::user, entry.user_name).value_or(facts.user);
  }
  if (!entry.group_name.empty()) {
    facts.group = files.account_number(Account::group, entry.group_name).value_or(facts.group);
  }
  return facts;
}

Result<std::vector<std::string>> RestoreRun::set_facts(const Job& job) const {
  return environment_.files.set_facts(job.path, facts_here(job.entry), job.entry.attributes);
}

// ---- Folders ----

Result<RestoreRun::FolderPtr> RestoreRun::enter(const Job& job, FolderPtr above) {
  const auto facts = environment_.files.facts(job.path);
  if (facts && facts->kind != FileKind::folder) {
    return fail(Errc::refused, "something that is not a folder is there already");
  }
  if (!facts && facts.error().code != Errc::not_found) return facts.error();
  const bool is_ours = !facts || job.in_ours || target_.has_made(job.path);
  if (!facts) {
    auto made = job.in_ours ? environment_.files.make_folder(job.path) : target_.make_own(job.path);
    if (!made) return made.error();
  } else if (is_ours || overwrite_) {
    // Its own rights come back when all in it is done.
    if ((facts->mode & kOwnersRights) != kOwnersRights) {
      FileFacts open = *facts;
      open.mode |= kOwnersRights;
      (void)environment_.files.set_facts(job.path, open);
    }
  }
  if (facts && target_.was_stopped()) (void)environment_.files.remove_unfinished(job.path);
  auto entered = std::make_unique<Folder>();
  entered->job.path = job.path;
  entered->job.entry = job.entry;
  entered->job.entry.content = {};
  entered->above = std::move(above);
  entered->is_ours = is_ours;
  entered->is_set = is_ours || overwrite_;
  // Whoever lets go of it last puts it among those that are done.
  return FolderPtr(entered.release(), [this](Folder* folder) {
    std::unique_ptr<Folder> done(folder);
    if (!closing_) done_folders_.push_back(std::move(done));
  });
}

Task<void> RestoreRun::folder(Job job, FolderPtr above, std::vector<std::string> rest) {
  const auto go_in = [&] { return enter(job, std::move(above)); };
  auto entered = co_await environment_.workers.run(go_in);
  if (!entered) {
    failed(job.path, entered.error());
    co_return;
  }
  ++summary_.folders;
  co_await below(std::move(job.entry.content), std::move(*entered), std::move(rest));
  if (done_folders_.size() >= kFoldersAtOnce) co_await set_folders();
}

Task<void> RestoreRun::set_folders() {
  while (!done_folders_.empty()) {
    const auto folders = std::exchange(done_folders_, {});
    const auto set = [&] {
      std::vector<Result<std::vector<std::string>>> results;
      for (const auto& folder : folders) {
        results.push_back(folder->is_set ? set_facts(folder->job) : std::vector<std::string>());
      }
      return results;
    };
    const auto results = co_await environment_.workers.run(set);
    for (std::size_t i = 0; i < folders.size(); ++i) {
      const std::string& path = folders[i]->job.path;
      if (results[i]) {
        note_refused(path, *results[i]);
      } else {
        failed(path, results[i].error());
      }
    }
    // Letting go of the last folder in another one puts that one in the list.
  }
}

Task<void> RestoreRun::below(BlobList content, FolderPtr folder, std::vector<std::string> rest) {
  ListingReader listing(vault_, std::move(content));
  Batch batch;
  batch.folder = folder;
  while (!stopped()) {
    auto entries = co_await listing.next();
    if (!entries) {
      failed(folder->job.path, entries.error());
      break;
    }
    if (entries->empty()) break;
    for (TreeEntry& entry : *entries) {
      if (stopped()) break;
      if (!rest.empty() && entry.name != rest.front()) continue;
      Job job{std::move(entry), {}};
      job.path = join(folder->job.path, job.entry.name);
      job.in_ours = folder->is_ours;
      if (elsewhere_.contains(job.path)) continue;
      const auto further = rest.begin() + (rest.empty() ? 0 : 1);
      co_await one(std::move(job), batch, std::vector<std::string>(further, rest.end()));
    }
  }
  co_await start(std::move(batch));
}

Task<void> RestoreRun::one(Job job, Batch& batch, std::vector<std::string> rest) {
  const FileFacts& facts = job.entry.facts;
  if (facts.kind == FileKind::folder) {
    // What is in it is read side by side with what was before it.
    if (!batch.jobs.empty()) co_await start(std::exchange(batch, Batch{batch.folder, {}, 0}));
    co_await folder(std::move(job), batch.folder, std::move(rest));
  } else if (facts.kind == FileKind::symlink) {
    co_await symlink(std::move(job));
  } else if (facts.links > 1) {
    // In its turn, so that its other names find it.
    co_await linked_file(std::move(job));
  } else if (is_small(job.entry)) {
    batch.bytes += facts.size;
    find_sizes(job);
    batch.jobs.push_back(std::move(job));
    const bool full = batch.jobs.size() == kBatchFiles || batch.bytes >= kBatchBytes;
    if (full) co_await start(std::exchange(batch, Batch{batch.folder, {}, 0}));
  } else {
    Semaphore::Permit permit = co_await files_at_once_.acquire();
    writing_.spawn(large_file(std::move(job), batch.folder, std::move(permit)));
  }
}

}  // namespace peerstore::drive
