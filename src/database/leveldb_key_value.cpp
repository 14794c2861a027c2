#include <leveldb/write_batch.h>
#include <peerstore/database/leveldb_key_value.hpp>

#include <map>
#include <mutex>

#include "database/leveldb_opening.hpp"

namespace peerstore::database {

namespace {

leveldb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const leveldb::Slice& text) { return {text.data(), text.size()}; }

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
