#include <peerstore/crypto/hash.hpp>
#include <peerstore/replica/head_keepers.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <algorithm>

namespace peerstore::replica {

ring::Id head_place(wire::PersonNumber person) {
  ByteWriter number;
  number.u32(person);
  return ring::Id{crypto::hash("head place", {number.view()}).bytes};
}

std::vector<wire::MemberId> head_walk(const placement::Map& map, wire::PersonNumber person,
                                      std::size_t most) {
  const auto& machines = map.machines();
  const std::size_t count = std::min(most, machines.size());
  const auto first = std::ranges::lower_bound(machines, head_place(person), {}, &placement::Machine::id);
  const auto start = static_cast<std::size_t>(first - machines.begin());
  std::vector<wire::MemberId> walk;
  walk.reserve(count);
  for (std::size_t i = 0; i < count; ++i) walk.push_back(machines[(start + i) % machines.size()].id);
  return walk;
}

std::size_t keepers_wanted(const placement::Map& map) {
  const std::size_t members = map.machines().size();
  return members <= kHeadKeepers + 1 ? members : kHeadKeepers;
}

}  // namespace peerstore::replica
