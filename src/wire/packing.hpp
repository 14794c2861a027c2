// Packing: Cap'n Proto's packed form of a message, in which zero bytes cost next to nothing (its
// encoding, "Packing"). Most of a small message is zeros: a question of 40 bytes takes 10.
#pragma once

#include <peerstore/runtime/bytes.hpp>

#include <optional>

namespace peerstore::wire {

// Requires whole words.
Bytes pack(ByteView words);
// Nothing if it is not the packed form of anything, or of more than `bytes_max`. No more memory is taken
// than the words need. Any bytes may be given.
std::optional<Bytes> unpack(ByteView packed, std::size_t bytes_max);

}  // namespace peerstore::wire
