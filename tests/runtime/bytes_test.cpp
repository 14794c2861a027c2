#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/random.hpp>

#include <gtest/gtest.h>

#include <string>

namespace peerstore {
namespace {

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}

TEST(Hex, WritesAndReads) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x1f, 0xff}), "001fff");
  EXPECT_EQ(from_hex("001fFF"), (Bytes{0x00, 0x1f, 0xff}));
  EXPECT_EQ(from_hex(""), Bytes());
  EXPECT_FALSE(from_hex("1"));
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_FALSE(from_hex("0x"));
  EXPECT_FALSE(from_hex(" 0"));
}

TEST(Base64Url, AgreesWithTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64url(as_bytes(plain)), encoded);
    EXPECT_EQ(from_base64url(encoded), bytes_of(plain));
  }
  EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff, 0xfe}), "-__-");
}

TEST(Base64Url, RefusesWhatItWouldNotWrite) {
  EXPECT_FALSE(from_base64url("Z"));
  EXPECT_FALSE(from_base64url("Zg=="));
  EXPECT_FALSE(from_base64url("Zm9v Yg"));
  EXPECT_FALSE(from_base64url("+/+/"));
  EXPECT_FALSE(from_base64url("Zh")) << "bits that belong to nothing";
  EXPECT_FALSE(from_base64url("Zm9")) << "bits that belong to nothing";
}

TEST(Base64Url, ReadsBackAnything) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
  }
}

TEST(SharedBytes, SlicesKeepTheBufferAlive) {
  SharedBytes slice;
  EXPECT_TRUE(slice.empty());
  {
    const SharedBytes whole(bytes_of("hello, ring"));
    slice = whole.slice(7, 4);
    EXPECT_EQ(slice.slice(0, 0).size(), 0U);
  }
  EXPECT_EQ(as_text(slice.view()), "ring");
  EXPECT_EQ(slice, SharedBytes(bytes_of("ring")));
}

TEST(FixedBytes, TakesExactlyItsSize) {
  using Four = FixedBytes<struct FourTag, 4>;
  EXPECT_TRUE(Four{}.is_zero());
  EXPECT_TRUE(Four::from(Bytes{1, 2, 3, 4}));
  EXPECT_FALSE(Four::from(Bytes{1, 2, 3}));
  EXPECT_LT((Four{{0, 0, 1, 0}}), (Four{{0, 1, 0, 0}})) << "compares as a big-endian number";
}

}  // namespace
}  // namespace peerstore
