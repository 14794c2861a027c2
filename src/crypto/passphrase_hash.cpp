#include <sodium.h>
#include <peerstore/crypto/passphrase_hash.hpp>

#include <cerrno>
#include <string>

namespace peerstore::crypto {

static_assert(PassphraseSalt::kSize == crypto_pwhash_argon2id_SALTBYTES);

Result<Guarded<SecretKey>> hash_passphrase(ByteView passphrase, const PassphraseSalt& salt,
                                           const PassphraseCost& cost) {
  if (cost.passes < crypto_pwhash_argon2id_OPSLIMIT_MIN || cost.bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
      cost.bytes > crypto_pwhash_argon2id_MEMLIMIT_MAX) {
    return fail(Errc::invalid, "a cost that Argon2id does not have");
  }
  Guarded<SecretKey> key;
  errno = 0;
  const int failed = crypto_pwhash_argon2id(
      key->bytes.data(), SecretKey::kSize, reinterpret_cast<const char*>(passphrase.data()),
      passphrase.size(), salt.bytes.data(), cost.passes, static_cast<std::size_t>(cost.bytes),
      crypto_pwhash_argon2id_ALG_ARGON2ID13);
  if (failed != 0) {
    return fail(Errc::full,
                "a passphrase needs " + std::to_string(cost.bytes >> 20) +
                    " MiB of free memory for a second to be checked: close other programs, or use "
                    "the recovery code");
  }
  return key;
}

}  // namespace peerstore::crypto
