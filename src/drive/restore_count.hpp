// How much there is below a folder of a snapshot, for the progress of a restore.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "tree_reader.hpp"

namespace peerstore::drive {

struct Amount {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // of a file with several names once
  Amount& operator+=(const Amount& more);
};

// Of the folder at `path` that has this content, without what is at the paths `elsewhere`. An error if a
// listing cannot be read.
Task<Result<Amount>> count_below(vault::Vault& vault, BlobList content, std::string path,
                                 std::set<std::string> elsewhere);

}  // namespace peerstore::drive
