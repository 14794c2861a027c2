// Frames: what travels inside a link's TLS stream.
//
//   offset size
//        0    2  magic "P1"
//        2    1  kind: 1 Hello, 2 Request, 3 Reply, 4 Goodbye
//        3    4  request id: chosen by the asker, unique among its open requests, not zero; a Reply
//                repeats it. Zero in Hello and Goodbye.
//        7    3  patience: milliseconds for which the asker waits (Request), else zero
//       10    3  length of the message, not zero
//       13    3  length of the attachment
//       16       the message, then the attachment
//
// Integers are little-endian. Both lengths are held against the limits of the link's stage before any
// memory is taken. What breaks a rule here ends the link; what is wrong inside a message (wire/codec.hpp)
// is answered with an error, and the link goes on.
#pragma once

#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/result.hpp>

#include <array>
#include <cstdint>

namespace peerstore::link {

inline constexpr std::size_t kFrameHeaderBytes = 16;

enum class FrameKind : std::uint8_t { hello = 1, request = 2, reply = 3, goodbye = 4 };

struct FrameHeader {
  FrameKind kind = FrameKind::hello;
  std::uint32_t request = 0;
  std::uint32_t patience_ms = 0;  // more than can be written is the most that can be
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

using FrameHeaderBytes = std::array<std::uint8_t, kFrameHeaderBytes>;
FrameHeaderBytes encode(const FrameHeader& header);
// Errc::invalid says which rule is broken.
Result<FrameHeader> decode_frame_header(const FrameHeaderBytes& bytes, Stage stage);

}  // namespace peerstore::link
