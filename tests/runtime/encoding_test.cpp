#include <peerstore/runtime/encoding.hpp>
#include <peerstore/runtime/random.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace peerstore {
namespace {

using Name = FixedBytes<struct NameTag, 4>;

TEST(Encoding, ReadsBackWhatItWrote) {
  const Name name{{1, 2, 3, 4}};
  ByteWriter writer;
  writer.u8(0xfe).u16(0xfedc).u32(0xfedcba98).u64(0xfedcba9876543210).i64(-5);
  writer.bytes(as_bytes("bytes")).text("").fixed(name).raw(as_bytes("!"));

  ByteReader reader(writer.view());
  EXPECT_EQ(reader.u8(), 0xfe);
  EXPECT_EQ(reader.u16(), 0xfedc);
  EXPECT_EQ(reader.u32(), 0xfedcba98U);
  EXPECT_EQ(reader.u64(), 0xfedcba9876543210U);
  EXPECT_EQ(reader.i64(), -5);
  EXPECT_EQ(as_text(reader.bytes(100)), "bytes");
  EXPECT_EQ(reader.text(0), "");
  EXPECT_EQ(reader.fixed<Name>(), name);
  EXPECT_FALSE(reader.finished());
  EXPECT_EQ(as_text(reader.raw(1)), "!");
  EXPECT_TRUE(reader.finished());
}

TEST(Encoding, IsLittleEndian) {
  ByteWriter writer;
  writer.u32(0x01020304).i64(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(to_hex(writer.view()), "040302010000000000000080");
}

TEST(Encoding, NeverReadsPastTheEndAndStaysFailed) {
  const Bytes three{1, 2, 3};
  ByteReader reader(three);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "although a byte would have been there";
  EXPECT_TRUE(reader.raw(0).empty());
  EXPECT_FALSE(reader.finished());
  EXPECT_EQ(reader.fixed<Name>(), Name{});
}

TEST(Encoding, RefusesLengthsAboveTheLimitOrBeyondTheInput) {
  ByteWriter writer;
  writer.text("hello");
  ByteReader limited(writer.view());
  EXPECT_EQ(limited.text(4), "");
  EXPECT_FALSE(limited.ok());
  for (const std::uint32_t length : {6U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
    ByteWriter lying;
    lying.u32(length).raw(as_bytes("hello"));
    ByteReader reader(lying.view());
    EXPECT_TRUE(reader.bytes(std::numeric_limits<std::size_t>::max()).empty());
    EXPECT_FALSE(reader.ok()) << length;
  }
}

TEST(Encoding, RefusesCountsOfItemsThatCannotBeThere) {
  ByteWriter writer;
  writer.u32(3).raw(Bytes(11));
  EXPECT_EQ(ByteReader(writer.view()).count(3), 3U);
  ByteReader reader(writer.view());
  EXPECT_EQ(reader.count(4), 0U);
  EXPECT_FALSE(reader.ok());
  ByteWriter huge;
  huge.u32(0xffffffff);
  ByteReader overflowing(huge.view());
  EXPECT_EQ(overflowing.count(1), 0U);
  EXPECT_FALSE(overflowing.ok());
}

TEST(Encoding, SurvivesGarbage) {
  SeededRandom random(9);
  for (int round = 0; round < 20'000; ++round) {
    Bytes garbage(random.below(40));
    for (std::uint8_t& byte : garbage)
      byte = static_cast<std::uint8_t>(random.below(4) == 0 ? 255 : random.below(6));
    ByteReader reader(garbage);
    std::size_t given = 0;
    for (int i = 0; i < 12; ++i) {
      switch (random.below(5)) {
        case 0: given += reader.bytes(1000).size(); break;
        case 1: given += reader.text(16).size(); break;
        case 2: given += reader.count(2); break;
        case 3: reader.u64(); break;
        default: given += reader.raw(random.below(9)).size();
      }
      ASSERT_LE(reader.left(), garbage.size());
    }
    ASSERT_LE(given, garbage.size());
  }
}

}  // namespace
}  // namespace peerstore
