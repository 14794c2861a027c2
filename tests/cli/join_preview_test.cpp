#include "cli/join_preview.hpp"

#include "cli/door_errors.hpp"

#include <peerstore/membership/refusal.hpp>

#include <gtest/gtest.h>

namespace peerstore::cli {
namespace {

const wire::JoinShare kAnna{
    .machine = "anna", .chunks = 2, .bytes = 2'000'000, .bytes_freed = 1'000'000, .answered = true};
const wire::JoinShare kBob{.machine = "bob"};

bool says(const std::string& words, std::string_view part) { return words.find(part) != std::string::npos; }

TEST(JoinPreview, NamesWhoDoesNotSayAndThenKnowsNoMoreThanTheLeast) {
  EXPECT_TRUE(says(join_preview_in_words({kAnna}, 10'000'000), "In all 2.0 MB would come, in 2 pieces"));
  const std::string open = join_preview_in_words({kAnna, kBob}, 10'000'000);
  EXPECT_TRUE(says(open, "bob does not say"));
  EXPECT_TRUE(says(open, "In all at least 2.0 MB would come"));
}

TEST(JoinPreview, IsNoSmallSumWhereAFriendNamesAnEnormousOne) {
  wire::JoinShare liar = kAnna;
  liar.bytes = UINT64_MAX;
  EXPECT_TRUE(says(join_preview_in_words({kAnna, liar}, 10'000'000), "too little room"));
}

Error refusal(membership::Refusal why) { return fail(Errc::refused, std::string(words_of(why))); }

TEST(DoorErrors, TellWhatTheRingSaidAndNotThatAnotherDoorIsShut) {
  DoorErrors errors;
  EXPECT_FALSE(errors.are_final_with(fail(Errc::unreachable, "nobody is there")));
  EXPECT_TRUE(errors.are_final_with(refusal(membership::Refusal::expired)));
  EXPECT_EQ(membership::refusal_in(errors.told()), membership::Refusal::expired);
  // Nor that of one who is busy, after one who refused.
  DoorErrors others;
  EXPECT_FALSE(others.are_final_with(fail(Errc::refused, "not today")));
  EXPECT_FALSE(others.are_final_with(fail(Errc::busy, "somebody else was just told")));
  EXPECT_EQ(others.told().code, Errc::refused);
}

TEST(DoorErrors, DoNotTakeAnInvitationForForgedWhileOneWhoMayKnowItIsSilent) {
  DoorErrors errors;
  EXPECT_FALSE(errors.are_final_with(refusal(membership::Refusal::forged)));
  EXPECT_EQ(membership::refusal_in(errors.told()), membership::Refusal::forged);
  EXPECT_FALSE(errors.are_final_with(fail(Errc::timed_out, "no answer")));
  EXPECT_EQ(errors.told().code, Errc::unreachable);
}

}  // namespace
}  // namespace peerstore::cli
