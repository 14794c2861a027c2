// DiskClaim: whose disk this is.
//
// The file "member" names the machine whose node uses the disk. A node does not start on the disk of another
// machine: the chunks on it are not those that it has signed for, and their classes may be ones
// that it must never hold.
#pragma once

#include <peerstore/runtime/disk.hpp>
#include <peerstore/wire/types.hpp>

namespace peerstore::node {

// Errc::refused if it is another's. Claims it if nobody has, or if the file is damaged. Blocking.
Result<void> claim_disk(Disk& disk, const wire::MemberId& self);

}  // namespace peerstore::node
