#include <gtest/gtest.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/stream.hpp>
#include <peerstore/runtime/random.hpp>

#include <algorithm>

namespace peerstore::crypto {
namespace {

// Gives out the bytes first, first + 1, ...
struct CountingEntropy {
  std::uint8_t first;
  void fill(std::span<std::uint8_t> out) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(first + i);
  }
};

class Record : public testing::Test {
 protected:
  SeededEntropy entropy{3};
  const SecretKey key = entropy.make<SecretKey>();
  const Bytes associated = {9, 8, 7};
  const Bytes plain = {1, 2, 3, 4, 5};
  const Bytes sealed = seal_record(key, associated, plain, RecordNonce(entropy));

  static void expect_corrupt(const Result<Bytes>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::corrupt);
  }
};

TEST_F(Record, IsXChaCha20Poly1305AfterItsCommitmentAndNonce) {
  // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
  const SecretKey vector_key =
      *SecretKey::from(*from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  const std::string_view text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
      "would be it.";
  const CountingEntropy counting{0x40};
  const RecordNonce nonce(counting);
  const Bytes record = seal_record(vector_key, *from_hex("50515253c0c1c2c3c4c5c6c7"), as_bytes(text), nonce);
  EXPECT_EQ(
      to_hex(ByteView(record).subspan(32)),
      "404142434445464748494a4b4c4d4e4f5051525354555657"
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6"
      "708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c9763"
      "7da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
  EXPECT_EQ(to_hex(ByteView(record).first(32)),
            to_hex(hash("record key commitment", {vector_key.view(), nonce.view()}).view()));
}

TEST_F(Record, OpensToWhatWasSealed) {
  EXPECT_EQ(sealed.size(), plain.size() + kRecordOverheadBytes);
  EXPECT_EQ(*open_record(key, associated, sealed), plain);
  const Bytes empty = seal_record(key, {}, {}, RecordNonce(entropy));
  EXPECT_EQ(*open_record(key, {}, empty), Bytes{});
}

TEST_F(Record, WithAnotherKeyOrAssociatedDataIsCorrupt) {
  expect_corrupt(open_record(entropy.make<SecretKey>(), associated, sealed));
  expect_corrupt(open_record(key, {}, sealed));
}

TEST_F(Record, WithAnyBitFlippedIsCorrupt) {
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Bytes bad = sealed;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1 << (bit % 8)));
    expect_corrupt(open_record(key, associated, bad));
  }
}

TEST_F(Record, TruncatedOrExtendedIsCorrupt) {
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    expect_corrupt(open_record(key, associated, ByteView(sealed).first(size)));
  }
  Bytes longer = sealed;
  longer.push_back(0);
  expect_corrupt(open_record(key, associated, longer));
}

TEST_F(Record, LargerThanItMayBeIsRefusedBeforeItIsRead) {
  // A view that claims to be huge: reading it would fail.
  const ByteView huge(sealed.data(), kRecordOverheadBytes + kRecordPlainBytesMax + 1);
  expect_corrupt(open_record(key, associated, huge));
}

TEST_F(Record, TwoUnderOneKeyDoNotShowThatTheyShareIt) {
  const Bytes again = seal_record(key, associated, plain, RecordNonce(entropy));
  EXPECT_FALSE(std::equal(sealed.begin(), sealed.begin() + 32, again.begin()));
}

TEST_F(Record, TheCommitmentOfOneDoesNotFitAnother) {
  const Bytes again = seal_record(key, associated, plain, RecordNonce(entropy));
  Bytes mixed = again;
  std::copy_n(sealed.begin(), 32, mixed.begin());
  expect_corrupt(open_record(key, associated, mixed));
}

}  // namespace
}  // namespace peerstore::crypto
