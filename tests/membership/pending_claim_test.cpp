#include <peerstore/membership/pending_claim.hpp>

#include <gtest/gtest.h>

#include <membership/test_ring.hpp>

namespace peerstore::membership {
namespace {

TEST(PendingClaim, GetsTheSameAnswerWhenItAsksAgainAfterARestart) {
  TestRing ring;
  const InvitationLink link = ring.invite("bob");
  const PendingClaim claim{to_text(link), ring.claim(link, "bob")};
  const Bytes kept = encode(claim);
  // It was let in, and never heard of it.
  ring.state(claim.identity.proof);

  auto again = decode_pending_claim(kept);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->link, claim.link);
  EXPECT_EQ(again->identity.person_secret, claim.identity.person_secret);
  EXPECT_EQ(again->identity.drive_secret, claim.identity.drive_secret);
  EXPECT_EQ(again->identity.writer_secret, claim.identity.writer_secret);
  ASSERT_EQ(again->identity.proof, claim.identity.proof);
  EXPECT_TRUE(complete_identity(ring.signatures, again->identity, ring.roster->statements()));
  EXPECT_NE(ring.roster->find(again->identity.member), nullptr);
}

TEST(PendingClaim, IsCorruptWhenAnyByteWasChanged) {
  TestRing ring;
  const InvitationLink link = ring.invite("bob");
  const Bytes good = encode(PendingClaim{to_text(link), ring.claim(link, "bob")});
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    EXPECT_FALSE(decode_pending_claim(bad)) << i;
    EXPECT_FALSE(decode_pending_claim(ByteView(good).first(i))) << i;
  }
}

}  // namespace
}  // namespace peerstore::membership
