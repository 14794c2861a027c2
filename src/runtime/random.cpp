#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/random.hpp>

#include <bit>

namespace peerstore {

namespace {
__extension__ using Wide = unsigned __int128;
}

std::uint64_t Random::below(std::uint64_t bound) {
  CHECK(bound > 0);
  // Lemire's multiply-and-reject (ACM TOMACS 2019): no division on the usual path.
  std::uint64_t value = next();
  auto product = static_cast<Wide>(value) * bound;
  auto low = static_cast<std::uint64_t>(product);
  if (low < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (low < threshold) {
      value = next();
      product = static_cast<Wide>(value) * bound;
      low = static_cast<std::uint64_t>(product);
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

Duration Random::jitter(Duration period) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(period.count()) * (0.5 + unit())));
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t SeededRandom::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void SeededEntropy::fill(std::span<std::uint8_t> out) {
  std::size_t at = 0;
  while (at < out.size()) {
    std::uint64_t word = random_.next();
    for (int i = 0; i < 8 && at < out.size(); ++i, word >>= 8) out[at++] = static_cast<std::uint8_t>(word);
  }
}

}  // namespace peerstore
