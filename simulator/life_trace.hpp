// The life that a trace tells. Private to life.cpp.
#pragma once

#include "life.hpp"

namespace peerstore::simulator {

// Errc::invalid names the line and what is wrong there. What comes after the end is left out; who comes
// in a flash join stays.
Result<LifePlan> plan_of_trace(const LifeOptions& options, Duration end);

}  // namespace peerstore::simulator
