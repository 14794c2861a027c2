// Files: the owner's own files, as a backup reads and a restore writes them. Names are raw
// bytes. Calls block, are thread-safe, and never follow symbolic links.
#pragma once

#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
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

// An extended attribute, by its whole name ("user.comment").
struct FileAttribute {
  std::string name;
  Bytes value;
  bool operator==(const FileAttribute&) const = default;
};
using FileAttributes = std::vector<FileAttribute>;

// What may own a file.
enum class Account : std::uint8_t { user, group };

// Whether what was written has to be on the disk when the call returns, or when the system likes.
enum class Durable : std::uint8_t { now, later };

class Files {
 public:
  class Reader {
   public:
    virtual ~Reader() = default;
    // At most `size` bytes from where the reader is, fewer only at the end of the file.
    virtual Result<Bytes> read(std::size_t size) = 0;
    // Where the first byte from `offset` on is that the disk keeps; what lies before it reads as
    // zeros. The size of the file if there is none.
    virtual Result<std::uint64_t> next_data(std::uint64_t offset) = 0;
    // The next read() begins there.
    virtual void move_to(std::uint64_t offset) = 0;
    // Of the open file, as it is now.
    virtual Result<FileFacts> facts() = 0;
  };
  class Writer {
   public:
    virtual ~Writer() = default;
    // Long stretches of zeros may become holes.
    virtual Result<void> append(ByteView bytes) = 0;
    // Sets owner (where allowed), attributes, mode and times, and moves the file to its name.
    // Returns the names of attributes that the system does not take.
    virtual Result<std::vector<std::string>> finish(const FileFacts& facts,
                                                    const FileAttributes& attributes = {},
                                                    Durable durable = Durable::now) = 0;
  };

  virtual ~Files() = default;
  // Errc::not_found if there is nothing at `path`.
  virtual Result<FileFacts> facts(const std::string& path) = 0;
  // Names only, without "." and "..", in byte order.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  virtual Result<std::unique_ptr<Reader>> open(const std::string& path) = 0;
  virtual Result<std::string> read_link(const std::string& path) = 0;
  // Of a file or folder, by name in byte order: those that may be read. None where the disk knows none.
  virtual Result<FileAttributes> attributes(const std::string& path) = 0;

  // Empty if there is no such account here.
  virtual std::string account_name(Account kind, std::uint32_t number) = 0;
  virtual std::optional<std::uint32_t> account_number(Account kind, const std::string& name) = 0;

  // A new file that appears at `path` only with finish(); destroyed before, it leaves nothing.
  // Errc::refused if `path` exists and not `overwrite`.
  virtual Result<std::unique_ptr<Writer>> create(const std::string& path, bool overwrite) = 0;
  // No error if the folder is there already. Does not make the folders above it.
  virtual Result<void> make_folder(const std::string& path) = 0;
  virtual Result<void> make_symlink(const std::string& target, const std::string& path) = 0;
  virtual Result<void> make_hard_link(const std::string& existing, const std::string& path) = 0;
  // Owner (where allowed), attributes, mode and times of a file or folder, or of a link itself.
  // Returns the names of attributes that the system does not take.
  virtual Result<std::vector<std::string>> set_facts(const std::string& path, const FileFacts& facts,
                                                     const FileAttributes& attributes = {}) = 0;
  virtual Result<void> remove_file(const std::string& path) = 0;
  // Returns when everything that was written so far to the file system that has this folder is on its disk.
  virtual Result<void> sync(const std::string& folder) = 0;
  // Removes from this folder what create() left of files that were never finished, since the process was
  // killed. To be called only where nobody else is creating files.
  virtual Result<void> remove_unfinished(const std::string& folder) = 0;
};

}  // namespace peerstore
