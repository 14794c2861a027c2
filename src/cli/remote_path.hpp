// Remote paths: the absolute local path at backup, without its leading slash.
#pragma once

#include <string>
#include <string_view>

namespace peerstore::cli {

// "/home/alice/x", "home/alice/x/" and "./home/alice/x" all mean home/alice/x.
std::string remote_path(std::string_view text);
// What stands after the last slash.
std::string last_name(std::string_view path);

}  // namespace peerstore::cli
