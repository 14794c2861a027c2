#include <peerstore/runtime/random.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace peerstore {
namespace {

// A second, independent transcription of the authors' reference code (prng.di.unimi.it).
class Reference {
 public:
  explicit Reference(std::uint64_t seed) {
    for (int i = 0; i < 4; ++i) {
      std::uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
      s_[i] = z ^ (z >> 31);
    }
  }
  std::uint64_t next() {
    const std::uint64_t result = rotl(s_[1] * 5, 7) * 9;
    const std::uint64_t t = s_[1] << 17;
    s_[2] ^= s_[0];
    s_[3] ^= s_[1];
    s_[1] ^= s_[2];
    s_[0] ^= s_[3];
    s_[2] ^= t;
    s_[3] = rotl(s_[3], 45);
    return result;
  }

 private:
  static std::uint64_t rotl(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::array<std::uint64_t, 4> s_{};
};

TEST(SeededRandom, GivesTheKnownFirstValues) {
  // splitmix64(0) begins e220a8397b1dcdaf 6e789e6aa1b965f4 06c45d188009454f f88bb8a8724c81ec, so
  // the first value is rotl(0x6e789e6aa1b965f4 * 5, 7) * 9.
  SeededRandom random(0);
  EXPECT_EQ(random.next(), 0x99ec5f36cb75f2b4ULL);
  for (const std::uint64_t seed : {0ULL, 1ULL, 42ULL, ~0ULL}) {
    SeededRandom ours(seed);
    Reference theirs(seed);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(ours.next(), theirs.next()) << seed << " " << i;
  }
}

TEST(Random, IsEvenBelowAnyBound) {
  SeededRandom random(4);
  for (const std::uint64_t bound : {1U, 2U, 3U, 7U, 10U, 64U, 100U}) {
    std::vector<int> counts(bound);
    constexpr int kDraws = 100'000;
    for (int i = 0; i < kDraws; ++i) ++counts.at(random.below(bound));
    double chi_squared = 0;
    const double expected = static_cast<double>(kDraws) / static_cast<double>(bound);
    for (const int count : counts) chi_squared += (count - expected) * (count - expected) / expected;
    EXPECT_LT(chi_squared, static_cast<double>(bound) + 6 * std::sqrt(2.0 * static_cast<double>(bound)))
        << bound;
  }
}

TEST(Random, StaysBelowBoundsThatDoNotDivideTheRange) {
  SeededRandom random(5);
  const std::uint64_t bound = (std::uint64_t{1} << 63) + 1;  // half of all draws are rejected
  int upper = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random.below(bound);
    ASSERT_LT(value, bound);
    upper += value >= bound / 2 ? 1 : 0;
  }
  EXPECT_NEAR(upper, 5000, 300);
}

TEST(Random, DrawsUnitsAndJitterWithinTheirRanges) {
  SeededRandom random(6);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double unit = random.unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    sum += unit;
    const Duration jittered = random.jitter(10s);
    ASSERT_GE(jittered, 5s);
    ASSERT_LT(jittered, 15s);
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(SeededEntropy, RepeatsWithTheSeed) {
  SeededEntropy one(1);
  SeededEntropy same(1);
  SeededEntropy other(2);
  using Key = FixedBytes<struct KeyTag, 37>;
  const Key first = one.make<Key>();
  EXPECT_EQ(first, same.make<Key>());
  EXPECT_NE(first, one.make<Key>());
  EXPECT_NE(first, other.make<Key>());
  EXPECT_NE(first.bytes[36], first.bytes[35]);
}

}  // namespace
}  // namespace peerstore
