// Paths: local ones as a backup is given them, and remote ones, which are the same without the
// leading slash. Names are raw bytes with '/' between them.
#pragma once

#include <peerstore/runtime/result.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::drive {

// The names in the path. Slashes that are doubled, or at the ends, do not matter.
std::vector<std::string> path_parts(std::string_view path);
// `folder` may be empty: the top.
std::string join(std::string_view folder, std::string_view name);
// Whether the remote path is the folder, or lies in it. Both as join() makes them.
bool is_within(std::string_view path, std::string_view folder);
// The remote path of an absolute local one: "/home//ann/" is "home/ann", "/" is "".
// Errc::invalid for a path that is relative, has "." or ".." in it, or a name that is not one.
Result<std::string> remote_from_local(std::string_view local);

// The folders and files that one backup was given, as a tree of names, from the top down. What lies below
// another root is part of that one, and is kept here because nothing that was named is left out of it.
struct RootTree {
  bool is_root = false;
  std::map<std::string, RootTree> below;

  void add(std::string_view remote);
  // Those that lie in no other, in byte order.
  std::vector<std::string> roots() const;
  // Whether some lies in another.
  bool has_nested() const;
  // What was named at the path or below it; null if nothing was.
  const RootTree* find(std::string_view remote) const;
};

}  // namespace peerstore::drive
