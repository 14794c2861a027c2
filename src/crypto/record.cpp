// Records: the part of stream.hpp that seals small things under a random nonce.
// Layout: key commitment (32 bytes), nonce (24), ciphertext, tag (16).
#include <sodium.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/stream.hpp>
#include <peerstore/runtime/check.hpp>

#include <algorithm>

namespace peerstore::crypto {

namespace {

constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kHeadBytes = Hash::kSize + kNonceBytes;
static_assert(kRecordOverheadBytes == kHeadBytes + kTagBytes);

// With the nonce in it, two records under one key do not show that they share it.
Hash commitment(const SecretKey& key, ByteView nonce) {
  return hash("record key commitment", {key.view(), nonce});
}

}  // namespace

Bytes seal_record(const SecretKey& key, ByteView associated, ByteView plain, RecordNonce nonce) {
  CHECK(plain.size() <= kRecordPlainBytesMax);
  Bytes sealed(kRecordOverheadBytes + plain.size());
  const Hash committed = commitment(key, nonce.view());
  std::copy(committed.bytes.begin(), committed.bytes.end(), sealed.begin());
  std::copy(nonce.view().begin(), nonce.view().end(), sealed.begin() + Hash::kSize);
  CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + kHeadBytes, nullptr, plain.data(),
                                                   plain.size(), associated.data(), associated.size(),
                                                   nullptr, nonce.view().data(), key.bytes.data()) == 0);
  return sealed;
}

Result<Bytes> open_record(const SecretKey& key, ByteView associated, ByteView sealed) {
  if (sealed.size() < kRecordOverheadBytes) return fail(Errc::corrupt, "sealed record is too short");
  if (sealed.size() > kRecordOverheadBytes + kRecordPlainBytesMax) {
    return fail(Errc::corrupt, "sealed record is larger than it may be");
  }
  const ByteView nonce = sealed.subspan(Hash::kSize, kNonceBytes);
  if (!equal_in_constant_time(commitment(key, nonce).view(), sealed.first(Hash::kSize))) {
    return fail(Errc::corrupt, "sealed record belongs to another key");
  }
  const ByteView cipher = sealed.subspan(kHeadBytes);
  Bytes plain(cipher.size() - kTagBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, cipher.data(), cipher.size(),
                                                 associated.data(), associated.size(), nonce.data(),
                                                 key.bytes.data()) != 0) {
    return fail(Errc::corrupt, "sealed record was changed");
  }
  return plain;
}

}  // namespace peerstore::crypto
