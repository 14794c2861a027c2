// The contents of files: read on workers, cut into pieces, and given to the vault.
#include "backup_run.hpp"

namespace peerstore::drive {

namespace {

constexpr std::size_t kAheadFiles = 64;  // small files, read in one go
constexpr std::uint64_t kAheadBytes = 4 * 1024 * 1024;

Error changed_while_read() { return fail(Errc::busy, "changed while it was read; kept as it was read"); }

}  // namespace

// Reads this small file and those that follow it, up to a limit.
Task<Result<void>> BackupRun::read_ahead(const std::string& folder, Slice& slice, std::size_t from) {
  std::vector<std::size_t> places;
  std::uint64_t bytes = 0;
  for (std::size_t i = from; i < slice.items.size() && places.size() < kAheadFiles && bytes < kAheadBytes;
       ++i) {
    const auto& facts = slice.items[i].facts;
    if (!facts || !is_small(*facts) || slice.read.contains(i)) continue;
    if (facts->links > 1 && i != from) continue;
    places.push_back(i);
    bytes += facts->size;
  }
  const auto read = [&] {
    std::vector<Result<std::optional<SmallFile>>> files;
    for (const std::size_t i : places) {
      files.push_back(read_small_file(environment_.files, maker_, join(folder, slice.items[i].name)));
    }
    return files;
  };
  auto files = co_await environment_.workers.run(read);
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < places.size(); ++i) {
    Result<std::optional<ReadFile>> file = std::optional<ReadFile>();
    if (!files[i]) {
      file = files[i].error();
    } else if (*files[i]) {
      SmallFile& small = **files[i];
      ReadFile known{small.facts, {}, small.changed};
      for (const Piece& piece : small.stretch.pieces) known.content.ids.push_back(piece.id);
      if (!small.stretch.pieces.empty()) stretches.push_back(std::move(small.stretch));
      file = std::optional<ReadFile>(std::move(known));
    }
    slice.read.emplace(places[i], std::move(file));
  }
  if (stretches.empty()) co_return Result<void>();
  co_return co_await keep_later(std::move(stretches));
}

Task<Result<std::optional<BackupRun::KeptFile>>> BackupRun::file(std::string path, FileFacts facts,
                                                                 const ReadFile* read) {
  if (KeptFile* const known = known_link(facts); known != nullptr) {
    KeptFile again = *known;
    if (++known->names >= facts.links) hard_links_.erase({facts.device, facts.inode});
    co_return std::optional<KeptFile>(std::move(again));
  }
  Result<std::optional<KeptFile>> kept = std::optional<KeptFile>();
  if (read != nullptr) {
    kept = std::optional<KeptFile>(small_file(path, *read));
  } else {
    kept = co_await large_file(std::move(path));
  }
  const bool has_names_to_come = kept && *kept && !(*kept)->changed && (*kept)->seen.links > 1;
  if (has_names_to_come && hard_links_.size() < kHardLinksMax) {
    hard_links_.insert_or_assign({(*kept)->seen.device, (*kept)->seen.inode}, **kept);
  }
  co_return kept;
}

// A file that was deleted meanwhile leaves its number to another one.
BackupRun::KeptFile* BackupRun::known_link(const FileFacts& facts) {
  if (facts.links < 2) return nullptr;
  const auto known = hard_links_.find({facts.device, facts.inode});
  return known != hard_links_.end() && same_state(known->second.seen, facts) ? &known->second : nullptr;
}

BackupRun::KeptFile BackupRun::small_file(const std::string& path, const ReadFile& read) {
  KeptFile kept;
  kept.entry.facts = kept_facts(read.facts);
  kept.entry.content = read.content;
  kept.seen = read.facts;
  kept.changed = read.changed;
  if (read.changed) observer_.warning({path, changed_while_read()});
  summary_.bytes += read.facts.size;
  progress_.bytes_read += read.facts.size;
  return kept;
}

Task<Result<std::optional<BackupRun::KeptFile>>> BackupRun::large_file(std::string path) {
  for (int attempt = 1;; ++attempt) {
    const auto open = [&] { return environment_.files.open(path); };
    auto reader = co_await environment_.workers.run(open);
    if (!reader) {
      skip(path, reader.error());
      co_return std::optional<KeptFile>();
    }
    Files::Reader& source = **reader;
    const auto look = [&] { return source.facts(); };
    const auto before = co_await environment_.workers.run(look);
    if (!before || before->kind != FileKind::file) {
      skip(path, before ? fail(Errc::unsupported, "is no file any more") : before.error());
      co_return std::optional<KeptFile>();
    }
    std::vector<vault::BlobId> ids;
    std::uint64_t size = 0;
    const auto read = co_await read_pieces(path, source, before->size, ids, size);
    if (!read) co_return read.error();
    const auto after = co_await environment_.workers.run(look);
    if (!*read || !after) {
      progress_.bytes_read -= size;
      if (*read) skip(path, after.error());
      co_return std::optional<KeptFile>();
    }
    const bool changed = !same_state(*before, *after) || size != before->size;
    if (changed && attempt < kReadAttempts) {
      progress_.bytes_read -= size;
      continue;
    }
    if (changed) observer_.warning({path, changed_while_read()});
    KeptFile kept;
    kept.seen = *before;
    kept.changed = changed;
    kept.entry.facts = kept_facts(*before);
    kept.entry.facts.size = size;
    auto content = co_await write_blob_list(vault_, std::move(ids));
    if (!content) co_return content.error();
    kept.entry.content = std::move(*content);
    summary_.bytes += size;
    co_return std::optional<KeptFile>(std::move(kept));
  }
}

// Cuts and keeps the file from where the reader is to its end, or until it has more than was expected:
// one that is written to all the time might never end. `size` is counted as it goes on. False if the
// file cannot be read.
Task<Result<bool>> BackupRun::read_pieces(std::string path, Files::Reader& reader, std::uint64_t expected,
                                          std::vector<vault::BlobId>& ids, std::uint64_t& size) {
  StretchReader stretches(reader, maker_);
  const auto next = [&] { return stretches.next(); };
  while (size <= expected) {
    const auto pause = co_await pause_();
    if (!pause) co_return pause.error();
    auto stretch = co_await environment_.workers.run(next);
    if (!stretch) {
      skip(path, stretch.error());
      co_return false;
    }
    if (stretch->pieces.empty() && stretch->holes == 0) co_return true;
    ids.insert(ids.end(), stretch->holes, maker_.zero_piece.id);
    const std::uint64_t zeros = stretch->holes * maker_.zero_piece.size;
    size += zeros;
    progress_.bytes_read += zeros;
    for (const Piece& piece : stretch->pieces) {
      ids.push_back(piece.id);
      size += piece.size;
      progress_.bytes_read += piece.size;
    }
    std::vector<Stretch> one;
    one.push_back(std::move(*stretch));
    const auto kept = co_await keep_later(std::move(one));
    if (!kept) co_return kept.error();
    report();
  }
  co_return true;
}

Task<Result<void>> BackupRun::keep_later(std::vector<Stretch> stretches) {
  Semaphore::Permit permit = co_await keeping_at_once_.acquire();
  if (failure_) co_return *failure_;
  keeping_.spawn(keep(std::move(stretches), std::move(permit)));
  co_return Result<void>();
}

Task<void> BackupRun::keep(std::vector<Stretch> stretches, Semaphore::Permit permit) {
  const Semaphore::Permit held = std::move(permit);
  std::vector<vault::NewBlob> blobs;
  for (const Stretch& stretch : stretches) {
    for (std::size_t i = 0; i < stretch.holes; ++i) {
      const Piece& piece = maker_.zero_piece;
      blobs.push_back({vault::BlobKind::data, piece.id, maker_.zeros, piece.size});
    }
    std::size_t at = 0;
    for (const Piece& piece : stretch.pieces) {
      blobs.push_back(
          {vault::BlobKind::data, piece.id, ByteView(stretch.content).subspan(at, piece.size), piece.size});
      at += piece.size;
    }
  }
  const auto kept = co_await vault_.put(std::move(blobs));
  if (!kept && !failure_) failure_ = kept.error();
}

}  // namespace peerstore::drive
