// Files: the owner's own files, as a backup reads and a restore writes them. Names are raw
// bytes. Calls block, are thread-safe, and never follow symbolic links.
#pragma once

#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore {

enum class FileKind : std::uint8_t { file = 1, folder = 2, symlink = 3, other = 4 };

struct FileFacts {
  FileKind kind = FileKind::file;
  std::uint32_t mode = 0;  // permission bits, 07777
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::int64_t modified_ns = 0;  // since 1970
  std::int64_t changed_ns = 0;   // ctime; not restored
  std::uint64_t size = 0;        // of a file
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint32_t links = 1;
  bool operator==(const FileFacts&) const = default;
};

class Files {
 public:
  class Reader {
   public:
    virtual ~Reader() = default;
    // At most `size` bytes, fewer only at the end of the file.
    virtual Result<Bytes> read(std::size_t size) = 0;
    // Of the open file, as it is now.
    virtual Result<FileFacts> facts() = 0;
  };
  class Writer {
   public:
    virtual ~Writer() = default;
    virtual Result<void> append(ByteView bytes) = 0;
    // Sets mode, owner (where allowed) and times, syncs, and moves the file to its name.
    virtual Result<void> finish(const FileFacts& facts) = 0;
  };

  virtual ~Files() = default;
  // Errc::not_found if there is nothing at `path`.
  virtual Result<FileFacts> facts(const std::string& path) = 0;
  // Names only, without "." and "..", in byte order.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  virtual Result<std::unique_ptr<Reader>> open(const std::string& path) = 0;
  virtual Result<std::string> read_link(const std::string& path) = 0;

  // A new file that appears at `path` only with finish(); destroyed before, it leaves nothing.
  // Errc::refused if `path` exists and not `overwrite`.
  virtual Result<std::unique_ptr<Writer>> create(const std::string& path, bool overwrite) = 0;
  // No error if the folder is there already. Does not make the folders above it.
  virtual Result<void> make_folder(const std::string& path) = 0;
  virtual Result<void> make_symlink(const std::string& target, const std::string& path) = 0;
  virtual Result<void> make_hard_link(const std::string& existing, const std::string& path) = 0;
  // Mode, owner (where allowed) and times of a folder, or of a link itself.
  virtual Result<void> set_facts(const std::string& path, const FileFacts& facts) = 0;
};

}  // namespace peerstore
