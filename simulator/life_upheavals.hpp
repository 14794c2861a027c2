// Upheavals: what strikes many machines at once. Private to life.cpp.
#pragma once

#include "life_models.hpp"

#include <optional>

namespace peerstore::simulator {

inline constexpr Duration kUpheaval = 1h;  // lasts so long if nothing else is said

std::optional<Error> flaw_of_upheavals(const LifeOptions& options, Duration end);
// When each machine joins that comes in a flash join.
std::vector<Duration> flash_joins(const LifeOptions& options);
// From then on nobody comes or goes but by upheavals; nothing: the ring never shrinks.
std::optional<Duration> shrinks_at(const LifeOptions& options);
// Adds all but the flash joins to a plan of ordinary lives.
void add_upheavals(Random& random, const LifeOptions& options, LifePlan& plan);

}  // namespace peerstore::simulator
