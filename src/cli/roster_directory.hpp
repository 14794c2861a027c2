// The network's directory, by the name that commands use.
#pragma once

#include <peerstore/node/roster_directory.hpp>

namespace peerstore::cli {
using node::RosterDirectory;
}
