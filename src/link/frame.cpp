#include "frame.hpp"

#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/wire/codec.hpp>

#include "limits.hpp"

#include <algorithm>

namespace peerstore::link {

namespace {

constexpr std::string_view kMagic = "P1";
constexpr std::uint32_t kU24Max = 0xffffff;

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

FrameHeaderBytes encode(const FrameHeader& header) {
  ByteWriter out;
  out.raw(as_bytes(kMagic)).u8(static_cast<std::uint8_t>(header.kind)).u32(header.request);
  put_u24(out, header.patience_ms);
  put_u24(out, header.message_bytes);
  put_u24(out, header.attachment_bytes);
  CHECK(out.size() == kFrameHeaderBytes);
  FrameHeaderBytes bytes;
  std::ranges::copy(out.view(), bytes.begin());
  return bytes;
}

Result<FrameHeader> decode_frame_header(const FrameHeaderBytes& bytes, Stage stage) {
  ByteReader in(bytes);
  if (as_text(in.raw(kMagic.size())) != kMagic) return fail(Errc::invalid, "not a frame");
  FrameHeader header;
  header.kind = static_cast<FrameKind>(in.u8());
  header.request = in.u32();
  header.patience_ms = get_u24(in);
  header.message_bytes = get_u24(in);
  header.attachment_bytes = get_u24(in);
  const std::optional<SizeLimits> limits = limits_of(header.kind, stage);
  if (!limits) return fail(Errc::invalid, "a frame that does not belong here");
  if (header.message_bytes == 0) return fail(Errc::invalid, "a frame without a message");
  if (header.message_bytes > limits->message || header.attachment_bytes > limits->attachment) {
    return fail(Errc::invalid, "a frame that is too long");
  }
  const bool numbered = header.kind == FrameKind::request || header.kind == FrameKind::reply;
  if (numbered != (header.request != 0)) return fail(Errc::invalid, "a frame with a wrong request id");
  if (header.kind != FrameKind::request && header.patience_ms != 0) {
    return fail(Errc::invalid, "a frame with patience that asks nothing");
  }
  return header;
}

}  // namespace peerstore::link
