// Which members keep a person's heads: the first few clockwise from a point that the person's
// number gives, so in a small ring everybody. Pure, like placement.
#pragma once

#include <peerstore/placement/placement.hpp>
#include <peerstore/wire/types.hpp>

#include <vector>

namespace peerstore::replica {

// As many as a successor list is long. A ring with one member more keeps heads everywhere.
inline constexpr std::size_t kHeadKeepers = 8;

ring::Id head_place(wire::PersonNumber person);
// The members clockwise from the person's head place, at most `most`: the first keepers_wanted()
// of them should keep the heads, the next ones stand in while some are away.
std::vector<wire::MemberId> head_walk(const placement::Map& map, wire::PersonNumber person,
                                      std::size_t most = SIZE_MAX);
// How many keepers a person's heads should have in this ring.
std::size_t keepers_wanted(const placement::Map& map);

}  // namespace peerstore::replica
