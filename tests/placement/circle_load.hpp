// How much each machine of a circle is asked to hold, exactly, if everybody stores as much as everybody else:
// by the lengths of the arcs between tokens, without drawing a key.
#pragma once

#include <peerstore/placement/placement.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace peerstore::placement {

// Of each machine, the share of all copies. Requires one machine a person, persons numbered by place. Walking
// against the clock, the order in which a walk from here meets the persons changes by one move to the front.
inline std::vector<double> shares(const Policy& policy, const std::vector<Machine>& machines) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> tokens;
  for (std::uint32_t i = 0; i < machines.size(); ++i) {
    const std::uint32_t count = token_count(policy, machines[i].bytes_given);
    for (std::uint32_t index = 0; index < count; ++index) {
      const ring::Id at = token(machines[i].id, index);
      std::uint64_t high = 0;
      for (std::size_t b = 0; b < 8; ++b) high = high << 8 | at.bytes[b];
      tokens.emplace_back(high, i);
    }
  }
  std::ranges::sort(tokens);
  std::vector<std::uint32_t> order(machines.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::vector<double> load(machines.size(), 0.0);
  double sum = 0;
  for (std::size_t step = 0; step < 2 * tokens.size(); ++step) {
    const std::size_t i = tokens.size() - 1 - step % tokens.size();
    const auto met = std::ranges::find(order, tokens[i].second);
    std::rotate(order.begin(), met, met + 1);
    if (step < tokens.size()) continue;  // the first turn only finds the order
    // Keys from the token before up to this one.
    const std::uint64_t before = tokens[i == 0 ? tokens.size() - 1 : i - 1].first;
    const double arc = std::ldexp(static_cast<double>(tokens[i].first - before), -64);
    for (std::uint8_t chunk_class = 0; chunk_class < policy.colours; ++chunk_class) {
      unsigned rank = 0;  // among those who may hold it
      for (const std::uint32_t machine : order) {
        if (!may_hold(policy, machines[machine].colour, chunk_class)) continue;
        // The last comes in for each owner among those before it; the others for all owners but themselves.
        const double owners = static_cast<double>(rank < policy.copies ? machines.size() - 1 : policy.copies);
        load[machine] += arc * owners;
        sum += arc * owners;
        if (rank++ == policy.copies) break;
      }
    }
  }
  for (double& one : load) one /= sum;
  return load;
}

// The fullest machine, when each is measured by what it gives.
inline double skew(const Policy& policy, const std::vector<Machine>& machines) {
  double given = 0;
  for (const Machine& machine : machines) given += static_cast<double>(machine.bytes_given);
  const std::vector<double> load = shares(policy, machines);
  double most = 0;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    most = std::max(most, load[i] * given / static_cast<double>(machines[i].bytes_given));
  }
  return most;
}

}  // namespace peerstore::placement
