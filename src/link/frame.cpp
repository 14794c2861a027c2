#include "frame.hpp"

#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/wire/codec.hpp>

#include "limits.hpp"

#include <algorithm>

namespace peerstore::link {

namespace {

constexpr std::uint8_t kHasAttachment = 0x80;
constexpr std::uint32_t kU24Max = 0xffffff;

bool is_known(FrameKind kind) { return kind >= FrameKind::hello && kind <= FrameKind::goodbye; }
bool is_numbered(FrameKind kind) { return kind == FrameKind::request || kind == FrameKind::reply; }
bool has_attachment(std::uint8_t first) { return (first & kHasAttachment) != 0; }
FrameKind kind_of(std::uint8_t first) {
  return static_cast<FrameKind>(first & static_cast<std::uint8_t>(~kHasAttachment));
}

void put_u24(ByteWriter& out, std::uint32_t value) {
  const std::uint32_t written = std::min(value, kU24Max);
  out.u16(static_cast<std::uint16_t>(written & 0xffff)).u8(static_cast<std::uint8_t>(written >> 16));
}

std::uint32_t get_u24(ByteReader& in) {
  const std::uint32_t low = in.u16();
  return low | std::uint32_t{in.u8()} << 16;
}

struct SizeLimits {
  std::size_t message = 0;
  std::size_t attachment = 0;
};

// Nothing if a frame of this kind has no business at this stage.
std::optional<SizeLimits> limits_of(FrameKind kind, Stage stage) {
  switch (kind) {
    case FrameKind::hello:
      if (stage != Stage::greeting) return std::nullopt;
      return SizeLimits{kHelloBytesMax, 0};
    case FrameKind::request:
      if (stage == Stage::greeting) return std::nullopt;
      if (stage == Stage::joiner) return SizeLimits{kJoinBytesMax, 0};
      return SizeLimits{wire::kMessageBytesMax, wire::kAttachmentBytesMax};
    case FrameKind::reply:
      if (stage != Stage::members) return std::nullopt;
      return SizeLimits{wire::kMessageBytesMax, wire::kAttachmentBytesMax};
    case FrameKind::goodbye: return SizeLimits{kGoodbyeBytesMax, 0};
  }
  return std::nullopt;
}

}  // namespace

Bytes encode(const FrameHeader& header) {
  CHECK(is_known(header.kind));
  const bool attached = header.attachment_bytes != 0;
  const auto kind = static_cast<std::uint8_t>(header.kind);
  ByteWriter out;
  out.u8(attached ? kind | kHasAttachment : kind);
  if (is_numbered(header.kind)) out.u32(header.request);
  if (header.kind == FrameKind::request) put_u24(out, header.patience_ms);
  put_u24(out, header.message_bytes);
  if (attached) put_u24(out, header.attachment_bytes);
  CHECK(out.size() == frame_header_bytes(out.view()[0]));
  return out.take();
}

std::size_t frame_header_bytes(std::uint8_t first) {
  const FrameKind kind = kind_of(first);
  if (!is_known(kind)) return 1;
  return 1 + (is_numbered(kind) ? 4U : 0U) + (kind == FrameKind::request ? 3U : 0U) + 3 +
         (has_attachment(first) ? 3U : 0U);
}

Result<FrameHeader> decode_frame_header(ByteView bytes, Stage stage) {
  CHECK(!bytes.empty() && bytes.size() == frame_header_bytes(bytes[0]));
  ByteReader in(bytes);
  const std::uint8_t first = in.u8();
  FrameHeader header;
  header.kind = kind_of(first);
  if (!is_known(header.kind)) return fail(Errc::invalid, "not a frame");
  if (is_numbered(header.kind)) header.request = in.u32();
  if (header.kind == FrameKind::request) header.patience_ms = get_u24(in);
  header.message_bytes = get_u24(in);
  if (has_attachment(first)) header.attachment_bytes = get_u24(in);
  const std::optional<SizeLimits> limits = limits_of(header.kind, stage);
  if (!limits) return fail(Errc::invalid, "a frame that does not belong here");
  if (header.message_bytes == 0) return fail(Errc::invalid, "a frame without a message");
  if (has_attachment(first) && header.attachment_bytes == 0) {
    return fail(Errc::invalid, "a frame with an empty attachment");
  }
  if (header.message_bytes > limits->message || header.attachment_bytes > limits->attachment) {
    return fail(Errc::invalid, "a frame that is too long");
  }
  if (is_numbered(header.kind) && header.request == 0) {
    return fail(Errc::invalid, "a frame with a wrong request id");
  }
  return header;
}

}  // namespace peerstore::link
