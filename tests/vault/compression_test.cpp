#include <gtest/gtest.h>
#include <zstd.h>
#include <vault/compression.hpp>
#include <vault/random_bytes.hpp>

namespace peerstore::vault {
namespace {

Bytes text_of(Random& random, std::size_t size) {
  Bytes text;
  while (text.size() < size) {
    const std::string word = "word-" + std::to_string(random.below(500)) + " ";
    text.insert(text.end(), word.begin(), word.end());
  }
  text.resize(size);
  return text;
}

TEST(Compression, GivesBackWhatItTook) {
  SeededRandom random(1);
  for (const std::size_t size : {129ul, 1000ul, 65'535ul, 65'536ul, 65'537ul, kBlobBytesMax}) {
    const Bytes text = text_of(random, size);
    const auto stored = compress(text);
    ASSERT_TRUE(stored) << size;
    EXPECT_LT(stored->size(), size);
    const auto again = decompress(*stored, size);
    ASSERT_TRUE(again);
    EXPECT_TRUE(*again == text);
  }
}

TEST(Compression, LeavesAloneWhatItDoesNotPayFor) {
  SeededRandom random(2);
  for (const std::size_t size : {1ul, 128ul, 129ul, 4096ul, 65'536ul, 1'000'000ul}) {
    EXPECT_FALSE(compress(random_bytes(random, size))) << size;
  }
  EXPECT_FALSE(compress(Bytes(128, 'a')));
}

// Half text, half noise: the sample sees both.
TEST(Compression, FindsTheTextInAMixedBlob) {
  SeededRandom random(3);
  Bytes mixed = text_of(random, 300'000);
  const Bytes noise = random_bytes(random, 300'000);
  mixed.insert(mixed.end(), noise.begin(), noise.end());
  const auto stored = compress(mixed);
  ASSERT_TRUE(stored);
  EXPECT_LT(stored->size(), 420'000u);
}

TEST(Compression, RefusesFramesThatAreNotOfThatLength) {
  SeededRandom random(4);
  const Bytes text = text_of(random, 10'000);
  Bytes stored = *compress(text);
  for (const std::size_t length : {0ul, 1ul, 9'999ul, 10'001ul, kBlobBytesMax}) {
    EXPECT_EQ(decompress(stored, length).error().code, Errc::corrupt) << length;
  }
  for (std::size_t size = 0; size < stored.size(); ++size) {
    ASSERT_FALSE(decompress(ByteView(stored).first(size), text.size())) << size;
  }
  stored.push_back(0);
  EXPECT_EQ(decompress(stored, text.size()).error().code, Errc::corrupt);
  EXPECT_EQ(decompress({}, 0).error().code, Errc::corrupt);
}

// A kilobyte that claims, and has, a thousand times as much in it.
TEST(Compression, TakesNoMoreMemoryThanWasDeclared) {
  const Bytes zeros(64 * 1024 * 1024);
  Bytes bomb(ZSTD_compressBound(zeros.size()));
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), zeros.data(), zeros.size(), 3));
  EXPECT_EQ(decompress(bomb, 1000).error().code, Errc::corrupt);
  EXPECT_EQ(decompress(bomb, kBlobBytesMax).error().code, Errc::corrupt);
}

TEST(Compression, AnyBytesAreReadOrRefused) {
  SeededRandom random(5);
  const Bytes text = text_of(random, 3000);
  const Bytes good = *compress(text);
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bad = good;
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      const std::uint64_t at = random.below(2) == 0 ? random.below(12) : random.below(bad.size());
      bad[at] = static_cast<std::uint8_t>(random.next());
    }
    const auto content = decompress(bad, text.size());
    if (!content) continue;
    ++read;
    EXPECT_EQ(content->size(), text.size());
  }
  EXPECT_LT(read, 20'000);
}

}  // namespace
}  // namespace peerstore::vault
