// Random: the protocol's dice (jitter, which peer to ask). Entropy: keys, nonces and tokens.
// Two interfaces, because the first may be predictable and the second must never be, except in
// a simulation, where both are seeded so that a run can be repeated.
#pragma once

#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/clock.hpp>

#include <cstdint>
#include <span>

namespace peerstore {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;

  // Uniform in [0, bound). Requires bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  double unit();
  // Uniform in [0.5, 1.5) times `period`: keeps the machines of a ring out of step.
  Duration jitter(Duration period);
};

// xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64: the same on every platform.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  std::uint64_t next() override;

 private:
  std::uint64_t state_[4];
};

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  template <class Fixed>
  Fixed make() {
    Fixed value;
    fill(value.bytes);
    return value;
  }
};

// For simulations and tests only.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  SeededRandom random_;
};

}  // namespace peerstore
