#include <peerstore/chord/finger_table.hpp>
#include <peerstore/runtime/random.hpp>

#include <chord/ring_world.hpp>

#include <algorithm>
#include <bit>

namespace peerstore::chord {
namespace {

constexpr TimePoint kLongAgo{};
const TimePoint kNow = kLongAgo + 1h;

ring::Id drawn(SeededRandom& random) {
  ring::Id id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return id;
}

TEST(FingerTable, NeverHoldsItsOwner) {
  FingerTable table(point(10));
  table.add(point(10), kNow);
  EXPECT_EQ(table.size(), 0U);
}

TEST(FingerTable, KeepsASampleThatIsDenseNearSelfAndSparseFarAway) {
  SeededRandom random(1);
  const ring::Id self = drawn(random);
  FingerTable table(self);
  for (int i = 0; i < 100'000; ++i) table.add(drawn(random), kNow);
  // Three in each of four cells of each of about log2(100,000) octaves.
  EXPECT_LE(table.size(), 12U * 18U);
  EXPECT_GE(table.size(), 12U * 13U);
  std::size_t in_the_far_half = 0;
  for (const wire::MemberId& member : table.members()) {
    if (ring::distance(self, member).bytes[0] >= 128) ++in_the_far_half;
  }
  EXPECT_EQ(in_the_far_half, 12U);
}

TEST(FingerTable, GivesUpTheOneOfACellThatShowedLifeLeastLately) {
  FingerTable table(point(0));
  table.add(point(129), kNow);
  table.add(point(130), kLongAgo);
  table.add(point(131), kNow);
  table.add(point(132), kNow);
  EXPECT_EQ(table.members(), (std::vector{point(129), point(131), point(132)}));
}

TEST(FingerTable, AnOlderSignOfLifeChangesNothing) {
  FingerTable table(point(0));
  table.add(point(129), kNow);
  table.add(point(129), kLongAgo);
  for (unsigned i = 0; i < 3; ++i) table.add(point(130 + i), kLongAgo + 1min);
  EXPECT_EQ(table.members().front(), point(129));
}

TEST(FingerTable, ForgetsWhoFailed) {
  FingerTable table(point(0));
  table.add(point(129), kNow);
  table.remove(point(129));
  EXPECT_TRUE(table.members().empty());
}

TEST(FingerTable, NamesTheNearestBeforeTheKeyAndNeverBeyondSelf) {
  FingerTable table(point(100));
  for (const unsigned place : {110U, 150U, 200U, 20U, 90U}) table.add(point(place), kNow);
  EXPECT_EQ(table.closest_preceding(point(30), 3, kLongAgo),
            (std::vector{point(20), point(200), point(150)}));
  EXPECT_EQ(table.closest_preceding(point(105), 3, kLongAgo), std::vector<wire::MemberId>());
  EXPECT_EQ(table.closest_preceding(point(150), 3, kLongAgo), std::vector{point(110)})
      << "whoever stands on the key is its successor";
  EXPECT_EQ(table.closest_preceding(point(100), 1, kLongAgo), std::vector{point(90)}) << "once around";
}

TEST(FingerTable, PrefersThoseWhoShowedLifeLately) {
  FingerTable table(point(100));
  table.add(point(110), kNow);
  table.add(point(150), kLongAgo);
  table.add(point(200), kLongAgo);
  EXPECT_EQ(table.closest_preceding(point(210), 2, kNow), (std::vector{point(110), point(200)}));
}

TEST(FingerTable, ClosestPrecedingIsWhatASearchThroughAllWouldFind) {
  SeededRandom random(7);
  for (int round = 0; round < 50; ++round) {
    const ring::Id self = drawn(random);
    FingerTable table(self);
    for (int i = 0; i < 60; ++i) table.add(drawn(random), kNow);
    const ring::Id key = drawn(random);
    std::vector<wire::MemberId> before = table.members();
    std::erase_if(before, [&](const wire::MemberId& member) { return !ring::in_open(self, member, key); });
    std::ranges::sort(before, {}, [&](const wire::MemberId& member) { return ring::distance(member, key); });
    if (before.size() > 3) before.resize(3);
    EXPECT_EQ(table.closest_preceding(key, 3, kLongAgo), before);
  }
}

// ---- what is worth a question ----

TEST(FingerTable, HasNothingToRefreshWhenEachOctaveShowedLife) {
  FingerTable table(point(0));
  for (const unsigned place : {17U, 33U, 65U, 129U}) table.add(point(place), kNow);
  EXPECT_FALSE(table.next_to_refresh(point(15), kNow, point(5)));
}

TEST(FingerTable, RefreshesTheOctaveThatIsStaleThroughItsMember) {
  FingerTable table(point(0));
  for (const unsigned place : {17U, 33U, 129U}) table.add(point(place), kNow);
  table.add(point(65), kLongAgo);
  const auto refresh = table.next_to_refresh(point(15), kNow, point(5));
  ASSERT_TRUE(refresh);
  EXPECT_EQ(refresh->member, point(65));
}

TEST(FingerTable, RefreshesAnEmptyOctaveFirstAndNamesAPointInIt) {
  FingerTable table(point(0));
  for (const unsigned place : {17U, 129U}) table.add(point(place), kLongAgo);
  table.add(point(65), kNow);
  const auto refresh = table.next_to_refresh(point(15), kNow, point(5));
  ASSERT_TRUE(refresh);
  EXPECT_FALSE(refresh->member);
  EXPECT_GE(refresh->point.bytes[0], 32);
  EXPECT_LT(refresh->point.bytes[0], 64);
}

TEST(FingerTable, LeavesWhatTheSuccessorListReachesToTheSuccessorList) {
  FingerTable table(point(0));
  table.add(point(129), kNow);
  EXPECT_FALSE(table.next_to_refresh(point(70), kNow, point(5)));
}

}  // namespace
}  // namespace peerstore::chord
