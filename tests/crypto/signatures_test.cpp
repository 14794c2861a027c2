#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <peerstore/crypto/signatures.hpp>

#include <memory>

namespace peerstore::crypto {
namespace {

template <class Fixed>
Fixed fixed(std::string_view hex) {
  return *Fixed::from(*from_hex(hex));
}

// Signing by OpenSSL, over bytes that the test puts together by itself.
Signature signed_by_openssl(const SigningSecretKey& seed, ByteView message) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes.data(), seed.bytes.size()),
      &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Signature signature;
  std::size_t size = signature.bytes.size();
  EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()), 1);
  EXPECT_EQ(EVP_DigestSign(context.get(), signature.bytes.data(), &size, message.data(), message.size()), 1);
  return signature;
}

struct RfcVector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};
// RFC 8032 section 7.1, TEST 1 to 3.
const RfcVector kRfcVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0595bbe"
     "24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb4302a"
     "eeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9716ed2"
     "8dc027beceea1ec40a"},
};

TEST(Ed25519Signatures, KeysAreThoseOfRfc8032) {
  Ed25519Signatures signatures;
  for (const RfcVector& vector : kRfcVectors) {
    const auto seed = fixed<SigningSecretKey>(vector.seed);
    EXPECT_EQ(to_hex(signatures.key_pair_from(seed).public_key.view()), vector.public_key);
    EXPECT_EQ(signatures.key_pair_from(seed).secret_key, seed);
    EXPECT_EQ(to_hex(signed_by_openssl(seed, *from_hex(vector.message)).view()), vector.signature);
  }
}

TEST(Ed25519Signatures, SignKindRingAndBytesLikeAnotherImplementation) {
  Ed25519Signatures signatures;
  SeededEntropy entropy(1);
  for (std::size_t size = 0; size < 200; size += 7) {
    const auto seed = entropy.make<SigningSecretKey>();
    const auto ring = entropy.make<Hash>();
    Bytes bytes(size);
    entropy.fill(bytes);

    const std::string_view before = "peerstore/1/receipt";
    Bytes message(before.begin(), before.end());
    message.push_back(0);
    message.insert(message.end(), ring.bytes.begin(), ring.bytes.end());
    message.insert(message.end(), bytes.begin(), bytes.end());
    const Signature expected = signed_by_openssl(seed, message);

    EXPECT_EQ(signatures.sign(seed, "receipt", ring, bytes), expected);
    EXPECT_TRUE(
        signatures.verify(signatures.key_pair_from(seed).public_key, "receipt", ring, bytes, expected));
  }
}

// What every implementation promises.
template <class T>
class SignaturesContract : public testing::Test {
 protected:
  T signatures;
  SeededEntropy entropy{42};
  const SigningKeyPair pair = signatures.make_key_pair(entropy);
  const Hash ring = entropy.make<Hash>();
  const Bytes bytes = {1, 2, 3, 4};
  const Signature good = signatures.sign(pair.secret_key, "receipt", ring, bytes);

  bool verify(const SigningPublicKey& key, std::string_view kind, const Hash& in_ring, ByteView over,
              const Signature& signature) {
    // Twice: what was remembered must not change the answer.
    const bool once = signatures.verify(key, kind, in_ring, over, signature);
    EXPECT_EQ(signatures.verify(key, kind, in_ring, over, signature), once);
    return once;
  }
};
using Implementations = testing::Types<Ed25519Signatures, SimulatedSignatures>;
TYPED_TEST_SUITE(SignaturesContract, Implementations);

TYPED_TEST(SignaturesContract, AcceptsWhatWasSigned) {
  EXPECT_TRUE(this->verify(this->pair.public_key, "receipt", this->ring, this->bytes, this->good));
  const Signature of_nothing = this->signatures.sign(this->pair.secret_key, "", Hash{}, {});
  EXPECT_TRUE(this->verify(this->pair.public_key, "", Hash{}, {}, of_nothing));
}

TYPED_TEST(SignaturesContract, AnotherKindRingOrByteIsRefusedEvenAfterTheTrueOneWasSeen) {
  ASSERT_TRUE(this->verify(this->pair.public_key, "receipt", this->ring, this->bytes, this->good));
  EXPECT_FALSE(this->verify(this->pair.public_key, "delete", this->ring, this->bytes, this->good));
  EXPECT_FALSE(this->verify(this->pair.public_key, "receip", this->ring, this->bytes, this->good));
  Hash other_ring = this->ring;
  other_ring.bytes[0] ^= 1;
  EXPECT_FALSE(this->verify(this->pair.public_key, "receipt", other_ring, this->bytes, this->good));
  for (std::size_t i = 0; i < this->bytes.size(); ++i) {
    Bytes other = this->bytes;
    other[i] ^= 1;
    EXPECT_FALSE(this->verify(this->pair.public_key, "receipt", this->ring, other, this->good));
  }
  EXPECT_FALSE(
      this->verify(this->pair.public_key, "receipt", this->ring, ByteView(this->bytes).first(3), this->good));
}

TYPED_TEST(SignaturesContract, EveryBitOfTheSignatureAndEveryByteOfTheKeyMatters) {
  for (std::size_t bit = 0; bit < 8 * Signature::kSize; ++bit) {
    Signature bad = this->good;
    bad.bytes[bit / 8] = static_cast<std::uint8_t>(bad.bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(this->verify(this->pair.public_key, "receipt", this->ring, this->bytes, bad)) << bit;
  }
  for (std::size_t i = 0; i < SigningPublicKey::kSize; ++i) {
    SigningPublicKey bad = this->pair.public_key;
    bad.bytes[i] ^= 4;
    EXPECT_FALSE(this->verify(bad, "receipt", this->ring, this->bytes, this->good)) << i;
  }
}

TYPED_TEST(SignaturesContract, BytesCannotSlideBetweenKindRingAndBody) {
  // "a" || ring || ... against "" with a ring that begins otherwise: each field has its own place.
  const Signature signature = this->signatures.sign(this->pair.secret_key, "a", Hash{}, as_bytes("b"));
  EXPECT_FALSE(this->verify(this->pair.public_key, "", Hash{}, as_bytes("ab"), signature));
  EXPECT_FALSE(this->verify(this->pair.public_key, "ab", Hash{}, {}, signature));
}

TYPED_TEST(SignaturesContract, TheSameEntropyMakesTheSameKeys) {
  SeededEntropy one(7);
  SeededEntropy two(7);
  const SigningKeyPair first = this->signatures.make_key_pair(one);
  const SigningKeyPair second = this->signatures.make_key_pair(two);
  EXPECT_EQ(first.public_key, second.public_key);
  EXPECT_NE(first.public_key.bytes, first.secret_key.bytes);
  EXPECT_NE(this->signatures.make_key_pair(one).public_key, first.public_key);
}

TEST(Ed25519Signatures, RefusesAKeyThatSignsEverything) {
  // The neutral element as public key, with the signature (neutral element, 0), satisfies the equation
  // for any message.
  SigningPublicKey key;
  key.bytes[0] = 1;
  Signature signature;
  signature.bytes[0] = 1;
  Ed25519Signatures signatures;
  EXPECT_FALSE(signatures.verify(key, "receipt", Hash{}, as_bytes("anything"), signature));
}

TEST(Ed25519Signatures, StillVerifiesAfterMoreStatementsThanItRemembers) {
  Ed25519Signatures signatures;
  SeededEntropy entropy(5);
  const SigningKeyPair pair = signatures.make_key_pair(entropy);
  const Signature first = signatures.sign(pair.secret_key, "receipt", Hash{}, as_bytes("first"));
  ASSERT_TRUE(signatures.verify(pair.public_key, "receipt", Hash{}, as_bytes("first"), first));
  for (std::uint32_t i = 0; i < 17'000; ++i) {
    const std::string text = std::to_string(i);
    const Signature signature = signatures.sign(pair.secret_key, "receipt", Hash{}, as_bytes(text));
    ASSERT_TRUE(signatures.verify(pair.public_key, "receipt", Hash{}, as_bytes(text), signature));
  }
  EXPECT_TRUE(signatures.verify(pair.public_key, "receipt", Hash{}, as_bytes("first"), first));
  EXPECT_FALSE(signatures.verify(pair.public_key, "receipt", Hash{}, as_bytes("other"), first));
}

TEST(SignaturesDeathTest, AKindIsOneWordWithoutAnEnd) {
  SimulatedSignatures signatures;
  EXPECT_DEATH((void)signatures.sign({}, std::string_view("a\0b", 3), {}, {}), "bug");
}

}  // namespace
}  // namespace peerstore::crypto
