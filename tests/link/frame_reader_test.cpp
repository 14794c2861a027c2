#include <gtest/gtest.h>
#include <link/frame_reader.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/wire/codec.hpp>

#include <algorithm>

namespace peerstore::link {
namespace {

Bytes random_bytes(SeededRandom& random, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  return bytes;
}

Frame request(SeededRandom& random, std::uint32_t id, std::size_t message, std::size_t attachment) {
  Frame frame;
  frame.header.kind = FrameKind::request;
  frame.header.request = id;
  frame.header.message_bytes = static_cast<std::uint32_t>(message);
  frame.header.attachment_bytes = static_cast<std::uint32_t>(attachment);
  frame.message = random_bytes(random, message);
  if (attachment > 0) frame.attachment = SharedBytes(random_bytes(random, attachment));
  return frame;
}

void append(Bytes& bytes, const Frame& frame) {
  const Bytes header = encode(frame.header);
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), frame.message.begin(), frame.message.end());
  const ByteView attachment = frame.attachment.view();
  bytes.insert(bytes.end(), attachment.begin(), attachment.end());
}

// Takes as much as fits and as `most` allows: as a stream gives it.
std::size_t feed(FrameReader& reader, ByteView bytes, std::size_t most) {
  const std::span<std::uint8_t> space = reader.space();
  const std::size_t size = std::min({space.size(), bytes.size(), most});
  std::copy_n(bytes.begin(), size, space.begin());
  reader.filled(size);
  return size;
}

// All frames in `bytes`, which arrive in pieces of 1 to `piece_most`.
std::vector<Frame> read_all(ByteView bytes, std::size_t piece_most, SeededRandom& random) {
  FrameReader reader;
  std::vector<Frame> frames;
  std::size_t done = 0;
  for (;;) {
    auto frame = reader.next(Stage::members);
    EXPECT_TRUE(frame) << frame.error().message();
    if (!frame) return frames;
    if (*frame) {
      frames.push_back(std::move(**frame));
    } else if (done == bytes.size()) {
      return frames;
    } else {
      done += feed(reader, bytes.subspan(done), 1 + random.below(piece_most));
    }
  }
}

TEST(FrameReader, GivesTheSameFramesHoweverTheBytesAreCut) {
  SeededRandom random(1);
  std::vector<Frame> frames;
  Bytes bytes;
  for (std::uint32_t id = 1; id <= 60; ++id) {
    const std::size_t message = 1 + random.below(id % 10 == 0 ? 30'000 : 300);
    const std::size_t attachment = id % 7 == 0 ? wire::kAttachmentBytesMax : random.below(2) * 100;
    frames.push_back(request(random, id, message, attachment));
    append(bytes, frames.back());
  }
  for (const std::size_t piece_most : {1, 27, 28, 29, 1000, 4096, 16'384, 1'000'000}) {
    SCOPED_TRACE(piece_most);
    const std::vector<Frame> read = read_all(bytes, piece_most, random);
    ASSERT_EQ(read.size(), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
      EXPECT_EQ(read[i].header, frames[i].header);
      EXPECT_EQ(read[i].message, frames[i].message);
      EXPECT_EQ(read[i].attachment, frames[i].attachment);
    }
  }
}

TEST(FrameReader, ReadsManySmallFramesAtOnce) {
  SeededRandom random(2);
  Bytes bytes;
  for (std::uint32_t id = 1; id <= 20; ++id) append(bytes, request(random, id, 100, 0));
  FrameReader reader;
  EXPECT_EQ(feed(reader, bytes, bytes.size()), bytes.size());
  for (std::uint32_t id = 1; id <= 20; ++id) {
    const auto frame = reader.next(Stage::members);
    ASSERT_TRUE(frame && frame->has_value());
    EXPECT_EQ((*frame)->header.request, id);
  }
}

TEST(FrameReader, ReadsASegmentWhereItStays) {
  SeededRandom random(3);
  Bytes bytes;
  append(bytes, request(random, 1, 100, wire::kAttachmentBytesMax));
  FrameReader reader;
  std::size_t done = feed(reader, bytes, bytes.size());
  ASSERT_FALSE(reader.next(Stage::members)->has_value());
  const std::uint8_t* const where = reader.space().data();
  while (done < bytes.size()) {
    done += feed(reader, ByteView(bytes).subspan(done), bytes.size());
    const auto frame = reader.next(Stage::members);
    ASSERT_TRUE(frame);
    if (!*frame) continue;
    EXPECT_GT(where, (*frame)->attachment.data());
    EXPECT_LT(where, (*frame)->attachment.data() + (*frame)->attachment.size());
    return;
  }
  FAIL() << "the frame did not come";
}

TEST(FrameReader, HoldsLengthsAgainstTheStageBeforeItTakesMemory) {
  FrameHeader header;
  header.message_bytes = 0xffffffff;
  header.attachment_bytes = 0xffffffff;
  FrameReader reader;
  const Bytes bytes = encode(header);
  EXPECT_EQ(feed(reader, bytes, bytes.size()), bytes.size());
  const auto frame = reader.next(Stage::greeting);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, Errc::invalid);
}

TEST(FrameReader, JudgesEachFrameByTheStageInWhichItIsTakenOut) {
  SeededRandom random(4);
  Bytes bytes;
  Frame hello = request(random, 0, 50, 0);
  hello.header.kind = FrameKind::hello;
  append(bytes, hello);
  append(bytes, request(random, 1, 100, 0));
  FrameReader reader;
  EXPECT_EQ(feed(reader, bytes, bytes.size()), bytes.size());
  EXPECT_TRUE(reader.next(Stage::greeting)->has_value());
  EXPECT_TRUE(reader.next(Stage::members)->has_value());
}

TEST(FrameReader, SurvivesGarbage) {
  SeededRandom random(5);
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes = random_bytes(random, 200);
    append(bytes, request(random, 1, 100, 300));
    std::rotate(bytes.begin(), bytes.begin() + 200, bytes.end());
    const std::uint64_t place = random.below(bytes.size());
    bytes[place] ^= static_cast<std::uint8_t>(1 + random.below(255));
    FrameReader reader;
    std::size_t done = 0;
    for (auto frame = reader.next(Stage::members); frame; frame = reader.next(Stage::members)) {
      if (*frame) continue;
      if (done == bytes.size()) break;
      done += feed(reader, ByteView(bytes).subspan(done), 1 + random.below(100));
    }
  }
}

}  // namespace
}  // namespace peerstore::link
