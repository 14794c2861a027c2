// KeyValue over LevelDB, tuned to be small: a node of 30 MB has two of them.
#include <fcntl.h>
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <peerstore/os/real.hpp>

#include <cerrno>
#include <system_error>

#include "descriptor.hpp"

namespace peerstore::os {

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
  explicit LevelDbKeyValue(std::string path)
      : path_(std::move(path)),
        damage_mark_(path_ + "/DAMAGED"),
        cache_(leveldb::NewLRUCache(kBlockCacheBytes)),
        filter_(leveldb::NewBloomFilterPolicy(kFilterBitsPerKey)) {
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

  Result<void> open() {
    leveldb::Status status = try_open();
    // Opened first even so: repairing what another process has open would destroy it.
    if (status.ok() && ::access(damage_mark_.c_str(), F_OK) == 0) {
      status = leveldb::Status::Corruption("damage was found when it was last used");
    }
    if (!status.IsCorruption()) return outcome(status);
    spdlog::warn("{}: {}; repairing", path_, status.ToString());
    database_.reset();
    status = leveldb::RepairDB(path_, options_);
    if (status.ok()) status = try_open();
    if (!status.ok()) return fail(Errc::corrupt, path_ + ": beyond repair: " + status.ToString());
    ::unlink(damage_mark_.c_str());
    return {};
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
      const Descriptor mark(::open(damage_mark_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
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

Result<std::unique_ptr<KeyValue>> open_key_value(const std::string& path) {
  auto database = std::make_unique<LevelDbKeyValue>(path);
  if (auto opened = database->open(); !opened) return opened.error();
  return std::unique_ptr<KeyValue>(std::move(database));
}

}  // namespace peerstore::os
