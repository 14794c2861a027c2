// Id: a point on the circle of 256-bit identifiers, and the algebra of intervals on it.
//
// Chord (Stoica et al., TON 2003, section IV) orders keys and nodes on one circle; every rule of
// the protocol is a question of "does x lie between a and b, going clockwise". These functions
// are the only place where that is answered. Convention at the degenerate case a == b: the
// interval is the whole circle without (or, when closed, with) that point.
#pragma once

#include <peerstore/runtime/bytes.hpp>

namespace peerstore::ring {

struct IdTag;
// Big-endian: comparing bytes compares numbers.
using Id = FixedBytes<IdTag, 32>;

// x in (a, b), clockwise; if a == b, every x except a.
bool in_open(const Id& a, const Id& x, const Id& b);
// x in (a, b], clockwise; if a == b, every x. The keys that b is the successor of.
bool in_half_open(const Id& a, const Id& x, const Id& b);
// How far it is clockwise from a to b: b - a modulo 2^256.
Id distance(const Id& a, const Id& b);
// a + 2^power modulo 2^256: the start of a finger. Requires power < 256.
Id plus_power_of_two(const Id& a, unsigned power);

// The first eight hexadecimal digits, for people and logs.
std::string short_name(const Id& id);

}  // namespace peerstore::ring
