#include <peerstore/crypto/hash.hpp>

#include <blake3.h>

#include <peerstore/runtime/check.hpp>

#include <cstdio>

namespace peerstore::crypto {

namespace {

constexpr std::size_t kPurposeBytesMax = 96;

// "peerstore 1 <purpose>", the context of BLAKE3's key derivation. The 1 is the ring format version.
class Context {
 public:
  explicit Context(std::string_view purpose) {
    CHECK(purpose.size() <= kPurposeBytesMax);
    size_ = static_cast<std::size_t>(std::snprintf(text_, sizeof text_, "peerstore 1 %.*s",
                                                   static_cast<int>(purpose.size()), purpose.data()));
  }
  const char* data() const { return text_; }
  std::size_t size() const { return size_; }

 private:
  char text_[kPurposeBytesMax + 16];
  std::size_t size_;
};

void update(blake3_hasher& hasher, std::initializer_list<ByteView> parts) {
  for (const ByteView part : parts) {
    std::uint8_t length[8];
    for (int i = 0; i < 8; ++i) length[i] = static_cast<std::uint8_t>(std::uint64_t{part.size()} >> (8 * i));
    blake3_hasher_update(&hasher, length, sizeof length);
    blake3_hasher_update(&hasher, part.data(), part.size());
  }
}

Hash finish(const blake3_hasher& hasher) {
  Hash out;
  blake3_hasher_finalize(&hasher, out.bytes.data(), out.bytes.size());
  return out;
}

}  // namespace

Hash hash(std::string_view purpose, std::initializer_list<ByteView> parts) {
  const Context context(purpose);
  blake3_hasher hasher;
  blake3_hasher_init_derive_key_raw(&hasher, context.data(), context.size());
  update(hasher, parts);
  return finish(hasher);
}

Hash keyed_hash(const SecretKey& key, std::string_view purpose, std::initializer_list<ByteView> parts) {
  SecretKey sub_key = derive_key(key, purpose);
  blake3_hasher hasher;
  blake3_hasher_init_keyed(&hasher, sub_key.bytes.data());
  wipe(sub_key.bytes);
  update(hasher, parts);
  return finish(hasher);
}

SecretKey derive_key(const SecretKey& key, std::string_view purpose, std::initializer_list<ByteView> parts) {
  const Context context(purpose);
  blake3_hasher hasher;
  blake3_hasher_init_derive_key_raw(&hasher, context.data(), context.size());
  update(hasher, {key.view()});
  update(hasher, parts);
  return SecretKey{finish(hasher).bytes};
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

}  // namespace peerstore::crypto
