#include <gtest/gtest.h>
#include <net/frame.hpp>
#include <net/hello.hpp>
#include <net/limits.hpp>
#include <net/round_trips.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/wire/codec.hpp>

#include <algorithm>

namespace peerstore::net {
namespace {

FrameHeader example() {
  FrameHeader header;
  header.kind = FrameKind::request;
  header.request = 0x0102030405060708;
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
            "50534631"
            "02"
            "00"
            "0000"
            "0807060504030201"
            "10270000"
            "40000000"
            "00000100");
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
  for (const std::size_t at : {0, 4, 5, 6, 7}) {
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
    if (round % 2 == 0) std::ranges::copy(as_bytes("PSF1"), bytes.begin());
    const auto decoded = decode_frame_header(bytes, Stage::members);
    if (decoded) EXPECT_LE(decoded->message_bytes, wire::kMessageBytesMax);
  }
}

TEST(Hello, ComesBackAsItWas) {
  Hello hello;
  hello.role = TlsNetwork::Role::node;
  hello.ring.bytes.fill(7);
  hello.proof.resize(2);
  hello.proof[0].body = SharedBytes(Bytes(100, 1));
  const Bytes bytes = encode(hello);
  const auto decoded = decode_hello(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->role, hello.role);
  EXPECT_EQ(decoded->ring, hello.ring);
  EXPECT_EQ(decoded->proof, hello.proof);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_hello(ByteView(bytes).first(size)));
  }
}

TEST(Hello, OfAnotherVersionIsUnsupported) {
  Bytes bytes = encode(Hello{});
  bytes[0] = 9;
  const auto decoded = decode_hello(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::unsupported);
}

TEST(Hello, WithTooMuchProofOrNoKnownRoleIsInvalid) {
  Hello hello;
  hello.proof.resize(kProofStatementsMax + 1);
  EXPECT_FALSE(decode_hello(encode(hello)));
  hello.proof.clear();
  for (const std::uint8_t role : {0, 4, 255}) {
    Bytes bytes = encode(hello);
    bytes[2] = role;
    EXPECT_FALSE(decode_hello(bytes));
  }
}

TEST(Goodbye, CarriesItsReason) {
  const Error reason = decode_goodbye(encode_goodbye(fail(Errc::refused, "not a member")));
  EXPECT_EQ(reason.code, Errc::refused);
  EXPECT_EQ(reason.context, "not a member");
  EXPECT_EQ(decode_goodbye(Bytes(10, 3)).code, Errc::invalid);
  EXPECT_EQ(decode_goodbye(wire::encode(Result<wire::Response>(wire::Response(wire::Done{}))).message).code,
            Errc::invalid);
}

TEST(RoundTrips, TrustTheCallerUntilThereAreEnoughMeasurements) {
  RoundTrips trips;
  for (int i = 0; i < kRoundTripSamplesMin; ++i) {
    EXPECT_EQ(trips.patience_within(10s), 10s);
    trips.answered_after(5ms);
  }
  EXPECT_EQ(trips.patience_within(10s), kRoundTripFloor);
  EXPECT_EQ(trips.patience_within(100ms), 100ms);
}

TEST(RoundTrips, WaitForTheMeanAndFourDeviations) {
  RoundTrips trips;
  for (int i = 0; i < 200; ++i) trips.answered_after(1s);
  EXPECT_GE(trips.patience_within(10s), 1s);
  EXPECT_LT(trips.patience_within(10s), 1100ms);
  for (int i = 0; i < 200; ++i) trips.answered_after(i % 2 == 0 ? 500ms : 1500ms);
  EXPECT_GT(trips.patience_within(10s), 2500ms);
  EXPECT_LT(trips.patience_within(10s), 4s);
}

TEST(RoundTrips, DoubleAfterEachQuestionGivenUp) {
  RoundTrips trips;
  for (int i = 0; i < 10; ++i) trips.answered_after(1ms);
  trips.gave_up();
  EXPECT_EQ(trips.patience_within(10s), 2 * kRoundTripFloor);
  trips.gave_up();
  EXPECT_EQ(trips.patience_within(10s), 4 * kRoundTripFloor);
  trips.answered_after(1ms);
  EXPECT_EQ(trips.patience_within(10s), kRoundTripFloor);
}

TEST(RoundTrips, AreMeasuredOnSmallQuestionsAlone) {
  EXPECT_TRUE(RoundTrips::measures(wire::GetNeighbours{}));
  EXPECT_TRUE(RoundTrips::measures(wire::FindSuccessor{}));
  EXPECT_FALSE(RoundTrips::measures(wire::PutCommit{}));
  EXPECT_FALSE(RoundTrips::measures(wire::GetSegment{}));
  EXPECT_FALSE(RoundTrips::measures(wire::ExchangeRoster{}));
}

}  // namespace
}  // namespace peerstore::net
