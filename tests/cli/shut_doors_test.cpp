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
  const std::string stranger = "somebody who is no member here refused the link: ";
  for (const Error& said :
       {fail(Errc::refused, "another machine answers at this address"),
        fail(Errc::refused, "the machine there is in another ring"),
        fail(Errc::unreachable, stranger + "this machine is in another ring"),
        fail(Errc::unreachable, stranger + std::string(link::kRefusedByMember) + "busy")}) {
    doors.failed(said);
    EXPECT_TRUE(doors.are_all()) << said.message();
  }
}

TEST(ShutDoors, AreNotShutByTheWordOfAStranger) {
  const std::string stranger = "somebody who is no member here refused the link: ";
  ShutDoors doors;
  doors.failed(fail(Errc::unreachable, stranger + std::string(link::kNoMemberAnyMore)));
  // It may say whatever members do.
  doors.failed(fail(Errc::unreachable,
                    stranger + std::string(link::kRefusedByMember) + std::string(link::kNoMemberAnyMore)));
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
