// Signatures: signing and verifying statements, behind an interface so that simulations of
// thousands of machines may use a cheap stand-in. Every signature is over
// "peerstore/1/<kind>\0" || ring id || bytes: nothing signed for one purpose or ring means
// anything in another.
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/runtime/random.hpp>

#include <memory>
#include <string_view>

namespace peerstore::crypto {

struct SigningKeyPair {
  SigningPublicKey public_key;
  SigningSecretKey secret_key;
};

class Signatures {
 public:
  virtual ~Signatures() = default;
  virtual SigningKeyPair make_key_pair(Entropy& entropy) = 0;
  virtual SigningKeyPair key_pair_from(const SigningSecretKey& secret) = 0;
  virtual Signature sign(const SigningSecretKey& key, std::string_view kind, const Hash& ring_id,
                         ByteView bytes) = 0;
  // Implementations may remember what they have verified.
  virtual bool verify(const SigningPublicKey& key, std::string_view kind, const Hash& ring_id, ByteView bytes,
                      const Signature& signature) = 0;
};

// Ed25519 of libsodium. Remembers digests of verified statements (bounded), so that a statement
// that arrives again costs a hash. Thread-safe.
class Ed25519Signatures final : public Signatures {
 public:
  Ed25519Signatures();
  ~Ed25519Signatures() override;
  SigningKeyPair make_key_pair(Entropy& entropy) override;
  SigningKeyPair key_pair_from(const SigningSecretKey& secret) override;
  Signature sign(const SigningSecretKey& key, std::string_view kind, const Hash& ring_id,
                 ByteView bytes) override;
  bool verify(const SigningPublicKey& key, std::string_view kind, const Hash& ring_id, ByteView bytes,
              const Signature& signature) override;

 private:
  struct Remembered;
  std::unique_ptr<Remembered> remembered_;
};

// A keyed hash that anybody can forge: for simulations, where no liar has the code to forge it.
class SimulatedSignatures final : public Signatures {
 public:
  SigningKeyPair make_key_pair(Entropy& entropy) override;
  SigningKeyPair key_pair_from(const SigningSecretKey& secret) override;
  Signature sign(const SigningSecretKey& key, std::string_view kind, const Hash& ring_id,
                 ByteView bytes) override;
  bool verify(const SigningPublicKey& key, std::string_view kind, const Hash& ring_id, ByteView bytes,
              const Signature& signature) override;
};

}  // namespace peerstore::crypto
