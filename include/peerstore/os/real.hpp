// The real implementations of runtime's interfaces that need the operating system.
#pragma once

#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/files.hpp>
#include <peerstore/runtime/key_value.hpp>
#include <peerstore/runtime/random.hpp>

#include <memory>
#include <string>

namespace peerstore::os {

// Files below `root`, which is created (mode 0700) if it is not there.
Result<std::unique_ptr<Disk>> open_disk(const std::string& root);

std::unique_ptr<Files> open_files();

// LevelDB at `path`, for rows that can be made again (database/leveldb_key_value.hpp): what is damaged is
// mended or set aside, and said in the log. Errc::busy if another process has it.
Result<std::unique_ptr<KeyValue>> open_key_value(const std::string& path);
// An empty one instead of what is there, which is set aside.
Result<std::unique_ptr<KeyValue>> begin_key_value_anew(const std::string& path);

// libsodium's randombytes.
class SystemEntropy final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// An exclusive lock on "<home>/<name>", held until destroyed or the process ends.
// Errc::busy names the process that has it.
class HomeLock {
 public:
  static Result<std::unique_ptr<HomeLock>> take(const std::string& home, const std::string& name);
  ~HomeLock();
  HomeLock(const HomeLock&) = delete;
  HomeLock& operator=(const HomeLock&) = delete;

 private:
  explicit HomeLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// No core dumps, no tracing by others: this process holds keys.
void protect_process();
// For a process that moves much data through buffers which live shortly: memory that was freed is used again,
// instead of being given back to the system, asked for and filled with zeros each time. Costs up to 32 MiB.
void keep_freed_memory();

}  // namespace peerstore::os
