#include <sodium.h>
#include <peerstore/crypto/sealed_box.hpp>

namespace peerstore::crypto {

static_assert(kSealedBoxOverheadBytes == crypto_box_SEALBYTES);

BoxPublicKey box_key_of(const BoxSecretKey& secret) {
  BoxPublicKey key;
  CHECK(crypto_scalarmult_curve25519_base(key.bytes.data(), secret.bytes.data()) == 0);
  return key;
}

Result<Bytes> seal_box(const BoxPublicKey& to, ByteView plain) {
  Bytes sealed(plain.size() + kSealedBoxOverheadBytes);
  if (crypto_box_seal(sealed.data(), plain.data(), plain.size(), to.bytes.data()) != 0) {
    return fail(Errc::invalid, "a box key that is none");
  }
  return sealed;
}

Result<SecretBytes> open_box(const BoxSecretKey& secret, ByteView sealed) {
  if (sealed.size() < kSealedBoxOverheadBytes) return fail(Errc::corrupt, "a sealed box that is too short");
  const BoxPublicKey own = box_key_of(secret);
  SecretBytes plain(sealed.size() - kSealedBoxOverheadBytes);
  if (crypto_box_seal_open(plain.bytes().data(), sealed.data(), sealed.size(), own.bytes.data(),
                           secret.bytes.data()) != 0) {
    return fail(Errc::corrupt, "a sealed box that this key does not open");
  }
  return plain;
}

}  // namespace peerstore::crypto
