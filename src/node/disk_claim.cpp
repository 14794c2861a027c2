#include "node/disk_claim.hpp"

#include <peerstore/crypto/hash.hpp>

namespace peerstore::node {

namespace {

constexpr std::string_view kPath = "member";
constexpr std::size_t kChecksumBytes = 8;

// The identifier, and a checksum against damage.
Bytes mark_of(ByteView member) {
  const crypto::Hash sum = crypto::hash("whose disk it is", {member});
  Bytes mark(member.begin(), member.end());
  mark.insert(mark.end(), sum.bytes.begin(), sum.bytes.begin() + kChecksumBytes);
  return mark;
}

}  // namespace

Result<void> claim_disk(Disk& disk, const wire::MemberId& self) {
  const Bytes own = mark_of(self.view());
  const Result<Bytes> found = disk.read_all(kPath, own.size());
  if (!found) {
    const bool unreadable = found.error().code != Errc::not_found && found.error().code != Errc::corrupt;
    if (unreadable) return found.error_in("whose disk it is");
  } else if (*found == own) {
    return {};
  } else if (found->size() == own.size() && *found == mark_of(ByteView(*found).first(self.view().size()))) {
    return fail(Errc::refused,
                "the folder of this node belongs to another machine of the ring: put its own back, or move "
                "the folder 'node' aside to begin with an empty one");
  }
  return disk.replace(kPath, own);
}

}  // namespace peerstore::node
