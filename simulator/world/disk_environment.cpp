#include "world/disk_environment.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace peerstore::world {

namespace {

// In the words of the operating system's Env, by which the reader of a Status tells them apart.
leveldb::Status status_of(const std::string& path, const Error& error) {
  if (error.code == Errc::not_found) return leveldb::Status::NotFound(path, error.context);
  const int number = error.code == Errc::full ? ENOSPC : EIO;
  return leveldb::Status::IOError(path, std::generic_category().message(number));
}

leveldb::Status status_of(const std::string& path, const Result<void>& result) {
  return result ? leveldb::Status::OK() : status_of(path, result.error());
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

leveldb::Status read_at(Disk& disk, const std::string& path, std::uint64_t offset, std::size_t size,
                        leveldb::Slice* result, char* scratch) {
  const Result<Bytes> bytes = disk.read(path, offset, size);
  if (!bytes) return status_of(path, bytes.error());
  std::copy(bytes->begin(), bytes->end(), scratch);
  *result = leveldb::Slice(scratch, bytes->size());
  return leveldb::Status::OK();
}

class SequentialFile final : public leveldb::SequentialFile {
 public:
  SequentialFile(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  leveldb::Status Read(std::size_t size, leveldb::Slice* result, char* scratch) override {
    const leveldb::Status status = read_at(disk_, path_, offset_, size, result, scratch);
    if (status.ok()) offset_ += result->size();
    return status;
  }
  leveldb::Status Skip(std::uint64_t size) override {
    offset_ += size;
    return leveldb::Status::OK();
  }

 private:
  Disk& disk_;
  std::string path_;
  std::uint64_t offset_ = 0;
};

class RandomAccessFile final : public leveldb::RandomAccessFile {
 public:
  RandomAccessFile(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  leveldb::Status Read(std::uint64_t offset, std::size_t size, leveldb::Slice* result,
                       char* scratch) const override {
    return read_at(disk_, path_, offset, size, result, scratch);
  }

 private:
  Disk& disk_;
  std::string path_;
};

class WritableFile final : public leveldb::WritableFile {
 public:
  WritableFile(Disk& disk, std::string path, std::unique_ptr<Disk::Writer> writer)
      : disk_(disk), path_(std::move(path)), writer_(std::move(writer)) {}
  leveldb::Status Append(const leveldb::Slice& data) override {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(data.data());
    return status_of(path_, writer_->append(ByteView(bytes, data.size())));
  }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Sync() override {
    const leveldb::Status synced = status_of(path_, writer_->sync());
    if (!synced.ok() || has_durable_name_) return synced;
    for (std::string folder = folder_of(path_);; folder = folder_of(folder)) {
      const leveldb::Status named = status_of(folder, disk_.sync_folder(folder));
      if (!named.ok()) return named;
      if (folder.empty()) break;
    }
    has_durable_name_ = true;
    return synced;
  }

 private:
  Disk& disk_;
  std::string path_;
  std::unique_ptr<Disk::Writer> writer_;
  bool has_durable_name_ = false;
};

class SilentLogger final : public leveldb::Logger {
 public:
  void Logv(const char* /*format*/, std::va_list /*arguments*/) override {}
};

}  // namespace

void DiskEnvironment::run_scheduled() {
  while (!scheduled_.empty()) {
    const auto [work, argument] = scheduled_.front();
    scheduled_.pop_front();
    work(argument);
  }
}

leveldb::Status DiskEnvironment::NewSequentialFile(const std::string& path, leveldb::SequentialFile** file) {
  *file = nullptr;
  const Result<std::uint64_t> size = disk_.size(path);
  if (!size) return status_of(path, size.error());
  *file = new SequentialFile(disk_, path);
  return leveldb::Status::OK();
}

leveldb::Status DiskEnvironment::NewRandomAccessFile(const std::string& path,
                                                     leveldb::RandomAccessFile** file) {
  *file = nullptr;
  const Result<std::uint64_t> size = disk_.size(path);
  if (!size) return status_of(path, size.error());
  *file = new RandomAccessFile(disk_, path);
  return leveldb::Status::OK();
}

leveldb::Status DiskEnvironment::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  *file = nullptr;
  Result<std::unique_ptr<Disk::Writer>> writer = disk_.create(path);
  if (!writer) return status_of(path, writer.error());
  *file = new WritableFile(disk_, path, std::move(*writer));
  return leveldb::Status::OK();
}

bool DiskEnvironment::FileExists(const std::string& path) {
  return disk_.size(path).has_value() || disk_.list(path).has_value();
}

leveldb::Status DiskEnvironment::GetChildren(const std::string& folder, std::vector<std::string>* names) {
  names->clear();
  const Result<std::vector<Disk::Entry>> entries = disk_.list(folder);
  if (!entries) return status_of(folder, entries.error());
  for (const Disk::Entry& entry : *entries) names->push_back(entry.name);
  return leveldb::Status::OK();
}

leveldb::Status DiskEnvironment::RemoveFile(const std::string& path) {
  return status_of(path, disk_.remove(path));
}

leveldb::Status DiskEnvironment::CreateDir(const std::string& folder) {
  return status_of(folder, disk_.make_folder(folder));
}

leveldb::Status DiskEnvironment::RemoveDir(const std::string& folder) {
  return status_of(folder, disk_.remove(folder));
}

leveldb::Status DiskEnvironment::GetFileSize(const std::string& path, std::uint64_t* size) {
  const Result<std::uint64_t> found = disk_.size(path);
  *size = found ? *found : 0;
  return found ? leveldb::Status::OK() : status_of(path, found.error());
}

leveldb::Status DiskEnvironment::RenameFile(const std::string& from, const std::string& to) {
  return status_of(from, disk_.rename(from, to));
}

leveldb::Status DiskEnvironment::LockFile(const std::string& /*path*/, leveldb::FileLock** lock) {
  *lock = new leveldb::FileLock;
  return leveldb::Status::OK();
}

leveldb::Status DiskEnvironment::UnlockFile(leveldb::FileLock* lock) {
  delete lock;
  return leveldb::Status::OK();
}

void DiskEnvironment::Schedule(void (*work)(void*), void* argument) {
  scheduled_.emplace_back(work, argument);
}

void DiskEnvironment::StartThread(void (* /*work*/)(void*), void* /*argument*/) {
  CHECK(false && "LevelDB starts no threads but through Schedule");
}

leveldb::Status DiskEnvironment::GetTestDirectory(std::string* /*path*/) {
  return leveldb::Status::NotSupported("not for LevelDB's own tests");
}

leveldb::Status DiskEnvironment::NewLogger(const std::string& /*path*/, leveldb::Logger** logger) {
  *logger = new SilentLogger;
  return leveldb::Status::OK();
}

}  // namespace peerstore::world
