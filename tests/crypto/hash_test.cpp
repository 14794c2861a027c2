#include <gtest/gtest.h>
#include <crypto/blake3_twin.hpp>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/runtime/random.hpp>

namespace peerstore::crypto {
namespace {

Bytes counting(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i % 251);
  return out;
}

Bytes random_bytes(std::uint64_t seed, std::size_t size) {
  SeededEntropy entropy(seed);
  Bytes out(size);
  entropy.fill(out);
  return out;
}

// Each part after its u64 length, as hash.hpp promises.
Bytes encoded(std::initializer_list<ByteView> parts) {
  ByteWriter out;
  for (const ByteView part : parts) out.u64(part.size()).raw(part);
  return out.take();
}

TEST(Blake3Twin, AgreesWithTheOfficialTestVectors) {
  struct Vector {
    std::size_t size;
    const char* hash;
    const char* keyed;
    const char* derived;
  };
  const Vector vectors[] = {
      {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
       "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
       "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d"},
      {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
       "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b",
       "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c"},
      {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
       "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4",
       "7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706"},
      {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
       "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69",
       "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb"},
      {3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3",
       "68dede9bef00ba89e43f31a6825f4cf433389fedae75c04ee9f0cf16a427c95a",
       "72613c9ec9ff7e40f8f5c173784c532ad852e827dba2bf85b2ab4b76f7079081"},
      {6144, "3e2e5b74e048f3add6d21faab3f83aa44d3b2278afb83b80b3c35164ebeca205",
       "3d6b6d21281d0ade5b2b016ae4034c5dec10ca7e475f90f76eac7138e9bc8f1d",
       "2a95beae63ddce523762355cf4b9c1d8f131465780a391286a5d01abb5683a15"},
  };
  for (const Vector& vector : vectors) {
    const Bytes input = counting(vector.size);
    EXPECT_EQ(to_hex(blake3_twin::hash(input)), vector.hash) << vector.size;
    EXPECT_EQ(to_hex(blake3_twin::keyed_hash(as_bytes("whats the Elvish word for friend"), input)),
              vector.keyed)
        << vector.size;
    EXPECT_EQ(to_hex(blake3_twin::derive_key("BLAKE3 2019-12-27 16:29:52 test vectors context", input)),
              vector.derived)
        << vector.size;
  }
}

TEST(Hash, IsBlake3KeyDerivationOverThePartsAfterTheirLengths) {
  for (const std::size_t size : {0, 1, 55, 56, 57, 64, 1015, 1016, 1017, 2048, 31744, 65536, 100001}) {
    const Bytes first = random_bytes(size + 1, size);
    const Bytes second = random_bytes(size + 2, 33);
    EXPECT_EQ(to_hex(hash("test", {first, second}).view()),
              to_hex(blake3_twin::derive_key("peerstore 1 test", encoded({first, second}))))
        << size;
  }
}

TEST(Hash, KeyedHashIsBlake3UnderASubKeyForThePurpose) {
  SeededEntropy entropy(1);
  const auto key = entropy.make<SecretKey>();
  const Bytes sub_key = blake3_twin::derive_key("peerstore 1 test", encoded({key.view()}));
  EXPECT_EQ(to_hex(derive_key(key, "test").view()), to_hex(sub_key));
  for (const std::size_t size : {0, 1, 1016, 1017, 65536}) {
    const Bytes input = random_bytes(size, size);
    EXPECT_EQ(to_hex(keyed_hash(key, "test", {input}).view()),
              to_hex(blake3_twin::keyed_hash(sub_key, encoded({input}))))
        << size;
  }
}

TEST(Hash, AnotherPurposeOrKeyGivesAnotherValue) {
  SecretKey key;
  SecretKey other = key;
  other.bytes[31] = 1;
  EXPECT_NE(hash("one", {}), hash("two", {}));
  EXPECT_NE(keyed_hash(key, "one", {}), keyed_hash(key, "two", {}));
  EXPECT_NE(keyed_hash(key, "one", {}), keyed_hash(other, "one", {}));
  EXPECT_NE(derive_key(key, "one"), derive_key(key, "two"));
  EXPECT_NE(derive_key(key, "one"), derive_key(other, "one"));
  EXPECT_NE(derive_key(key, "one"), derive_key(key, "one", {as_bytes("part")}));
}

TEST(Hash, PartsDoNotRunIntoOneAnother) {
  const Hash together = hash("test", {as_bytes("ab"), as_bytes("c")});
  EXPECT_NE(together, hash("test", {as_bytes("a"), as_bytes("bc")}));
  EXPECT_NE(together, hash("test", {as_bytes("abc")}));
  EXPECT_NE(together, hash("test", {as_bytes("ab"), as_bytes("c"), as_bytes("")}));
}

TEST(Hash, EqualityInConstantTimeIsEquality) {
  const Bytes bytes = random_bytes(3, 32);
  EXPECT_TRUE(equal_in_constant_time(bytes, Bytes(bytes)));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  EXPECT_FALSE(equal_in_constant_time(bytes, ByteView(bytes).first(31)));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes other = bytes;
    other[i] ^= 0x80;
    EXPECT_FALSE(equal_in_constant_time(bytes, other)) << i;
  }
}

}  // namespace
}  // namespace peerstore::crypto
