#include <peerstore/crypto/hash.hpp>
#include <peerstore/vault/blob.hpp>

#include <algorithm>

namespace peerstore::vault {

namespace {
BlobId id_under(const crypto::SecretKey& key, BlobKind kind, ByteView content) {
  const std::uint8_t kind_byte = static_cast<std::uint8_t>(kind);
  return BlobId{crypto::keyed_hash(key, "blob id", {ByteView(&kind_byte, 1), content}).bytes};
}
}  // namespace

VaultKeys::VaultKeys(const crypto::SecretKey& drive_secret, std::span<const crypto::SecretKey> older_secrets)
    : blob_ids(crypto::derive_key(drive_secret, "blob ids")),
      cuts(crypto::derive_key(drive_secret, "cuts")),
      heads(crypto::derive_key(drive_secret, "heads")) {
  for (const crypto::SecretKey& secret : older_secrets) {
    older.push_back({crypto::derive_key(secret, "blob ids"), crypto::derive_key(secret, "heads")});
  }
}

VaultKeys::~VaultKeys() {
  for (crypto::SecretKey* key : {&blob_ids, &cuts, &heads}) crypto::wipe(key->bytes);
}

BlobId blob_id(const VaultKeys& keys, BlobKind kind, ByteView content) {
  return id_under(keys.blob_ids, kind, content);
}

bool is_blob(const VaultKeys& keys, const BlobId& id, BlobKind kind, ByteView content) {
  if (blob_id(keys, kind, content) == id) return true;
  return std::ranges::any_of(keys.older, [&](const VaultKeys::Older& older) {
    return id_under(older.blob_ids, kind, content) == id;
  });
}

}  // namespace peerstore::vault
