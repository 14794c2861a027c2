#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>
#include <peerstore/database/leveldb_key_value.hpp>

#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>

namespace peerstore::database {

namespace {

constexpr std::size_t kWriteBufferBytes = 1024 * 1024;
constexpr std::size_t kBlockCacheBytes = 2 * 1024 * 1024;
constexpr int kOpenFilesMax = 128;
constexpr int kFilterBitsPerKey = 10;

leveldb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const leveldb::Slice& text) { return {text.data(), text.size()}; }

bool says(const leveldb::Status& status, std::string_view words) {
  return status.ToString().find(words) != std::string::npos;
}

// LevelDB tells its failures apart by words only.
Errc code_for(const leveldb::Status& status) {
  if (status.IsCorruption()) return Errc::corrupt;
  if (status.IsNotFound()) return Errc::not_found;
  if (says(status, "IO error: lock ")) return Errc::busy;
  for (const int number : {ENOSPC, EDQUOT}) {
    if (says(status, std::generic_category().message(number))) return Errc::full;
  }
  return Errc::io;
}

using Database = std::unique_ptr<leveldb::DB>;

struct Settings {
  explicit Settings(leveldb::Env* environment)
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

  leveldb::Env& files() const { return *options.env; }
  std::string damage_mark(const std::string& path) const { return path + "/DAMAGED"; }

  leveldb::Options options;
  leveldb::ReadOptions reading;
  leveldb::ReadOptions scanning;
  // Databases use these two until they are closed.
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<const leveldb::FilterPolicy> filter;
};

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

std::string name_aside(leveldb::Env& files, const std::string& path) {
  int number = 1;
  const auto name = [&] { return path + ".damaged-" + std::to_string(number); };
  while (files.FileExists(name())) ++number;
  return name();
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

// Says in `damage` what was found and mended.
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

class LevelDbKeyValue final : public KeyValue {
 public:
  LevelDbKeyValue(std::string path, leveldb::Env* environment)
      : path_(std::move(path)), settings_(environment) {}

  // Says what damage was found and mended.
  Result<std::string> open() {
    std::string damage;
    Database database;
    const leveldb::Status status = open_mended(settings_, path_, database, damage);
    if (auto done = outcome(status); !done) return done.error();
    database_ = std::move(database);
    return damage;
  }

  Result<void> write(const std::vector<Change>& changes, bool sync) override {
    auto database = writable();
    if (!database) return database.error();
    leveldb::WriteBatch batch;
    for (const Change& change : changes) put(batch, change);
    leveldb::WriteOptions options;
    options.sync = sync;
    const leveldb::Status status = (*database)->Write(options, &batch);
    if (!status.ok()) remember_failure(**database, changes, status);
    return outcome(status);
  }

  Result<std::optional<std::string>> get(std::string_view key) override {
    const auto database = readable();
    if (!database) return database.error();
    std::string value;
    const leveldb::Status status = (*database)->Get(settings_.reading, slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (auto done = outcome(status); !done) return done.error();
    return std::optional<std::string>(std::move(value));
  }

  Result<void> scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit) override {
    const auto database = readable();
    if (!database) return database.error();
    const std::unique_ptr<leveldb::Iterator> at((*database)->NewIterator(settings_.scanning));
    for (at->Seek(slice(prefix)); at->Valid() && at->key().starts_with(slice(prefix)); at->Next()) {
      if (!visit(view(at->key()), view(at->value()))) break;
    }
    return outcome(at->status());
  }

 private:
  // Held by whoever uses it, so that it is not closed meanwhile.
  using Shared = std::shared_ptr<leveldb::DB>;

  static void put(leveldb::WriteBatch& batch, const Change& change) {
    if (change.value) {
      batch.Put(change.key, *change.value);
    } else {
      batch.Delete(change.key);
    }
  }

  Result<Shared> readable() {
    const std::lock_guard guard(mutex_);
    if (!database_) try_again();
    if (!database_) return failed_.error();
    return database_;
  }

  // LevelDB takes no write any more after some that failed, for ever, and after others it could lose those
  // that follow. So the database is opened again, if the trouble has passed: while it lasts, only now and
  // then.
  Result<Shared> writable() {
    const std::lock_guard guard(mutex_);
    if (!failed_) try_again();
    if (!failed_) return failed_.error();
    return database_;
  }

  // Requires the mutex, as reopen() does.
  void try_again() {
    ++refused_;
    const bool is_turn = (refused_ & (refused_ - 1)) == 0 || refused_ % kTriesApart == 0;
    if (is_turn) reopen();
  }

  // The log may have it all the same, and whoever wrote was told that it failed: it is taken back after the
  // next opening.
  void remember_failure(leveldb::DB& database, const std::vector<Change>& changes,
                        const leveldb::Status& status) {
    const std::lock_guard guard(mutex_);
    if (failed_) {
      refused_ = 0;
      failed_ = fail(code_for(status), path_ + ": " + status.ToString());
    }
    for (const Change& change : changes) {
      std::string before;
      const leveldb::Status found = database.Get(settings_.reading, change.key, &before);
      if (found.ok()) {
        undo_.emplace(change.key, std::move(before));
      } else if (found.IsNotFound()) {
        undo_.emplace(change.key, std::nullopt);
      }
    }
  }

  void reopen() {
    if (database_.use_count() > 1 || !has_room()) return;
    settings_.files().SleepForMicroseconds(0);
    database_.reset();
    Database opened;
    std::string damage;
    leveldb::Status status = open_mended(settings_, path_, opened, damage);
    leveldb::WriteBatch batch;
    for (const auto& [key, before] : undo_) put(batch, {key, before});
    leveldb::WriteOptions synced;
    synced.sync = true;
    if (status.ok()) status = opened->Write(synced, &batch);
    database_ = std::move(opened);
    failed_ = outcome(status);
    if (!failed_) return;
    undo_.clear();
    refused_ = 0;
  }

  // Opening writes what the log holds into a table. Once closed, a database that cannot be opened for want of
  // room gives nothing to read either.
  bool has_room() {
    const std::string probe = path_ + "/PROBE";
    leveldb::WritableFile* created = nullptr;
    leveldb::Status status = settings_.files().NewWritableFile(probe, &created);
    const std::unique_ptr<leveldb::WritableFile> file(created);
    if (status.ok()) status = file->Append(std::string(kRoomToOpen, '\0'));
    if (status.ok()) status = file->Sync();
    if (file) file->Close();
    settings_.files().RemoveFile(probe);
    return status.ok();
  }

  // Damage in a table shows only when it is read. It is marked, so that the next opening mends it.
  Result<void> outcome(const leveldb::Status& status) const {
    if (status.ok()) return {};
    if (status.IsCorruption()) {
      leveldb::WriteStringToFile(&settings_.files(), "", settings_.damage_mark(path_));
    }
    return fail(code_for(status), path_ + ": " + status.ToString());
  }

  static constexpr unsigned kTriesApart = 64;
  static constexpr std::size_t kRoomToOpen = 4 * kWriteBufferBytes;

  std::string path_;
  Settings settings_;
  std::mutex mutex_;  // of all below
  Shared database_;
  Result<void> failed_;   // an error from the first write that fails until it is open again
  unsigned refused_ = 0;  // since then
  std::map<std::string, std::optional<std::string>> undo_;
};

}  // namespace

Result<Opened> open(const std::string& path, leveldb::Env* environment) {
  auto database = std::make_unique<LevelDbKeyValue>(path, environment);
  auto damage = database->open();
  if (!damage) return damage.error();
  return Opened{std::move(database), std::move(*damage)};
}

Result<Opened> begin_anew(const std::string& path, leveldb::Env* environment) {
  leveldb::Env& files = environment != nullptr ? *environment : *leveldb::Env::Default();
  const std::string aside = name_aside(files, path);
  const leveldb::Status moved = files.RenameFile(path, aside);
  if (!moved.ok()) return fail(code_for(moved), path + ": cannot be set aside: " + moved.ToString());
  Result<Opened> opened = open(path, environment);
  if (opened) opened->damage = path + ": set aside as " + aside;
  return opened;
}

Result<Opened> open_or_begin_anew(const std::string& path, leveldb::Env* environment) {
  Result<Opened> opened = open(path, environment);
  if (opened || opened.error().code != Errc::corrupt) return opened;
  return begin_anew(path, environment);
}

}  // namespace peerstore::database
