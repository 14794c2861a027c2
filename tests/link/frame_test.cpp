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

Result<FrameHeader> decoded(const Bytes& bytes, Stage stage) {
  EXPECT_EQ(bytes.size(), frame_header_bytes(bytes[0]));
  return decode_frame_header(bytes, stage);
}

bool is_refused(const FrameHeader& header, Stage stage) {
  const auto back = decoded(encode(header), stage);
  return !back && back.error().code == Errc::invalid;
}

TEST(Frame, HeaderHasExactlyTheseBytes) {
  FrameHeader header = example();
  EXPECT_EQ(to_hex(encode(header)),
            "82"
            "04030201"
            "102700"
            "400000"
            "000001");
  header.attachment_bytes = 0;
  EXPECT_EQ(to_hex(encode(header)),
            "02"
            "04030201"
            "102700"
            "400000");
  header.kind = FrameKind::reply;
  EXPECT_EQ(to_hex(encode(header)),
            "03"
            "04030201"
            "400000");
  header.kind = FrameKind::goodbye;
  EXPECT_EQ(to_hex(encode(header)),
            "04"
            "400000");
}

TEST(Frame, HeaderComesBackAsItWas) {
  FrameHeader header = example();
  EXPECT_EQ(decoded(encode(header), Stage::members).value(), header);
  header.attachment_bytes = 0;
  EXPECT_EQ(decoded(encode(header), Stage::members).value(), header);
  header.kind = FrameKind::reply;
  header.patience_ms = 0;
  EXPECT_EQ(decoded(encode(header), Stage::members).value(), header);
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

TEST(Frame, WhatIsThereMustMeanSomething) {
  FrameHeader header = example();
  header.request = 0;
  EXPECT_TRUE(is_refused(header, Stage::members));
  Bytes attached = encode(example());
  std::fill(attached.end() - 3, attached.end(), std::uint8_t{0});
  EXPECT_FALSE(decoded(attached, Stage::members)) << "an attachment of no bytes";
  for (const std::uint8_t kind : {0x00, 0x05, 0x42, 0x80, 0x85, 0xff}) {
    EXPECT_FALSE(decoded({kind}, Stage::members)) << int{kind};
  }
}

TEST(Frame, GarbageIsRefused) {
  SeededRandom random(1);
  for (int round = 0; round < 10'000; ++round) {
    Bytes bytes(1, static_cast<std::uint8_t>(random.next()));
    if (round % 2 == 0) bytes[0] &= 0x83;
    bytes.resize(frame_header_bytes(bytes[0]));
    for (auto& byte : std::span(bytes).subspan(1)) byte = static_cast<std::uint8_t>(random.next());
    const auto header = decoded(bytes, Stage::members);
    if (header) EXPECT_LE(header->message_bytes, wire::kMessageBytesMax);
  }
}

}  // namespace
}  // namespace peerstore::link
