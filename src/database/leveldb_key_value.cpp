#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>
#include <peerstore/database/leveldb_key_value.hpp>

#include <cerrno>
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

class LevelDbKeyValue final : public KeyValue {
 public:
  LevelDbKeyValue(std::string path, leveldb::Env* environment)
      : path_(std::move(path)),
        damage_mark_(path_ + "/DAMAGED"),
        cache_(leveldb::NewLRUCache(kBlockCacheBytes)),
        filter_(leveldb::NewBloomFilterPolicy(kFilterBitsPerKey)) {
    if (environment != nullptr) options_.env = environment;
    options_.create_if_missing = true;
    // Damage is to be seen at opening, not passed over.
    options_.paranoid_checks = true;
    options_.compression = leveldb::kNoCompression;
    options_.write_buffer_size = kWriteBufferBytes;
    options_.max_open_files = kOpenFilesMax;
    options_.block_cache = cache_.get();
    options_.filter_policy = filter_.get();
    reading_.verify_checksums = true;
    scanning_.verify_checksums = true;
    scanning_.fill_cache = false;
  }

  // Says what damage was found and mended.
  Result<std::string> open() {
    leveldb::Status status = try_open();
    // Opened first even so: repairing what another process has open would destroy it.
    if (status.ok() && options_.env->FileExists(damage_mark_)) {
      status = leveldb::Status::Corruption("damage was found when it was last used");
    }
    if (!status.IsCorruption()) {
      if (auto done = outcome(status); !done) return done.error();
      return std::string();
    }
    std::string damage = path_ + ": " + status.ToString();
    database_.reset();
    status = leveldb::RepairDB(path_, options_);
    if (status.ok()) status = try_open();
    if (!status.ok()) return fail(Errc::corrupt, path_ + ": beyond repair: " + status.ToString());
    options_.env->RemoveFile(damage_mark_);
    return damage;
  }

  Result<void> write(const std::vector<Change>& changes, bool sync) override {
    leveldb::WriteBatch batch;
    for (const Change& change : changes) {
      if (change.value) {
        batch.Put(change.key, *change.value);
      } else {
        batch.Delete(change.key);
      }
    }
    leveldb::WriteOptions options;
    options.sync = sync;
    return outcome(database_->Write(options, &batch));
  }

  Result<std::optional<std::string>> get(std::string_view key) override {
    std::string value;
    const leveldb::Status status = database_->Get(reading_, slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (auto done = outcome(status); !done) return done.error();
    return std::optional<std::string>(std::move(value));
  }

  Result<void> scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit) override {
    const std::unique_ptr<leveldb::Iterator> at(database_->NewIterator(scanning_));
    for (at->Seek(slice(prefix)); at->Valid() && at->key().starts_with(slice(prefix)); at->Next()) {
      if (!visit(view(at->key()), view(at->value()))) break;
    }
    return outcome(at->status());
  }

 private:
  leveldb::Status try_open() {
    leveldb::DB* opened = nullptr;
    const leveldb::Status status = leveldb::DB::Open(options_, path_, &opened);
    database_.reset(opened);
    return status;
  }

  // Damage in a table shows only when it is read. It is marked, so that the next opening repairs it.
  Result<void> outcome(const leveldb::Status& status) const {
    if (status.ok()) return {};
    if (status.IsCorruption()) {
      leveldb::WriteStringToFile(options_.env, "", damage_mark_);
    }
    return fail(code_for(status), path_ + ": " + status.ToString());
  }

  std::string path_;
  std::string damage_mark_;
  leveldb::Options options_;
  leveldb::ReadOptions reading_;
  leveldb::ReadOptions scanning_;
  // The database uses the two above it until it is closed.
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> database_;
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
  int number = 1;
  const auto aside = [&] { return path + ".damaged-" + std::to_string(number); };
  while (files.FileExists(aside())) ++number;
  const leveldb::Status moved = files.RenameFile(path, aside());
  if (!moved.ok()) return fail(code_for(moved), path + ": cannot be set aside: " + moved.ToString());
  Result<Opened> opened = open(path, environment);
  if (opened) opened->damage = path + ": set aside as " + aside();
  return opened;
}

Result<Opened> open_or_begin_anew(const std::string& path, leveldb::Env* environment) {
  Result<Opened> opened = open(path, environment);
  if (opened || opened.error().code != Errc::corrupt) return opened;
  return begin_anew(path, environment);
}

}  // namespace peerstore::database
