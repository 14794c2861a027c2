// PathPattern: which paths a person means by "*.o", "/home/ann/cache/" or "src/**/tmp".
//
// `*` is any part of a name, `?` one byte of it, `[a-z]` and `[!a-z]` one of some bytes, `**` as a
// whole name any number of folders, `\` takes the next byte as it is. A pattern that begins with '/' is of a
// whole path; any other of its last names. One that ends with '/' is of folders alone. Names are
// raw bytes. docs/commands.md, "Patterns".
#pragma once

#include <peerstore/runtime/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace peerstore::drive {

class PathPattern {
 public:
  // Errc::invalid for one that could match nothing.
  static Result<PathPattern> parse(std::string_view text);

  // `path` with or without a slash in front.
  bool matches(std::string_view path, bool is_folder) const;

 private:
  PathPattern() = default;

  std::vector<std::string> names_;
  bool folders_only_ = false;
};

// One name against a pattern without '/'.
bool name_matches(std::string_view pattern, std::string_view name);

}  // namespace peerstore::drive
