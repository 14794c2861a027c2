// FileFacts from and to the file system.
#pragma once

#include <sys/stat.h>
#include <peerstore/runtime/files.hpp>

namespace peerstore::os {

FileFacts facts_from(const struct stat& status);

// Mode, owner and times of an open file. An owner that may not be set is left, and takes the
// set-user and set-group bits with it: they would lend out somebody else's rights.
Result<void> apply_facts(int file, const FileFacts& facts, const std::string& path);

// The same for whatever is at `path`, of a symbolic link the link itself (which has no mode).
Result<void> apply_facts_at(const std::string& path, const FileFacts& facts);

}  // namespace peerstore::os
