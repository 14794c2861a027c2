#include <peerstore/crypto/hash.hpp>
#include <peerstore/vault/blob.hpp>

namespace peerstore::vault {

VaultKeys::VaultKeys(const crypto::SecretKey& drive_secret)
    : blob_ids(crypto::derive_key(drive_secret, "blob ids")),
      cuts(crypto::derive_key(drive_secret, "cuts")),
      heads(crypto::derive_key(drive_secret, "heads")) {}

BlobId blob_id(const VaultKeys& keys, BlobKind kind, ByteView content) {
  const std::uint8_t kind_byte = static_cast<std::uint8_t>(kind);
  return BlobId{crypto::keyed_hash(keys.blob_ids, "blob id", {ByteView(&kind_byte, 1), content}).bytes};
}

}  // namespace peerstore::vault
