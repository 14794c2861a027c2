#include "commands.hpp"

#include <peerstore/simulator/simulator.hpp>

#include <boost/json/object.hpp>

#include <csignal>
#include <cstdio>

namespace peerstore::cli {}  // namespace peerstore::cli
