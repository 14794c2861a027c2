// Codec: messages as bytes, and bytes as messages.
//
// A message is one Cap'n Proto message (schema/messages.capnp) in the packed form, and with the two that
// carry a segment (PutSegment, SegmentReply) an attachment: the segment itself, in its own buffer, never
// copied. What is decoded comes from a peer and is hostile: any bytes at all give a value or an
// Error, every list is held against the limits of messages.hpp before memory is taken for it, and
// no reader looks at more than the message holds. A malformed message is Errc::invalid, a kind
// this program does not know Errc::unsupported.
#pragma once

#include <peerstore/wire/messages.hpp>

namespace peerstore::wire {

// What one message may take, packed or not; the largest are full rosters and a person's heads.
inline constexpr std::size_t kMessageBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kAttachmentBytesMax = kSegmentBytes;
// The part of an error's context that travels.
inline constexpr std::size_t kErrorContextBytesMax = 512;

struct Encoded {
  Bytes message;
  SharedBytes attachment;
};

Encoded encode(const Request& request);
Encoded encode(const Result<Response>& response);
// A list of statements alone: what a link's Hello carries.
Bytes encode(const std::vector<Statement>& statements);

Result<Request> decode_request(ByteView message, SharedBytes attachment);
// The peer's answer, or the peer's error, or Errc::invalid for what is neither.
Result<Response> decode_response(ByteView message, SharedBytes attachment);
Result<std::vector<Statement>> decode_statements(ByteView message, std::size_t count_max);

}  // namespace peerstore::wire
