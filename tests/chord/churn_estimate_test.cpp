#include <peerstore/chord/churn_estimate.hpp>

#include <gtest/gtest.h>

namespace peerstore::chord {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// `members` are watched for so long, and each stays for `session`: looked at every ten seconds.
void watch(ChurnEstimate& estimate, TimePoint& now, Duration length, double members, Duration session) {
  for (const TimePoint end = now + length; now < end; now = now + 10s) {
    estimate.observe(now, members, members * 10 / seconds(session));
  }
}

TEST(ChurnEstimate, BeginsWithWhatItIsGiven) {
  EXPECT_EQ(ChurnEstimate(18h).mean_session(), Duration(18h));
  EXPECT_EQ(ChurnEstimate(2h).mean_session(), Duration(2h));
}

TEST(ChurnEstimate, FindsTheMeanSessionOfThoseItWatches) {
  ChurnEstimate estimate(18h);
  TimePoint now;
  watch(estimate, now, 30min, 500, 1h);
  EXPECT_NEAR(seconds(estimate.mean_session()), 3600, 800);
}

TEST(ChurnEstimate, FollowsAChangeWithinMinutes) {
  ChurnEstimate estimate(18h);
  TimePoint now;
  watch(estimate, now, 1h, 500, 8h);
  const Duration calm = estimate.mean_session();
  watch(estimate, now, 10min, 500, 2min);
  EXPECT_LT(estimate.mean_session(), calm / 20);
  watch(estimate, now, 2h, 500, 8h);
  EXPECT_GT(estimate.mean_session(), calm / 2);
}

TEST(ChurnEstimate, CalmNeverMakesItShorter) {
  ChurnEstimate estimate(2h);
  TimePoint now;
  Duration before = estimate.mean_session();
  for (int i = 0; i < 100; ++i) {
    watch(estimate, now, 10s, 8, 1000000h);
    EXPECT_GE(estimate.mean_session() + 1s, before);
    before = estimate.mean_session();
  }
}

TEST(ChurnEstimate, WhatItDidNotWatchWhileALidWasClosedDoesNotCount) {
  ChurnEstimate estimate(1h);
  TimePoint now;
  estimate.observe(now, 8, 0);
  estimate.observe(now + 24h, 8, 0);
  ChurnEstimate watching(1h);
  watching.observe(now, 8, 0);
  watching.observe(now + 600s, 8, 0);
  EXPECT_LE(estimate.mean_session(), watching.mean_session());
}

TEST(ChurnEstimate, TakesOthersWordUntilItHasSeenEnough) {
  ChurnEstimate estimate(18h);
  estimate.assume(2min);
  EXPECT_EQ(estimate.mean_session(), Duration(2min));
  TimePoint now;
  watch(estimate, now, 30min, 500, 1h);
  EXPECT_NEAR(seconds(estimate.mean_session()), 3600, 400);
}

TEST(ChurnEstimate, TakesABoundUntilItHasSeenMore) {
  ChurnEstimate estimate(18h);
  TimePoint now;
  watch(estimate, now, 10min, 16, 1000h);
  ASSERT_GT(estimate.mean_session(), Duration(10h));
  estimate.take_as_at_most(2h);
  EXPECT_LE(estimate.mean_session(), Duration(2h));
  watch(estimate, now, 30min, 500, 8h);
  EXPECT_GT(estimate.mean_session(), Duration(4h));
  const Duration known = ChurnEstimate(1h).mean_session();
  ChurnEstimate below(1h);
  below.take_as_at_most(2h);
  EXPECT_EQ(below.mean_session(), known) << "it makes nothing longer";
}

// Each who comes in a storm hears from one who came before it: of the calm all would hear for ever.
TEST(ChurnEstimate, IsNotLulledByWhatWasTrueBeforeTheStorm) {
  ChurnEstimate estimate(18h);
  TimePoint now;
  estimate.observe(now, 16, 0);
  estimate.assume(18h);
  watch(estimate, now, 2min, 16, 2min);
  EXPECT_LT(estimate.mean_session(), Duration(6min));
}

TEST(ChurnEstimate, IsNotAlarmedByTheFirstDepartureThatItSees) {
  for (const Duration said : {Duration(1h), Duration(8h), Duration(18h)}) {
    ChurnEstimate estimate(18h);
    TimePoint now;
    estimate.observe(now, 0, 0);
    estimate.assume(said);
    now = now + Duration(1min);
    estimate.observe(now, 16 * 60, 1);
    EXPECT_GT(estimate.mean_session(), Duration(35min)) << seconds(said);
  }
}

TEST(ChurnEstimate, ForgetsWhatOthersSaid) {
  for (const Duration said : {Duration(10s), Duration(1000h)}) {
    ChurnEstimate estimate(18h);
    TimePoint now;
    estimate.observe(now, 500, 0);
    estimate.assume(said);
    watch(estimate, now, 1h, 500, 1h);
    EXPECT_NEAR(seconds(estimate.mean_session()), 3600, 400);
  }
}

TEST(ChurnEstimate, LearnsFromAFewNeighboursAlone) {
  ChurnEstimate estimate(18h);
  TimePoint now;
  watch(estimate, now, 30min, 8, 2min);
  EXPECT_NEAR(seconds(estimate.mean_session()), 120, 100);
}

TEST(ChurnEstimate, DoesNotBelieveInSessionsOfNoLength) {
  ChurnEstimate estimate(18h);
  estimate.assume(Duration::zero());
  EXPECT_GE(estimate.mean_session(), Duration(10s));
}

}  // namespace
}  // namespace peerstore::chord
