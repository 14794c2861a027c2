#include <peerstore/membership/refusal.hpp>

#include <gtest/gtest.h>

namespace peerstore::membership {
namespace {

TEST(Refusal, IsFoundAgainInWhatAFriendSaid) {
  for (const Refusal refusal : {Refusal::cut_off, Refusal::mistyped, Refusal::foreign_ring, Refusal::forged,
                                Refusal::used, Refusal::expired, Refusal::withdrawn}) {
    const Error said = fail(Errc::refused, "192.0.2.1:7000: " + std::string(words_of(refusal)) + ", sorry");
    EXPECT_EQ(refusal_in(said), refusal);
  }
  EXPECT_EQ(refusal_in(fail(Errc::refused, "h:1: another machine answers at this address")),
            Refusal::foreign_ring);
  EXPECT_EQ(refusal_in(fail(Errc::refused, "something else")), std::nullopt);
}

}  // namespace
}  // namespace peerstore::membership
