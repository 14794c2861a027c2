// DiskEnvironment: the files, the time and the threads that LevelDB asks for, over a Disk.
//
// There are no threads: what LevelDB schedules waits until run_scheduled(), to be called after each
// call of the database. (Within one it would deadlock on the database's mutex.) Time stands still,
// locks are granted, and its log goes nowhere.
//
// A new file's name becomes durable with the first sync of its content. runtime/disk.hpp promises
// less, but LevelDB relies on it: it syncs a new log without its folder, as journalling file systems allow.
#pragma once

#include <leveldb/env.h>
#include <peerstore/runtime/disk.hpp>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace peerstore::world {

class DiskEnvironment final : public leveldb::Env {
 public:
  explicit DiskEnvironment(Disk& disk) : disk_(disk) {}

  void run_scheduled();

  leveldb::Status NewSequentialFile(const std::string& path, leveldb::SequentialFile** file) override;
  leveldb::Status NewRandomAccessFile(const std::string& path, leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& folder, std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& folder) override;
  leveldb::Status RemoveDir(const std::string& folder) override;
  leveldb::Status GetFileSize(const std::string& path, std::uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  void Schedule(void (*work)(void*), void* argument) override;
  void StartThread(void (*work)(void*), void* argument) override;
  leveldb::Status GetTestDirectory(std::string* path) override;
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** logger) override;
  std::uint64_t NowMicros() override { return 0; }
  // Whoever waits, waits for what was scheduled.
  void SleepForMicroseconds(int /*micros*/) override { run_scheduled(); }

 private:
  Disk& disk_;
  std::deque<std::pair<void (*)(void*), void*>> scheduled_;
};

}  // namespace peerstore::world
