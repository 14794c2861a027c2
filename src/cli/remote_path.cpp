#include "remote_path.hpp"

namespace peerstore::cli {

std::string remote_path(std::string_view text) {
  std::string path;
  while (!text.empty()) {
    const std::size_t slash = text.find('/');
    const std::string_view name = text.substr(0, slash);
    if (!name.empty() && name != ".") {
      if (!path.empty()) path += '/';
      path += name;
    }
    if (slash == std::string_view::npos) break;
    text.remove_prefix(slash + 1);
  }
  return path;
}

std::string last_name(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

}  // namespace peerstore::cli
