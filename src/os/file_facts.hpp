// FileFacts from and to the file system.
#pragma once

#include <sys/stat.h>
#include <peerstore/runtime/files.hpp>

namespace peerstore::os {

FileFacts facts_from(const struct stat& status);

// Of whatever is at the path; those that may be read, in byte order of their names.
Result<FileAttributes> attributes_at(const std::string& path);

// Owner, attributes, mode and times of an open file. An owner that may not be set is left, and takes the
// set-user and set-group bits with it: they would lend out somebody else's rights. Returns the names
// of attributes that the system does not take.
Result<std::vector<std::string>> apply_facts(int file, const FileFacts& facts,
                                             const FileAttributes& attributes, const std::string& path);

// The same for whatever is at `path`, of a symbolic link the link itself (which has no mode).
Result<std::vector<std::string>> apply_facts_at(const std::string& path, const FileFacts& facts,
                                                const FileAttributes& attributes);

}  // namespace peerstore::os
