// FolderMemory: how the files of one folder were when they were last read, and the blobs that they
// became, so that a file that has not changed since need not be read again.
//
// Kept in the local cache, in parts of so many names, each under the folder's path and its first
// name, so that no folder is too large for memory: the walk goes through the names in byte order,
// and the memory beside it. A folder that vanished is forgotten with all below it. docs/formats.md,
// "Local cache".
#pragma once

#include <peerstore/runtime/files.hpp>
#include <peerstore/vault/local_cache.hpp>

#include "tree.hpp"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace peerstore::drive {

struct RememberedFile {
  std::string name;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  BlobList content;
  bool operator==(const RememberedFile&) const = default;

  // Whether the file is as it was then.
  bool is_as(const FileFacts& facts) const {
    return facts.kind == FileKind::file && facts.modified_ns == modified_ns &&
           facts.changed_ns == changed_ns && facts.size == size && facts.inode == inode;
  }
};

struct RememberedPart {
  std::vector<RememberedFile> files;  // names rising
  std::vector<std::string> folders;
  std::optional<std::string> next;  // the first name of the next part
  bool operator==(const RememberedPart&) const = default;
};
inline constexpr std::size_t kRememberedNamesMax = 512;  // in a part

Bytes encode(const RememberedPart& part);
Result<RememberedPart> decode_remembered_part(ByteView bytes);

class FolderMemory {
 public:
  using Rows = std::vector<vault::LocalCache::Row>;

  // Without a cache nothing is known, and nothing kept.
  FolderMemory(const vault::LocalCache* cache, std::string path) : cache_(cache), path_(std::move(path)) {}

  // Loads what is known of names up to this one. Blocking: belongs on workers.
  void load_to(const std::string& name);
  // What is known of the file. Of names that were loaded, in rising order; valid until the next call.
  const RememberedFile* find(const std::string& name);

  // What is there now, in rising order.
  void note_file(RememberedFile file);
  void note_folder(std::string name);
  // The rows that have changed, when everything is noted. Blocking.
  Rows finish();

 private:
  void begin_part_if_full(const std::string& name);
  void end_part(std::optional<std::string> next);
  void load_next();
  static void forget(const vault::LocalCache& cache, const std::string& path, Rows& rows, std::size_t depth);

  const vault::LocalCache* cache_;
  std::string path_;
  // As it was.
  std::optional<std::string> next_ = "";  // the part to be loaded next
  std::deque<RememberedFile> files_;      // loaded, not passed yet
  std::map<std::string, Bytes> parts_;    // hashes of what was loaded, by first name
  std::set<std::string> folders_;         // that were there and are not noted yet
  // As it is.
  RememberedPart part_;
  std::string first_name_;
  std::set<std::string> noted_folders_;
  Rows changes_;
};

}  // namespace peerstore::drive
