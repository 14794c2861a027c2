// FrameReader: frames out of bytes that come in pieces, wherever these are cut.
//
// Small frames are read many at a time into a small space of its own; what is left of a long one goes
// straight to where it stays, so that a segment is not copied. Memory for a frame is taken only once its
// lengths have been held against the limits. After an error there is no next frame.
#pragma once

#include "frame.hpp"
#include "limits.hpp"

#include <array>
#include <optional>
#include <span>

namespace peerstore::link {

class FrameReader {
 public:
  // The next frame, if all of it is here. The stage counts from the frame's header on.
  Result<std::optional<Frame>> next(Stage stage);

  // When next() had nothing: where the next bytes belong, and how many have been put there.
  std::span<std::uint8_t> space();
  void filled(std::size_t size);

 private:
  std::size_t ahead() const { return end_ - begin_; }
  std::span<std::uint8_t> rest_of_body();
  Result<void> begin_body(ByteView header, Stage stage);

  std::array<std::uint8_t, kReadAheadBytes> ahead_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool straight_ = false;  // space() was in the body

  bool in_body_ = false;
  Frame frame_;
  Bytes attachment_;
  std::size_t filled_ = 0;  // of message and attachment
};

}  // namespace peerstore::link
