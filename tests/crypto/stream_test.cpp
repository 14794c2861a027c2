#include <gtest/gtest.h>
#include <sodium.h>
#include <peerstore/crypto/stream.hpp>
#include <peerstore/runtime/random.hpp>

#include <thread>

namespace peerstore::crypto {
namespace {

Bytes random_bytes(Entropy& entropy, std::size_t size) {
  Bytes out(size);
  entropy.fill(out);
  return out;
}

Bytes sealed_frame(const SecretKey& key, std::uint64_t index, bool last, ByteView associated,
                   ByteView plain) {
  Bytes sealed(plain.size() + kFrameTagBytes);
  seal_frame(key, index, last, associated, plain, sealed);
  return sealed;
}

Result<Bytes> opened_frame(const SecretKey& key, std::uint64_t index, bool last, ByteView associated,
                           ByteView sealed) {
  Bytes plain(sealed.size() < kFrameTagBytes ? 0 : sealed.size() - kFrameTagBytes);
  if (auto done = open_frame(key, index, last, associated, sealed, plain); !done) return done.error();
  return plain;
}

// ChaCha20-Poly1305 of libsodium, the twin of OpenSSL's.
Bytes sealed_by_sodium(const SecretKey& key, ByteView nonce, ByteView associated, ByteView plain) {
  Bytes sealed(plain.size() + kFrameTagBytes);
  EXPECT_EQ(crypto_aead_chacha20poly1305_ietf_encrypt(sealed.data(), nullptr, plain.data(), plain.size(),
                                                      associated.data(), associated.size(), nullptr,
                                                      nonce.data(), key.bytes.data()),
            0);
  return sealed;
}

TEST(Frame, ItsTwinAgreesWithTheVectorOfRfc8439) {
  const SecretKey key =
      *SecretKey::from(*from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  const std::string_view plain =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
      "would be it.";
  EXPECT_EQ(
      to_hex(sealed_by_sodium(key, *from_hex("070000004041424344454647"),
                              *from_hex("50515253c0c1c2c3c4c5c6c7"), as_bytes(plain))),
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de"
      "0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b"
      "7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691");
}

TEST(Frame, IsChaCha20Poly1305UnderTheNonceOfStream) {
  SeededEntropy entropy(1);
  SeededRandom random(1);
  for (int round = 0; round < 500; ++round) {
    const auto key = entropy.make<SecretKey>();
    const std::size_t plain_bytes = round < 20 ? static_cast<std::size_t>(round) : random.below(3000);
    const Bytes plain = random_bytes(entropy, round == 20 ? kFramePlainBytes : plain_bytes);
    const Bytes associated = random_bytes(entropy, random.below(100));
    const std::uint64_t index = random.next() >> random.below(64);
    const bool last = random.below(2) == 1;

    Bytes nonce(12);
    for (int i = 0; i < 8; ++i) nonce[10 - i] = static_cast<std::uint8_t>(index >> (8 * i));
    nonce[11] = last ? 1 : 0;
    const Bytes sealed = sealed_frame(key, index, last, associated, plain);
    ASSERT_EQ(sealed, sealed_by_sodium(key, nonce, associated, plain)) << round;
    const auto opened = opened_frame(key, index, last, associated, sealed);
    ASSERT_TRUE(opened) << round;
    ASSERT_EQ(*opened, plain) << round;
  }
}

class FrameOpening : public testing::Test {
 protected:
  SeededEntropy entropy{2};
  const SecretKey key = entropy.make<SecretKey>();
  const Bytes associated = random_bytes(entropy, 40);
  const Bytes plain = random_bytes(entropy, 300);
  const Bytes sealed = sealed_frame(key, 7, false, associated, plain);

  static void expect_corrupt(const Result<Bytes>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::corrupt);
  }
};

TEST_F(FrameOpening, AtAnotherPlaceIsCorrupt) {
  for (const std::uint64_t index : {0ull, 6ull, 8ull, 7ull << 8, (1ull << 32) + 7, (1ull << 63) + 7}) {
    expect_corrupt(opened_frame(key, index, false, associated, sealed));
  }
}

TEST_F(FrameOpening, WithTheEndMovedIsCorrupt) {
  expect_corrupt(opened_frame(key, 7, true, associated, sealed));
  expect_corrupt(opened_frame(key, 7, false, associated, sealed_frame(key, 7, true, associated, plain)));
}

TEST_F(FrameOpening, WithAnyBitFlippedIsCorrupt) {
  for (std::size_t bit = 0; bit < 8 * sealed.size(); bit += 3) {
    Bytes bad = sealed;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1 << (bit % 8)));
    expect_corrupt(opened_frame(key, 7, false, associated, bad));
  }
}

TEST_F(FrameOpening, TruncatedOrExtendedIsCorrupt) {
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    expect_corrupt(opened_frame(key, 7, false, associated, ByteView(sealed).first(size)));
  }
  Bytes longer = sealed;
  longer.push_back(0);
  expect_corrupt(opened_frame(key, 7, false, associated, longer));
  expect_corrupt(opened_frame(key, 7, false, associated, Bytes(kFrameBytes + 1)));
}

TEST_F(FrameOpening, WithAnotherKeyOrHeaderIsCorrupt) {
  expect_corrupt(opened_frame(entropy.make<SecretKey>(), 7, false, associated, sealed));
  expect_corrupt(opened_frame(key, 7, false, {}, sealed));
  Bytes other = associated;
  other[0] ^= 1;
  expect_corrupt(opened_frame(key, 7, false, other, sealed));
}

TEST_F(FrameOpening, IntoRoomOfAnotherSizeIsCorrupt) {
  Bytes room(plain.size() + 1);
  EXPECT_EQ(open_frame(key, 7, false, associated, sealed, room).error().code, Errc::corrupt);
  EXPECT_EQ(open_frame(key, 7, false, associated, sealed, std::span(room).first(1)).error().code,
            Errc::corrupt);
}

TEST_F(FrameOpening, ShowsNothingOfWhatDidNotVerify) {
  Bytes bad = sealed;
  bad.back() ^= 1;
  Bytes room(plain.size(), 0xee);
  ASSERT_FALSE(open_frame(key, 7, false, associated, bad, room));
  EXPECT_EQ(room, Bytes(plain.size(), 0));
}

TEST_F(FrameOpening, StillWorksAfterAFailure) {
  ASSERT_FALSE(opened_frame(key, 8, false, associated, sealed));
  EXPECT_EQ(*opened_frame(key, 7, false, associated, sealed), plain);
}

TEST_F(FrameOpening, ReorderedFramesAreCorrupt) {
  std::vector<Bytes> frames;
  for (std::uint64_t i = 0; i < 4; ++i) frames.push_back(sealed_frame(key, i, i == 3, associated, plain));
  for (std::uint64_t at = 0; at < 4; ++at) {
    for (std::uint64_t from = 0; from < 4; ++from) {
      EXPECT_EQ(opened_frame(key, at, at == 3, associated, frames[from]).has_value(), at == from);
    }
  }
  // The first three as if they were all.
  expect_corrupt(opened_frame(key, 2, true, associated, frames[2]));
}

TEST_F(FrameOpening, WorksOnSeveralThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (std::uint64_t index = 0; index < 200; ++index) {
        const Bytes frame = sealed_frame(key, index, false, associated, plain);
        const auto opened = opened_frame(key, index, false, associated, frame);
        EXPECT_TRUE(opened && *opened == plain);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(KeyCommitment, DiffersForEveryKeyAndDoesNotShowIt) {
  SecretKey one;
  SecretKey two;
  two.bytes[31] = 1;
  EXPECT_EQ(key_commitment(one), key_commitment(one));
  EXPECT_NE(key_commitment(one), key_commitment(two));
  EXPECT_NE(key_commitment(one).bytes, one.bytes);
}

TEST(FrameDeathTest, AFrameLargerThanAFrameIsABug) {
  Bytes plain(kFramePlainBytes + 1);
  Bytes sealed(kFrameBytes + 1);
  EXPECT_DEATH(seal_frame({}, 0, false, {}, plain, sealed), "bug");
}

}  // namespace
}  // namespace peerstore::crypto
