// Hello and Goodbye: the first frame of each side, and the last one of a side that ends a link.
//
// Hello:    version u16, role u8, ring id 32, then after its u32 length the proof: a Cap'n Proto list
//           of statements. The rest of a Hello of another version is not looked at.
// Goodbye:  the reason, as an answer (wire/codec.hpp) that is an error: code, and words for people.
//
// The dialler says Hello first; the listener judges it and answers with its own Hello or a Goodbye.
// A listener thus says nothing about the ring to strangers.
#pragma once

#include <peerstore/link/link_network.hpp>

namespace peerstore::link {

inline constexpr std::uint16_t kProtocolVersion = 1;

struct Hello {
  Role role = Role::client;
  wire::RingId ring;
  std::vector<wire::Statement> proof;
};

Bytes encode(const Hello& hello);
// Errc::unsupported for another version, Errc::invalid for what is no Hello.
Result<Hello> decode_hello(ByteView bytes);

Bytes encode_goodbye(const Error& reason);
// The peer's reason; Errc::invalid if there is none to be read.
Error decode_goodbye(ByteView bytes);

}  // namespace peerstore::link
