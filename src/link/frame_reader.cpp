#include "frame_reader.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::link {

std::span<std::uint8_t> FrameReader::rest_of_body() {
  const std::size_t message = frame_.message.size();
  if (filled_ < message) return std::span(frame_.message).subspan(filled_);
  return std::span(attachment_).subspan(filled_ - message);
}

Result<void> FrameReader::begin_body(ByteView bytes, Stage stage) {
  const Result<FrameHeader> header = decode_frame_header(bytes, stage);
  if (!header) return header.error();
  frame_.header = *header;
  frame_.message.resize(header->message_bytes);
  attachment_.resize(header->attachment_bytes);
  filled_ = 0;
  in_body_ = true;
  return {};
}

Result<std::optional<Frame>> FrameReader::next(Stage stage) {
  if (!in_body_) {
    const ByteView here = ByteView(ahead_).subspan(begin_, ahead());
    if (here.empty() || here.size() < frame_header_bytes(here[0])) return std::optional<Frame>();
    const ByteView header = here.first(frame_header_bytes(here[0]));
    if (const Result<void> begun = begin_body(header, stage); !begun) return begun.error();
    begin_ += header.size();
  }
  std::span<std::uint8_t> rest = rest_of_body();
  while (!rest.empty()) {
    if (ahead() == 0) return std::optional<Frame>();
    const std::size_t size = std::min(rest.size(), ahead());
    std::copy_n(ahead_.begin() + static_cast<std::ptrdiff_t>(begin_), size, rest.begin());
    begin_ += size;
    filled_ += size;
    rest = rest_of_body();
  }
  in_body_ = false;
  Frame frame = std::exchange(frame_, {});
  if (!attachment_.empty()) frame.attachment = SharedBytes(std::exchange(attachment_, {}));
  return std::optional<Frame>(std::move(frame));
}

std::span<std::uint8_t> FrameReader::space() {
  if (in_body_) {
    const std::span<std::uint8_t> rest = rest_of_body();
    straight_ = rest.size() >= kReadAheadBytes;
    if (straight_) return rest;
  }
  std::copy(ahead_.begin() + static_cast<std::ptrdiff_t>(begin_),
            ahead_.begin() + static_cast<std::ptrdiff_t>(end_), ahead_.begin());
  end_ -= std::exchange(begin_, 0);
  return std::span(ahead_).subspan(end_);
}

void FrameReader::filled(std::size_t size) {
  if (std::exchange(straight_, false)) {
    filled_ += size;
  } else {
    end_ += size;
  }
}

}  // namespace peerstore::link
