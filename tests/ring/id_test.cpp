#include <peerstore/ring/id.hpp>

#include <peerstore/runtime/random.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace peerstore::ring {
namespace {

constexpr unsigned kPoints = 16;

// A circle of 16 points inside the real one: in its top four bits (so that it wraps where the
// real one does) or in its last four (so that its points are neighbours).
Id in_top_bits(unsigned point) {
  Id id;
  id.bytes[0] = static_cast<std::uint8_t>(point << 4);
  return id;
}
Id in_low_bits(unsigned point) {
  Id id;
  id.bytes[31] = static_cast<std::uint8_t>(point);
  return id;
}
// Around the point where the circle closes: 2^256-8 .. 2^256-1, 0 .. 7.
Id around_zero(unsigned point) {
  Id id;
  if (point < 8) id.bytes.fill(0xff);
  id.bytes[31] = static_cast<std::uint8_t>(point < 8 ? 0xf8 + point : point - 8);
  return id;
}
const std::function<Id(unsigned)> kEmbeddings[] = {in_top_bits, in_low_bits, around_zero};

// The oracle: walk clockwise from a, one point at a time, until b.
bool met_on_the_walk(unsigned a, unsigned x, unsigned b) {
  for (unsigned at = (a + 1) % kPoints; at != b; at = (at + 1) % kPoints) {
    if (at == x) return true;
  }
  return false;
}

TEST(Interval, OpenAgreesWithAWalkOnAllTriples) {
  for (const auto& embed : kEmbeddings) {
    for (unsigned a = 0; a < kPoints; ++a) {
      for (unsigned x = 0; x < kPoints; ++x) {
        for (unsigned b = 0; b < kPoints; ++b) {
          EXPECT_EQ(in_open(embed(a), embed(x), embed(b)), met_on_the_walk(a, x, b))
              << a << ' ' << x << ' ' << b;
        }
      }
    }
  }
}

TEST(Interval, HalfOpenIsOpenWithItsEnd) {
  for (const auto& embed : kEmbeddings) {
    for (unsigned a = 0; a < kPoints; ++a) {
      for (unsigned x = 0; x < kPoints; ++x) {
        for (unsigned b = 0; b < kPoints; ++b) {
          const bool expected = x == b || met_on_the_walk(a, x, b);
          EXPECT_EQ(in_half_open(embed(a), embed(x), embed(b)), expected) << a << ' ' << x << ' ' << b;
        }
      }
    }
  }
}

TEST(Interval, EveryKeyHasExactlyOneSuccessorInAnyRing) {
  // All rings of up to three members on the small circle: the half-open arcs divide it.
  for (unsigned a = 0; a < kPoints; ++a) {
    for (unsigned b = 0; b < kPoints; ++b) {
      for (unsigned c = 0; c < kPoints; ++c) {
        if (!(a < b && b < c)) continue;
        for (unsigned key = 0; key < kPoints; ++key) {
          const Id k = in_top_bits(key);
          const int owners = in_half_open(in_top_bits(a), k, in_top_bits(b)) +
                             in_half_open(in_top_bits(b), k, in_top_bits(c)) +
                             in_half_open(in_top_bits(c), k, in_top_bits(a));
          EXPECT_EQ(owners, 1) << a << ' ' << b << ' ' << c << " key " << key;
        }
      }
    }
  }
}

TEST(Interval, WithEqualEndsIsTheWholeCircle) {
  Id last;
  last.bytes.fill(0xff);
  for (const Id& end : {Id{}, last, in_top_bits(8)}) {
    EXPECT_FALSE(in_open(end, end, end));
    EXPECT_TRUE(in_half_open(end, end, end));
    EXPECT_TRUE(in_open(end, in_top_bits(3), end));
    EXPECT_TRUE(in_half_open(end, in_top_bits(3), end));
  }
}

TEST(Interval, BetweenTheLastAndTheFirstPointThereIsNothing) {
  const Id zero;
  Id last;
  last.bytes.fill(0xff);
  EXPECT_FALSE(in_open(last, in_top_bits(5), zero));
  EXPECT_FALSE(in_open(last, zero, zero));
  EXPECT_FALSE(in_open(last, last, zero));
  EXPECT_TRUE(in_half_open(last, zero, zero));
  EXPECT_TRUE(in_open(zero, in_top_bits(5), last));
}

TEST(Distance, CountsStepsOnTheSmallCircle) {
  for (unsigned a = 0; a < kPoints; ++a) {
    for (unsigned b = 0; b < kPoints; ++b) {
      const unsigned steps = (b + kPoints - a) % kPoints;
      EXPECT_EQ(distance(in_top_bits(a), in_top_bits(b)), in_top_bits(steps));
    }
  }
}

TEST(Distance, BorrowsThroughAllBytesAtTheEdge) {
  Id last;
  last.bytes.fill(0xff);
  EXPECT_EQ(distance(last, Id{}), in_low_bits(1));
  EXPECT_EQ(distance(Id{}, last), last);
  EXPECT_EQ(distance(last, last), Id{});
  EXPECT_EQ(distance(around_zero(2), around_zero(13)), in_low_bits(11));
  EXPECT_EQ(distance(in_low_bits(1), Id{}), last);
}

TEST(Distance, OrdersPointsAsTheIntervalDoes) {
  SeededRandom random(1);
  for (int i = 0; i < 2000; ++i) {
    Id ids[3];
    for (Id& id : ids) {
      for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random.below(3) * 127);
    }
    const auto& [a, x, b] = ids;
    if (a == x || a == b || x == b) continue;
    EXPECT_EQ(in_open(a, x, b), distance(a, x) < distance(a, b));
  }
}

TEST(PlusPowerOfTwo, AddsOneBit) {
  for (unsigned power = 0; power < 256; ++power) {
    Id expected;
    expected.bytes[31 - power / 8] = static_cast<std::uint8_t>(1U << (power % 8));
    EXPECT_EQ(plus_power_of_two(Id{}, power), expected);
  }
}

TEST(PlusPowerOfTwo, IsUndoneByDistance) {
  SeededRandom random(2);
  for (unsigned power = 0; power < 256; ++power) {
    Id from;
    for (auto& byte : from.bytes) byte = static_cast<std::uint8_t>(random.next());
    EXPECT_EQ(distance(from, plus_power_of_two(from, power)), plus_power_of_two(Id{}, power)) << power;
  }
}

TEST(PlusPowerOfTwo, CarriesAndWrapsAround) {
  Id last;
  last.bytes.fill(0xff);
  EXPECT_EQ(plus_power_of_two(last, 0), Id{});
  Id half;
  half.bytes[0] = 0x80;
  EXPECT_EQ(plus_power_of_two(half, 255), Id{});
  Id low_byte_full;
  low_byte_full.bytes[31] = 0xff;
  Id carried;
  carried.bytes[30] = 1;
  EXPECT_EQ(plus_power_of_two(low_byte_full, 0), carried);
}

TEST(ShortName, IsTheFirstEightDigits) {
  Id id;
  id.bytes = {0xde, 0xad, 0x0b, 0xef, 0x55};
  EXPECT_EQ(short_name(id), "dead0bef");
}

}  // namespace
}  // namespace peerstore::ring
