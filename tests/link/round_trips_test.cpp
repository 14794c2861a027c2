#include <gtest/gtest.h>
#include <link/limits.hpp>
#include <link/round_trips.hpp>

namespace peerstore::link {
namespace {

TEST(RoundTrips, TrustTheCallerUntilThereAreEnoughMeasurements) {
  RoundTrips trips;
  for (int i = 0; i < kRoundTripSamplesMin; ++i) {
    EXPECT_EQ(trips.patience_within(10s), 10s);
    trips.answered_after(5ms);
  }
  EXPECT_EQ(trips.patience_within(10s), kRoundTripFloor);
  EXPECT_EQ(trips.patience_within(100ms), 100ms);
}

TEST(RoundTrips, WaitForTheMeanAndFourDeviations) {
  RoundTrips trips;
  for (int i = 0; i < 200; ++i) trips.answered_after(1s);
  EXPECT_GE(trips.patience_within(10s), 1s);
  EXPECT_LT(trips.patience_within(10s), 1100ms);
  for (int i = 0; i < 200; ++i) trips.answered_after(i % 2 == 0 ? 500ms : 1500ms);
  EXPECT_GT(trips.patience_within(10s), 2500ms);
  EXPECT_LT(trips.patience_within(10s), 4s);
}

TEST(RoundTrips, DoubleAfterEachQuestionGivenUp) {
  RoundTrips trips;
  for (int i = 0; i < 10; ++i) trips.answered_after(1ms);
  trips.gave_up();
  EXPECT_EQ(trips.patience_within(10s), 2 * kRoundTripFloor);
  trips.gave_up();
  EXPECT_EQ(trips.patience_within(10s), 4 * kRoundTripFloor);
  trips.answered_after(1ms);
  EXPECT_EQ(trips.patience_within(10s), kRoundTripFloor);
}

TEST(RoundTrips, AreMeasuredOnSmallQuestionsAlone) {
  EXPECT_TRUE(RoundTrips::measures(wire::GetNeighbours{}));
  EXPECT_TRUE(RoundTrips::measures(wire::FindSuccessor{}));
  EXPECT_TRUE(RoundTrips::measures(wire::Ping{}));
  EXPECT_FALSE(RoundTrips::measures(wire::PutCommit{}));
  EXPECT_FALSE(RoundTrips::measures(wire::GetSegment{}));
  EXPECT_FALSE(RoundTrips::measures(wire::ExchangeRoster{}));
}

}  // namespace
}  // namespace peerstore::link
