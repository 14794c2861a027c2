// Frames: what travels inside a link's TLS stream.
//
//   size
//      1  kind: 1 Hello, 2 Request, 3 Reply, 4 Goodbye; with 128 added if there is an attachment
//      4  Request and Reply: request id, chosen by the asker, unique among its open requests, not zero;
//         a Reply repeats it
//      3  Request: patience, milliseconds for which the asker waits
//      3  length of the message, not zero
//      3  with an attachment: its length, not zero
//         the message, then the attachment
//
// What a kind does not need is not there: most frames are questions of a few bytes between neighbours.
// Integers are little-endian. Both lengths are held against the limits of the link's stage before any
// memory is taken. What breaks a rule here ends the link; what is wrong inside a message (wire/codec.hpp)
// is answered with an error, and the link goes on.
#pragma once

#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/result.hpp>

#include <cstdint>

namespace peerstore::link {

enum class FrameKind : std::uint8_t { hello = 1, request = 2, reply = 3, goodbye = 4 };

struct FrameHeader {
  FrameKind kind = FrameKind::hello;
  std::uint32_t request = 0;      // zero in Hello and Goodbye
  std::uint32_t patience_ms = 0;  // zero but in a Request; more than can be written is the most that can be
  std::uint32_t message_bytes = 0;
  std::uint32_t attachment_bytes = 0;
  bool operator==(const FrameHeader&) const = default;
};

struct Frame {
  FrameHeader header;
  Bytes message;
  SharedBytes attachment;
};

// How far a link has come, which decides what may arrive: nothing but a Hello or a Goodbye while
// `greeting`; small requests from a `joiner`; everything else between `members`.
enum class Stage : std::uint8_t { greeting, joiner, members };

Bytes encode(const FrameHeader& header);
// How long a header is that begins with this byte. That of an unknown kind ends with it.
std::size_t frame_header_bytes(std::uint8_t first);
// Of exactly that many bytes. Errc::invalid says which rule is broken.
Result<FrameHeader> decode_frame_header(ByteView bytes, Stage stage);

}  // namespace peerstore::link
