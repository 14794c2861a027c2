// What is in a folder: its files, small ones many in one go, and its links.
#include "restore_run.hpp"

#include "content_reader.hpp"

namespace peerstore::drive {

// Errc::refused if something is there that is to stay. Blocking.
Result<RestoreRun::Place> RestoreRun::look(const Job& job) const {
  const auto there = environment_.files.facts(job.path);
  if (!there && there.error().code == Errc::not_found) return Place::free;
  if (!there) return there.error();
  const FileFacts& wanted = job.entry.facts;
  const bool same_size = there->kind == FileKind::file && there->size == wanted.size;
  const bool same_time = there->kind == FileKind::file && there->modified_ns == wanted.modified_ns;
  const bool same_content = same_size && has_content(job);
  if (overwrite_) return same_content ? Place::same_content : Place::free;
  if (same_content && same_time) return Place::finished;
  // Written by a run before, and lost with the power; whoever has changed it since has changed its time.
  if (same_time && job.in_ours) return Place::damaged;
  return fail(Errc::refused, "something else is there already");
}

// Requires that all ids of the content are in the entry.
void RestoreRun::find_sizes(Job& job) const {
  job.sizes.clear();
  for (const vault::BlobId& id : job.entry.content.ids) {
    const vault::BlobPlace* const place = vault_.index().find_anywhere(id);
    if (place == nullptr) return;
    job.sizes.push_back(place->length);
  }
}

// Whether the file at the place is made of the same blobs. Blocking.
bool RestoreRun::has_content(const Job& job) const {
  const std::vector<vault::BlobId>& ids = job.entry.content.ids;
  if (job.sizes.size() != ids.size()) return false;
  auto opened = environment_.files.open(job.path);
  if (!opened) return false;
  Files::Reader& reader = **opened;
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::uint64_t end = at + job.sizes[i];
    const auto data = ids[i] == maker_.zero_piece.id ? reader.next_data(at) : Result<std::uint64_t>(at);
    if (!data || *data < end) {
      reader.move_to(at);
      const auto content = reader.read(job.sizes[i]);
      if (!content || !vault::is_blob(vault_.keys(), ids[i], vault::BlobKind::data, *content)) return false;
    }
    at = end;
  }
  return at == job.entry.facts.size;
}

Result<std::vector<std::string>> RestoreRun::write_small(const Job& job, ByteView content,
                                                         bool overwrite) const {
  auto writer = environment_.files.create(job.path, overwrite);
  if (!writer) return writer.error();
  if (auto written = (*writer)->append(content); !written) return written.error();
  return (*writer)->finish(facts_here(job.entry), job.entry.attributes, Durable::later);
}

Task<void> RestoreRun::start(Batch batch) {
  if (batch.jobs.empty()) co_return;
  Semaphore::Permit permit = co_await files_at_once_.acquire();
  writing_.spawn(small_files(std::move(batch), std::move(permit)));
}

// One look at what is there, one fetch, and one go at writing, for all of them.
Task<void> RestoreRun::small_files(Batch batch, Semaphore::Permit permit) {
  const Semaphore::Permit held = std::move(permit);
  const std::vector<Job>& jobs = batch.jobs;
  const auto look_at_all = [&] {
    std::vector<Result<Place>> places;
    for (const Job& job : jobs) places.push_back(look(job));
    return places;
  };
  const auto places = co_await environment_.workers.run(look_at_all);
  std::vector<vault::BlobId> ids;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!places[i] || (*places[i] != Place::free && *places[i] != Place::damaged)) continue;
    ids.insert(ids.end(), jobs[i].entry.content.ids.begin(), jobs[i].entry.content.ids.end());
  }
  const auto blobs = co_await vault_.get_each(vault::BlobKind::data, std::move(ids));
  if (stopped()) co_return;
  const auto write_all = [&] {
    std::vector<Result<std::vector<std::string>>> written;
    std::size_t next = 0;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!places[i]) {
        written.push_back(places[i].error());
      } else if (*places[i] == Place::same_content) {
        written.push_back(set_facts(jobs[i]));
      } else if (*places[i] == Place::finished) {
        written.push_back(std::vector<std::string>());
      } else {
        const bool is_empty = jobs[i].entry.content.ids.empty();
        const Result<SharedBytes> content = is_empty ? Result<SharedBytes>(SharedBytes()) : blobs[next++];
        if (content && content->size() != jobs[i].entry.facts.size) {
          written.push_back(fail(Errc::corrupt, "its content is not as long as the file"));
        } else {
          const bool overwrite = overwrite_ || *places[i] == Place::damaged;
          written.push_back(content ? write_small(jobs[i], content->view(), overwrite) : content.error());
        }
      }
    }
    return written;
  };
  const auto written = co_await environment_.workers.run(write_all);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!written[i]) {
      failed(jobs[i].path, written[i].error());
      continue;
    }
    note_refused(jobs[i].path, *written[i]);
    if (*places[i] == Place::free || *places[i] == Place::damaged) {
      progress_.bytes_read += jobs[i].entry.facts.size;
      progress_.bytes_safe += jobs[i].entry.facts.size;
    }
    finished(jobs[i], *places[i]);
  }
}

Task<void> RestoreRun::large_file(Job job, FolderPtr folder, Semaphore::Permit permit) {
  const Semaphore::Permit held = std::move(permit);
  const FolderPtr in = std::move(folder);
  const auto done = co_await write_file(job);
  if (!done) failed(job.path, done.error());
}

// If `path` is a name of the existing file now: what was there before. Blocking.
std::optional<RestoreRun::Place> RestoreRun::link(const std::string& existing,
                                                  const std::string& path) const {
  Files& files = environment_.files;
  if (files.make_hard_link(existing, path)) return Place::free;
  const auto first = files.facts(existing);
  const auto there = files.facts(path);
  if (!first || !there || there->kind == FileKind::folder) return std::nullopt;
  if (first->device == there->device && first->inode == there->inode) return Place::finished;
  const bool replaced = overwrite_ && files.remove_file(path) && files.make_hard_link(existing, path);
  return replaced ? std::optional(Place::free) : std::nullopt;
}

Task<void> RestoreRun::linked_file(Job job) {
  const FileKey key{job.entry.facts.device, job.entry.facts.inode};
  const auto known = hard_links_.find(key);
  // A number may have been given to another file while all this was kept.
  const auto is_same = [&](const Linked& first) {
    return first.content == job.entry.content && first.size == job.entry.facts.size &&
           first.modified_ns == job.entry.facts.modified_ns;
  };
  if (known != hard_links_.end() && is_same(known->second)) {
    const std::string existing = known->second.path;
    if (++known->second.names >= job.entry.facts.links) hard_links_.erase(known);
    const auto make = [&] { return link(existing, job.path); };
    const auto linked = co_await environment_.workers.run(make);
    if (linked) {
      ++(*linked == Place::free ? summary_.files : summary_.there);
      ++progress_.files_done;
      co_return;
    }
  }
  // Where a link cannot be made, because the disk knows none or the name is taken, it is a file.
  BlobList content = job.entry.content;
  const auto done = co_await write_file(job);
  if (!done) {
    failed(job.path, done.error());
    co_return;
  }
  const FileFacts& facts = job.entry.facts;
  Linked linked{std::move(job.path), std::move(content), facts.size, facts.modified_ns};
  hard_links_.insert_or_assign(key, std::move(linked));
}

Task<Result<void>> RestoreRun::write_file(Job& job) {
  auto ids = co_await read_blob_list(vault_, std::move(job.entry.content));
  if (!ids) co_return ids.error();
  job.entry.content = {0, std::move(*ids)};
  find_sizes(job);
  const auto look_there = [&] { return look(job); };
  const auto place = co_await environment_.workers.run(look_there);
  if (!place) co_return place.error();
  if (*place == Place::same_content) {
    const auto set = [&] { return set_facts(job); };
    const auto refused = co_await environment_.workers.run(set);
    if (!refused) co_return refused.error();
    note_refused(job.path, *refused);
  }
  if (*place != Place::free && *place != Place::damaged) {
    finished(job, *place);
    co_return Result<void>();
  }
  const bool overwrite = overwrite_ || *place == Place::damaged;
  const auto create = [&] { return environment_.files.create(job.path, overwrite); };
  auto writer = co_await environment_.workers.run(create);
  if (!writer) co_return writer.error();
  ContentReader content(environment_.clock, vault_, job.entry.content, job.entry.facts.size);
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
  const auto finish = [&] {
    return (*writer)->finish(facts_here(job.entry), job.entry.attributes, Durable::later);
  };
  const auto refused = co_await environment_.workers.run(finish);
  if (!refused) co_return refused.error();
  note_refused(job.path, *refused);
  finished(job, Place::free);
  co_return Result<void>();
}

Task<void> RestoreRun::symlink(Job job) {
  const auto make = [&]() -> Result<void> {
    auto made = environment_.files.make_symlink(job.entry.link_target, job.path);
    if (!made) {
      // The same link may be there from a run that was stopped.
      const auto there = environment_.files.read_link(job.path);
      if (!there || *there != job.entry.link_target) {
        const auto facts = environment_.files.facts(job.path);
        if (!overwrite_ || !facts || facts->kind == FileKind::folder) return made;
        if (auto removed = environment_.files.remove_file(job.path); !removed) return removed;
        if (made = environment_.files.make_symlink(job.entry.link_target, job.path); !made) return made;
      }
    }
    const auto set = set_facts(job);
    if (!set) return set.error();
    return {};
  };
  const auto done = co_await environment_.workers.run(make);
  if (!done) {
    failed(job.path, done.error());
    co_return;
  }
  ++summary_.symlinks;
}

}  // namespace peerstore::drive
