#include "remote_path.hpp"

#include "tree.hpp"

#include <algorithm>

namespace peerstore::drive {

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

std::string join(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path += name;
}

bool is_within(std::string_view path, std::string_view folder) {
  if (folder.empty() || path == folder) return true;
  return path.starts_with(folder) && path[folder.size()] == '/';
}

Result<std::string> remote_from_local(std::string_view local) {
  if (!local.starts_with('/')) return fail(Errc::invalid, std::string(local) + ": not an absolute path");
  std::string remote;
  for (const std::string& name : path_parts(local)) {
    if (!is_plain_name(name))
      return fail(Errc::invalid, std::string(local) + ": not a path that can be kept");
    remote = join(remote, name);
  }
  return remote;
}

void RootTree::add(std::string_view remote) {
  RootTree* node = this;
  for (const std::string& name : path_parts(remote)) node = &node->below[name];
  node->is_root = true;
}

bool RootTree::has_nested() const {
  if (is_root) return !below.empty();
  return std::ranges::any_of(below, [](const auto& child) { return child.second.has_nested(); });
}

const RootTree* RootTree::find(std::string_view remote) const {
  const RootTree* node = this;
  for (const std::string& name : path_parts(remote)) {
    const auto next = node->below.find(name);
    if (next == node->below.end()) return nullptr;
    node = &next->second;
  }
  return node;
}

std::vector<std::string> RootTree::roots() const {
  if (is_root) return {""};
  std::vector<std::string> roots;
  for (const auto& [name, child] : below) {
    for (const std::string& root : child.roots()) {
      roots.push_back(root.empty() ? name : join(name, root));
    }
  }
  return roots;
}

}  // namespace peerstore::drive
