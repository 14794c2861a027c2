// Packing: Cap'n Proto's packed form of a message, in which zero bytes cost next to nothing (its
// encoding, "Packing"). Most of a small message is zeros: a question of 40 bytes takes 10.
//
// Word by word: a tag whose bits say which of the eight bytes are not zero, then those bytes. After the
// tag 0x00 comes a count of further words of zeros, after 0xff (and its word) one of further words that
// stand as they are.
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
