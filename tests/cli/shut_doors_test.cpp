#include "cli/shut_doors.hpp"

#include <gtest/gtest.h>

namespace peerstore::cli {
namespace {

const Error kShut =
    fail(Errc::refused, "the other side refused the link: " + std::string(link::kNoMemberAnyMore));
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

TEST(ShutDoors, AreNotThoseOfWhomThisMachineIsNotKnownTo) {
  ShutDoors doors;
  doors.failed(
      fail(Errc::refused, "the other side refused the link: not known here as a member of this ring"));
  EXPECT_FALSE(doors.are_all()) << "it starts, or has slept since before this one joined";
}

TEST(ShutDoors, AreNotAllIfOneOpens) {
  ShutDoors doors;
  doors.failed(kShut);
  doors.open();
  EXPECT_FALSE(doors.are_all());
}

}  // namespace
}  // namespace peerstore::cli
