#include "cli/shut_doors.hpp"

#include <gtest/gtest.h>

namespace peerstore::cli {
namespace {

const Error kShut =
    fail(Errc::refused, "the other side refused the link: not a member of this ring, or no longer");
const Error kSilent = fail(Errc::unreachable, "10.0.0.1:4747: connection refused");

TEST(ShutDoors, AreAllIfOneIsAndNobodyAnswersOtherwise) {
  ShutDoors doors;
  doors.failed(kSilent);
  EXPECT_FALSE(doors.are_all());
  doors.failed(kShut);
  doors.failed(fail(Errc::timed_out, "no answer"));
  EXPECT_TRUE(doors.are_all());
  doors.failed(fail(Errc::refused, "another machine answers at this address"));
  EXPECT_FALSE(doors.are_all());
}

TEST(ShutDoors, AreNotAllIfOneOpens) {
  ShutDoors doors;
  doors.failed(kShut);
  doors.open();
  EXPECT_FALSE(doors.are_all());
}

}  // namespace
}  // namespace peerstore::cli
