#include "cli/shut_doors.hpp"

#include <gtest/gtest.h>

namespace peerstore::cli {
namespace {

const Error kShut =
    fail(Errc::refused, "h:1: " + std::string(link::kRefusedByMember) + std::string(link::kNoMemberAnyMore));
const Error kSilent = fail(Errc::unreachable, "10.0.0.1:4747: connection refused");

TEST(ShutDoors, AreAllIfOneIsAndNobodyAnswersOtherwise) {
  ShutDoors doors;
  doors.failed(kSilent);
  EXPECT_FALSE(doors.are_all());
  doors.failed(kShut);
  doors.failed(fail(Errc::timed_out, "no answer"));
  EXPECT_TRUE(doors.are_all());
  doors.failed(fail(Errc::busy, std::string(link::kRefusedByMember) + "too many links"));
  EXPECT_FALSE(doors.are_all());
}

TEST(ShutDoors, AreNotOpenForThatAStrangerAnswersWhereAMemberWas) {
  ShutDoors doors;
  doors.failed(kShut);
  for (const std::string said :
       {"another machine answers at this address", "the machine there is in another ring",
        "somebody who is no member here refused the link: this machine is in another ring"}) {
    doors.failed(fail(Errc::refused, said));
    EXPECT_TRUE(doors.are_all()) << said;
  }
}

TEST(ShutDoors, AreNotShutByTheWordOfAStranger) {
  ShutDoors doors;
  doors.failed(fail(Errc::refused, "somebody who is no member here refused the link: " +
                                       std::string(link::kNoMemberAnyMore)));
  EXPECT_FALSE(doors.are_all());
}

TEST(ShutDoors, AreNotThoseOfWhomThisMachineIsNotKnownTo) {
  ShutDoors doors;
  doors.failed(
      fail(Errc::refused, std::string(link::kRefusedByMember) + "not known here as a member of this ring"));
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
