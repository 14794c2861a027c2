#include "node/disk_claim.hpp"

#include <gtest/gtest.h>

#include <peerstore/world/virtual_disk.hpp>

namespace peerstore::node {
namespace {

wire::MemberId member(std::uint8_t number) {
  wire::MemberId id;
  id.bytes[0] = number;
  return id;
}

TEST(DiskClaim, IsKeptByWhoWasThereFirst) {
  world::VirtualDisk disk;
  ASSERT_TRUE(claim_disk(disk, member(1)));
  disk.crash();
  EXPECT_TRUE(claim_disk(disk, member(1)));
  const Result<void> another = claim_disk(disk, member(2));
  ASSERT_FALSE(another);
  EXPECT_EQ(another.error().code, Errc::refused);
  disk.wipe();
  EXPECT_TRUE(claim_disk(disk, member(2)));
}

TEST(DiskClaim, IsMadeAgainIfTheFileIsDamaged) {
  for (const std::uint64_t offset : {0, 31, 32, 39}) {
    world::VirtualDisk disk;
    ASSERT_TRUE(claim_disk(disk, member(1)));
    ASSERT_TRUE(disk.flip_bit("member", offset, 3));
    EXPECT_TRUE(claim_disk(disk, member(1))) << offset;
    EXPECT_FALSE(claim_disk(disk, member(2))) << offset;
  }
}

TEST(DiskClaim, WaitsForADiskThatFails) {
  world::VirtualDisk disk;
  ASSERT_TRUE(claim_disk(disk, member(1)));
  disk.faults().fail_call(1);
  EXPECT_EQ(claim_disk(disk, member(2)).error().code, Errc::io);
  EXPECT_EQ(claim_disk(disk, member(2)).error().code, Errc::refused);
}

}  // namespace
}  // namespace peerstore::node
