// Disk: the files a node or client keeps for itself, below one folder.
//
// Every crash point goes through here, so that the simulator can stop, tear, drop or refuse at
// each call. Paths are relative to the root, with '/' between names. Calls block, are
// thread-safe, and belong on Workers. What the caller must know about durability:
//   - write() and append() are durable only after sync() of that file;
//   - a new, renamed or removed name is durable only after sync_folder() of its folder;
//   - rename() is atomic;
//   - a failed sync is fatal for what was written since the last good one: reopen from disk,
//     never retry (Rebello et al., ATC 2020).
#pragma once

#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore {

class Disk {
 public:
  struct Entry {
    std::string name;  // without its folder
    bool is_folder = false;
    std::uint64_t size = 0;
  };
  struct Space {
    std::uint64_t total = 0;
    std::uint64_t free = 0;
  };

  // A file that is being written, from its beginning. Destroying it closes it without a sync.
  class Writer {
   public:
    virtual ~Writer() = default;
    virtual Result<void> append(ByteView bytes) = 0;
    virtual Result<void> write_at(std::uint64_t offset, ByteView bytes) = 0;
    virtual Result<void> sync() = 0;
  };

  virtual ~Disk() = default;

  // Creates or empties `path`; its folder must exist.
  virtual Result<std::unique_ptr<Writer>> create(std::string_view path) = 0;
  // At most `size` bytes from `offset`; fewer at the end of the file.
  virtual Result<Bytes> read(std::string_view path, std::uint64_t offset, std::size_t size) = 0;
  virtual Result<std::uint64_t> size(std::string_view path) = 0;
  virtual Result<void> rename(std::string_view from, std::string_view to) = 0;
  virtual Result<void> remove(std::string_view path) = 0;  // a file or an empty folder
  // Makes the folder and those above it; no error if it is there.
  virtual Result<void> make_folder(std::string_view path) = 0;
  virtual Result<void> sync_folder(std::string_view path) = 0;
  // In order of name.
  virtual Result<std::vector<Entry>> list(std::string_view folder) = 0;
  virtual Result<Space> space() = 0;

  // The whole file, if it is not larger than `limit` (Errc::corrupt if it is).
  Result<Bytes> read_all(std::string_view path, std::size_t limit);
  // Writes beside `path`, syncs, renames over it, syncs the folder: after it returns the new
  // content is durable; whenever it fails the old content is untouched.
  Result<void> replace(std::string_view path, ByteView content);
};

}  // namespace peerstore
