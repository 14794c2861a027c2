#include "database/leveldb_opening.hpp"

#include <leveldb/write_batch.h>

#include <cerrno>
#include <system_error>
#include <vector>

namespace peerstore::database {

namespace {

constexpr std::size_t kBlockCacheBytes = 2 * 1024 * 1024;
constexpr int kOpenFilesMax = 128;
constexpr int kFilterBitsPerKey = 10;

bool says(const leveldb::Status& status, std::string_view words) {
  return status.ToString().find(words) != std::string::npos;
}

leveldb::Status open_as(const leveldb::Options& options, const std::string& path, Database& database) {
  leveldb::DB* opened = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, path, &opened);
  database.reset(opened);
  return status;
}

// LevelDB waits for its own background work; where an environment runs that in between, it does so now.
void close(const Settings& settings, Database& database) {
  settings.files().SleepForMicroseconds(0);
  database.reset();
}

void remove_folder(leveldb::Env& files, const std::string& path) {
  std::vector<std::string> names;
  if (!files.GetChildren(path, &names).ok()) return;
  for (const std::string& name : names) files.RemoveFile(path + "/" + name);
  files.RemoveDir(path);
}

leveldb::Status copy_what_can_be_read(const Settings& settings, leveldb::DB& from, leveldb::DB& to) {
  const std::unique_ptr<leveldb::Iterator> at(from.NewIterator(settings.scanning));
  leveldb::WriteBatch batch;
  const auto flush = [&](bool sync) {
    leveldb::WriteOptions options;
    options.sync = sync;
    const leveldb::Status written = to.Write(options, &batch);
    batch.Clear();
    settings.files().SleepForMicroseconds(0);
    return written;
  };
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    batch.Put(at->key(), at->value());
    if (batch.ApproximateSize() < kWriteBufferBytes / 4) continue;
    if (leveldb::Status written = flush(false); !written.ok()) return written;
  }
  return flush(true);
}

// Tables with damage in them: what they still give goes into a new database, and they are set aside. Not
// leveldb::RepairDB, which believes what is left of a log without its checksums, and aborts on it.
leveldb::Status copy_anew(const Settings& settings, const std::string& path, Database& damaged) {
  leveldb::Env& files = settings.files();
  const std::string copy = path + ".copy";
  remove_folder(files, copy);
  Database fresh;
  leveldb::Status status = open_as(settings.options, copy, fresh);
  if (status.ok()) status = copy_what_can_be_read(settings, *damaged, *fresh);
  close(settings, fresh);
  close(settings, damaged);
  if (status.ok()) status = files.RenameFile(path, name_aside(files, path));
  if (status.ok()) status = files.RenameFile(copy, path);
  return status;
}

}  // namespace

Errc code_for(const leveldb::Status& status) {
  if (status.IsCorruption()) return Errc::corrupt;
  if (status.IsNotFound()) return Errc::not_found;
  if (says(status, "IO error: lock ")) return Errc::busy;
  for (const int number : {ENOSPC, EDQUOT}) {
    if (says(status, std::generic_category().message(number))) return Errc::full;
  }
  return Errc::io;
}

Settings::Settings(leveldb::Env* environment)
    : cache(leveldb::NewLRUCache(kBlockCacheBytes)),
      filter(leveldb::NewBloomFilterPolicy(kFilterBitsPerKey)) {
  if (environment != nullptr) options.env = environment;
  options.create_if_missing = true;
  // Damage is to be seen at opening, not passed over.
  options.paranoid_checks = true;
  options.compression = leveldb::kNoCompression;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_open_files = kOpenFilesMax;
  options.block_cache = cache.get();
  options.filter_policy = filter.get();
  reading.verify_checksums = true;
  scanning.verify_checksums = true;
  scanning.fill_cache = false;
}

std::string name_aside(leveldb::Env& files, const std::string& path) {
  int number = 1;
  const auto name = [&] { return path + ".damaged-" + std::to_string(number); };
  while (files.FileExists(name())) ++number;
  return name();
}

leveldb::Status open_mended(const Settings& settings, const std::string& path, Database& database,
                            std::string& damage) {
  leveldb::Env& files = settings.files();
  // It ended between the two renamings above.
  const std::string copy = path + ".copy";
  if (!files.FileExists(path) && files.FileExists(copy)) files.RenameFile(copy, path);

  leveldb::Options lenient = settings.options;
  lenient.paranoid_checks = false;
  leveldb::Status status = open_as(settings.options, path, database);
  if (status.IsCorruption()) {
    // Mostly the end of a log, which nobody was told is durable: it is passed over.
    damage = path + ": " + status.ToString();
    status = open_as(lenient, path, database);
  }
  if (!status.ok() || !files.FileExists(settings.damage_mark(path))) return status;
  damage = path + ": damage was found when it was last used";
  close(settings, database);
  status = open_as(lenient, path, database);
  if (status.ok()) status = copy_anew(settings, path, database);
  if (status.ok()) status = open_as(settings.options, path, database);
  return status;
}

}  // namespace peerstore::database
