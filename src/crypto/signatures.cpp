#include <sodium.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/signatures.hpp>
#include <peerstore/runtime/check.hpp>

#include <array>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "signed_statement.hpp"

namespace peerstore::crypto {

namespace {

// libsodium's form of an Ed25519 secret key: the seed, then the public key.
class ExpandedKey {
 public:
  explicit ExpandedKey(const SigningSecretKey& seed) {
    CHECK(crypto_sign_ed25519_seed_keypair(public_.bytes.data(), secret_.data(), seed.bytes.data()) == 0);
  }
  ~ExpandedKey() { wipe(secret_); }
  ExpandedKey(const ExpandedKey&) = delete;
  ExpandedKey& operator=(const ExpandedKey&) = delete;

  const SigningPublicKey& public_key() const { return public_; }
  const std::uint8_t* secret() const { return secret_.data(); }

 private:
  SigningPublicKey public_;
  std::array<std::uint8_t, crypto_sign_ed25519_SECRETKEYBYTES> secret_;
};

}  // namespace

// The verified statements of the last two generations. When the younger is full it becomes the
// older, which is dropped: what is seen often stays, and memory stays below about 1 MiB.
struct Ed25519Signatures::Remembered {
  static constexpr std::size_t kGeneration = 8192;
  using Digests = std::unordered_set<Hash, FixedBytesHash>;

  bool contains(const Hash& digest) {
    const std::lock_guard lock(mutex);
    if (younger.contains(digest)) return true;
    if (!older.contains(digest)) return false;
    add_locked(digest);
    return true;
  }
  void add(const Hash& digest) {
    const std::lock_guard lock(mutex);
    add_locked(digest);
  }
  void add_locked(const Hash& digest) {
    if (younger.size() == kGeneration) older = std::exchange(younger, {});
    younger.insert(digest);
  }

  std::mutex mutex;
  Digests younger;
  Digests older;
};

Ed25519Signatures::Ed25519Signatures() : remembered_(std::make_unique<Remembered>()) {}
Ed25519Signatures::~Ed25519Signatures() = default;

SigningKeyPair Ed25519Signatures::make_key_pair(Entropy& entropy) {
  return key_pair_from(entropy.make<SigningSecretKey>());
}

SigningKeyPair Ed25519Signatures::key_pair_from(const SigningSecretKey& secret) {
  const ExpandedKey expanded(secret);
  return {expanded.public_key(), secret};
}

Signature Ed25519Signatures::sign(const SigningSecretKey& key, std::string_view kind, const Hash& ring_id,
                                  ByteView bytes) {
  const ExpandedKey expanded(key);
  const Bytes message = signed_statement(kind, ring_id, bytes);
  Signature signature;
  CHECK(crypto_sign_ed25519_detached(signature.bytes.data(), nullptr, message.data(), message.size(),
                                     expanded.secret()) == 0);
  return signature;
}

bool Ed25519Signatures::verify(const SigningPublicKey& key, std::string_view kind, const Hash& ring_id,
                               ByteView bytes, const Signature& signature) {
  const Bytes message = signed_statement(kind, ring_id, bytes);
  const Hash digest = hash("verified statement", {key.view(), signature.view(), message});
  if (remembered_->contains(digest)) return true;
  if (crypto_sign_ed25519_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                          key.bytes.data()) != 0) {
    return false;
  }
  remembered_->add(digest);
  return true;
}

}  // namespace peerstore::crypto
