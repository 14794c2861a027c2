#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/signatures.hpp>

#include <algorithm>

namespace peerstore::crypto {

namespace {

// A public key that costs nothing to find, yet is not its secret key.
SigningPublicKey public_key_of(const SigningSecretKey& secret) {
  SigningPublicKey key;
  std::transform(secret.bytes.begin(), secret.bytes.end(), key.bytes.begin(),
                 [](std::uint8_t byte) { return static_cast<std::uint8_t>(byte ^ 0xa5); });
  return key;
}

Signature signature_of(const SigningPublicKey& key, std::string_view kind, const Hash& ring_id,
                       ByteView bytes) {
  const Hash half = hash("simulated signature", {key.view(), as_bytes(kind), ring_id.view(), bytes});
  Signature signature;
  std::copy(half.bytes.begin(), half.bytes.end(), signature.bytes.begin());
  std::copy(half.bytes.begin(), half.bytes.end(), signature.bytes.begin() + Hash::kSize);
  return signature;
}

}  // namespace

SigningKeyPair SimulatedSignatures::make_key_pair(Entropy& entropy) {
  return key_pair_from(entropy.make<SigningSecretKey>());
}

SigningKeyPair SimulatedSignatures::key_pair_from(const SigningSecretKey& secret) {
  return {public_key_of(secret), secret};
}

Signature SimulatedSignatures::sign(const SigningSecretKey& key, std::string_view kind, const Hash& ring_id,
                                    ByteView bytes) {
  return signature_of(public_key_of(key), kind, ring_id, bytes);
}

bool SimulatedSignatures::verify(const SigningPublicKey& key, std::string_view kind, const Hash& ring_id,
                                 ByteView bytes, const Signature& signature) {
  return signature_of(key, kind, ring_id, bytes) == signature;
}

}  // namespace peerstore::crypto
