// Reading the owner's files as they are now. A file that changes while it is read is read again, a
// few times; then it is kept as it was read, and marked. Blocking: belongs on workers.
#pragma once

#include <peerstore/runtime/files.hpp>
#include <peerstore/vault/blob.hpp>

#include <optional>

namespace peerstore::drive {

inline constexpr int kReadAttempts = 3;

// Whether somebody wrote to the file between the two looks at it.
bool same_state(const FileFacts& before, const FileFacts& after);

// A file that is one blob, or none if it is empty.
struct SmallFile {
  FileFacts facts;
  Bytes content;
  vault::BlobId id;
  bool changed = false;  // at every attempt
};

// Nothing if the file has more than `limit` bytes by now, or is no file any more.
Result<std::optional<SmallFile>> read_small_file(Files& files, const vault::VaultKeys& keys,
                                                 const std::string& path, std::size_t limit);

// A folder's names, or some of them, and what they are.
struct NamedFacts {
  std::string name;
  Result<FileFacts> facts;
};
std::vector<NamedFacts> read_facts(Files& files, const std::string& folder, std::vector<std::string> names);

}  // namespace peerstore::drive
