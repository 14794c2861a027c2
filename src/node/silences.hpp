// Silences: for how long each friend has not been heard from, over all runs of this process.
//
// A machine that is away for longer than the policy's grace is replaced by others. Counted from the start
// of the process alone, a daemon that is restarted every week would never see a friend go. What counts is the
// time in which this process listened and did not hear the friend: no wall clock is believed, and a machine
// that slept itself blames nobody. Kept in the file "silences", a line a friend, written rarely: what
// a crash takes from it is an hour, and makes repair later, never earlier.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/disk.hpp>
#include <peerstore/wire/types.hpp>

#include <map>

namespace peerstore::node {

using Silences = std::map<wire::MemberId, Duration>;

// Empty if there is no such file, or if it is damaged: then all are counted from now.
Silences load_silences(Disk& disk);
Result<void> save_silences(Disk& disk, const Silences& silences);

}  // namespace peerstore::node
