#include <gtest/gtest.h>
#include <link/frame.hpp>
#include <link/limits.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/wire/codec.hpp>

#include <algorithm>

namespace peerstore::link {
namespace {

FrameHeader example() {
  FrameHeader header;
  header.kind = FrameKind::request;
  header.request = 0x01020304;
  header.patience_ms = 10'000;
  header.message_bytes = 64;
  header.attachment_bytes = 65536;
  return header;
}

bool is_refused(const FrameHeader& header, Stage stage) {
  const auto decoded = decode_frame_header(encode(header), stage);
  return !decoded && decoded.error().code == Errc::invalid;
}

TEST(Frame, HeaderHasExactlyTheseBytes) {
  EXPECT_EQ(to_hex(encode(example())),
            "5031"
            "02"
            "04030201"
            "102700"
            "400000"
            "000001");
}

TEST(Frame, HeaderComesBackAsItWas) {
  const auto decoded = decode_frame_header(encode(example()), Stage::members);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, example());
}

TEST(Frame, OnlyGreetingsAreReadBeforeThePeerIsKnown) {
  EXPECT_TRUE(is_refused(example(), Stage::greeting));
  FrameHeader hello;
  hello.message_bytes = 100;
  EXPECT_FALSE(is_refused(hello, Stage::greeting));
  EXPECT_TRUE(is_refused(hello, Stage::members));
  hello.message_bytes = kHelloBytesMax + 1;
  EXPECT_TRUE(is_refused(hello, Stage::greeting));
  hello.message_bytes = 100;
  hello.attachment_bytes = 1;
  EXPECT_TRUE(is_refused(hello, Stage::greeting));
}

TEST(Frame, LengthsAreHeldAgainstTheStage) {
  FrameHeader header = example();
  header.message_bytes = wire::kMessageBytesMax;
  EXPECT_FALSE(is_refused(header, Stage::members));
  ++header.message_bytes;
  EXPECT_TRUE(is_refused(header, Stage::members));
  header.message_bytes = 0xffffffff;
  EXPECT_TRUE(is_refused(header, Stage::members));
  header.message_bytes = 0;
  EXPECT_TRUE(is_refused(header, Stage::members));
  header = example();
  header.attachment_bytes = wire::kAttachmentBytesMax + 1;
  EXPECT_TRUE(is_refused(header, Stage::members));

  header = example();
  EXPECT_TRUE(is_refused(header, Stage::joiner));
  header.attachment_bytes = 0;
  EXPECT_FALSE(is_refused(header, Stage::joiner));
  header.message_bytes = kJoinBytesMax + 1;
  EXPECT_TRUE(is_refused(header, Stage::joiner));
  header.kind = FrameKind::reply;
  header.patience_ms = 0;
  EXPECT_TRUE(is_refused(header, Stage::joiner));
}

TEST(Frame, FieldsThatMeanNothingMustBeZero) {
  FrameHeader header = example();
  header.request = 0;
  EXPECT_TRUE(is_refused(header, Stage::members));
  header = example();
  header.kind = FrameKind::reply;
  EXPECT_TRUE(is_refused(header, Stage::members));
  for (const std::size_t at : {0, 1, 2}) {
    FrameHeaderBytes bytes = encode(example());
    bytes[at] ^= 0x80;
    EXPECT_FALSE(decode_frame_header(bytes, Stage::members)) << at;
  }
}

TEST(Frame, GarbageIsRefused) {
  SeededRandom random(1);
  for (int round = 0; round < 10'000; ++round) {
    FrameHeaderBytes bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    if (round % 2 == 0) std::ranges::copy(as_bytes("P1"), bytes.begin());
    const auto decoded = decode_frame_header(bytes, Stage::members);
    if (decoded) EXPECT_LE(decoded->message_bytes, wire::kMessageBytesMax);
  }
}

}  // namespace
}  // namespace peerstore::link
