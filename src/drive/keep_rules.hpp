// Which snapshots stay when a person says how many to keep. Pure.
#pragma once

#include <peerstore/drive/drive.hpp>

#include <set>
#include <string>
#include <vector>

namespace peerstore::drive {

// The ids of those that stay, of each machine and set of paths for itself: the last ones, and the newest of
// so many days, weeks (from Monday), months and years that have one.
std::set<std::string> kept_by(const KeepRules& rules, const std::vector<Snapshot>& snapshots);

}  // namespace peerstore::drive
