#include "store/capacity_ledger.hpp"

#include <gtest/gtest.h>
#include <peerstore/runtime/random.hpp>

#include <vector>

namespace peerstore::store {
namespace {

constexpr TimePoint kStart{};
constexpr Duration kLife = 5min;

TEST(CapacityLedger, GrantsExactlyWhatIsFree) {
  CapacityLedger ledger(1000, kLife);
  ASSERT_TRUE(ledger.reserve(400, kStart));
  ASSERT_TRUE(ledger.start_write(0, 600, kStart));
  EXPECT_EQ(ledger.room(kStart), 0U);
  EXPECT_EQ(ledger.reserve(1, kStart).error().code, Errc::full);
  EXPECT_EQ(ledger.start_write(0, 1, kStart).error().code, Errc::full);
}

TEST(CapacityLedger, GivesTheRoomOfAReservationBackWhenItExpires) {
  CapacityLedger ledger(1000, kLife);
  ASSERT_TRUE(ledger.reserve(1000, kStart));
  const TimePoint almost = kStart + (kLife - 1ns);
  EXPECT_EQ(ledger.room(almost), 0U);
  EXPECT_EQ(ledger.room(kStart + kLife), 1000U);
  EXPECT_TRUE(ledger.reserve(1000, kStart + kLife));
}

TEST(CapacityLedger, TakesAWriteFromItsReservationFirst) {
  CapacityLedger ledger(1000, kLife);
  const auto reservation = ledger.reserve(700, kStart);
  ASSERT_TRUE(reservation);
  ASSERT_TRUE(ledger.reserve(250, kStart));
  ASSERT_TRUE(ledger.start_write(*reservation, 500, kStart));
  EXPECT_EQ(ledger.reserved(kStart), 450U);
  // 200 are left of the reservation and 50 free.
  EXPECT_EQ(ledger.start_write(*reservation, 251, kStart).error().code, Errc::full);
  EXPECT_TRUE(ledger.start_write(*reservation, 250, kStart));
}

TEST(CapacityLedger, CountsAnExpiredReservationAsNone) {
  CapacityLedger ledger(1000, kLife);
  const auto first = ledger.reserve(600, kStart);
  const TimePoint later = kStart + kLife;
  ASSERT_TRUE(ledger.reserve(600, later));
  EXPECT_EQ(ledger.start_write(*first, 600, later).error().code, Errc::full);
  EXPECT_TRUE(ledger.start_write(*first, 400, later));
}

TEST(CapacityLedger, IsNotFooledByHugeNumbers) {
  CapacityLedger ledger(1000, kLife);
  ASSERT_TRUE(ledger.reserve(1, kStart));
  EXPECT_EQ(ledger.reserve(~std::uint64_t{0}, kStart).error().code, Errc::full);
  EXPECT_EQ(ledger.start_write(1, ~std::uint64_t{0}, kStart).error().code, Errc::full);
  EXPECT_EQ(ledger.reserve(0, kStart).error().code, Errc::invalid);
}

TEST(CapacityLedger, BoundsTheNumberOfReservations) {
  CapacityLedger ledger(1 << 20, kLife);
  for (std::size_t i = 0; i < CapacityLedger::kReservationsMax; ++i) ASSERT_TRUE(ledger.reserve(1, kStart));
  EXPECT_EQ(ledger.reserve(1, kStart).error().code, Errc::busy);
  EXPECT_TRUE(ledger.reserve(1, kStart + kLife));
}

TEST(CapacityLedger, GrantsNothingWhenMoreIsHeldThanTheCapacityNowAllows) {
  CapacityLedger ledger(1000, kLife);
  ledger.found_held(2, 1500);
  EXPECT_EQ(ledger.room(kStart), 0U);
  EXPECT_EQ(ledger.reserve(1, kStart).error().code, Errc::full);
  ledger.held_dropped(800);
  EXPECT_EQ(ledger.room(kStart), 300U);
}

TEST(CapacityLedger, ChargesForWhatCouldNotBeRemoved) {
  CapacityLedger ledger(1000, kLife);
  ASSERT_TRUE(ledger.start_write(0, 300, kStart));
  ledger.write_stuck(300);
  ledger.found_quarantined(1, 200);
  EXPECT_EQ(ledger.room(kStart), 500U);
}

// Against a twin that keeps every claim by itself and adds them up anew each time.
TEST(CapacityLedger, NeverGrantsMoreThanTheCapacityInRandomUse) {
  struct Promise {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    TimePoint expires;
  };
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    const std::uint64_t capacity = 10'000;
    CapacityLedger ledger(capacity, kLife);
    std::vector<Promise> promises;
    std::vector<std::uint64_t> writing;
    std::vector<std::uint64_t> held;
    TimePoint now{};
    for (int step = 0; step < 500; ++step) {
      now = now + std::chrono::seconds(random.below(40));
      std::erase_if(promises, [now](const Promise& promise) { return promise.expires <= now; });
      std::uint64_t used = 0;
      for (const Promise& promise : promises) used += promise.bytes;
      for (const std::uint64_t bytes : writing) used += bytes;
      for (const std::uint64_t bytes : held) used += bytes;
      ASSERT_LE(used, capacity);
      ASSERT_EQ(ledger.room(now), capacity - used);

      const std::uint64_t bytes = 1 + random.below(2000);
      switch (random.below(5)) {
        case 0: {
          const auto granted = ledger.reserve(bytes, now);
          ASSERT_EQ(granted.has_value(), used + bytes <= capacity);
          if (granted) promises.push_back({*granted, bytes, now + kLife});
          break;
        }
        case 1: {
          Promise* promise = promises.empty() ? nullptr : &promises[random.below(promises.size())];
          const std::uint64_t covered = promise == nullptr ? 0 : std::min(bytes, promise->bytes);
          const auto granted = ledger.start_write(promise == nullptr ? 999'999 : promise->number, bytes, now);
          ASSERT_EQ(granted.has_value(), used + bytes - covered <= capacity);
          if (!granted) break;
          if (promise != nullptr) promise->bytes -= covered;
          writing.push_back(bytes);
          break;
        }
        case 2:
        case 3: {
          if (writing.empty()) break;
          const std::uint64_t done = writing.back();
          writing.pop_back();
          if (random.below(4) == 0) {
            ledger.write_dropped(done);
          } else {
            ledger.write_kept(done);
            held.push_back(done);
          }
          break;
        }
        default:
          if (held.empty()) break;
          ledger.held_dropped(held.back());
          held.pop_back();
      }
    }
  }
}

}  // namespace
}  // namespace peerstore::store
