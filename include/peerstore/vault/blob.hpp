// Blobs: the pieces that files and folder listings are cut into, each stored once for one person.
//
// A blob's id is a keyed hash of its kind and content. Without the key, which never leaves the
// owner's machines, nobody can test whether a known file is among somebody's blobs; with it, two
// machines of one person find the same ids without talking. docs/formats.md, "Ids, keys and
// tokens".
#pragma once

#include <peerstore/crypto/secret.hpp>

#include <cstdint>
#include <span>

namespace peerstore::vault {

using BlobId = FixedBytes<struct BlobIdTag, 32>;

// What a blob is for. It enters the id, so that a file cannot be made to pass for a listing.
enum class BlobKind : std::uint8_t { data = 1, tree = 2 };

inline constexpr std::size_t kBlobBytesMax = 4 * 1024 * 1024;

// The keys that are derived from a drive's secret: from the newest what is written, from those of older
// epochs (after a rekey) what was written then and can be read still.
struct VaultKeys {
  struct Older {
    crypto::SecretKey blob_ids;
    crypto::SecretKey heads;
  };
  explicit VaultKeys(const crypto::SecretKey& drive_secret,
                     std::span<const crypto::SecretKey> older_secrets = {});
  ~VaultKeys();  // overwrites them
  crypto::SecretKey blob_ids;
  crypto::SecretKey cuts;
  crypto::SecretKey heads;
  crypto::LockedVector<Older> older;
};

// Pure, and safe on any thread.
BlobId blob_id(const VaultKeys& keys, BlobKind kind, ByteView content);
// Is this the id of that content, of any epoch?
bool is_blob(const VaultKeys& keys, const BlobId& id, BlobKind kind, ByteView content);

}  // namespace peerstore::vault
