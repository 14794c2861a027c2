// LocalCache: what this machine remembers of the ring and of the owner's files, so that it need not
// fetch or read them again. It may be lost at any time.
//
// Rows are sealed under a key of the person and the ring, each for its own name: a row that is
// damaged, of somebody else, or moved to another name is as if it were not there. What the rows say
// of the owner's files is never believed to be stored: the index decides that. Errors of the
// database are no errors here. Calls block, and belong on workers. docs/formats.md, "Local cache".
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/runtime/key_value.hpp>
#include <peerstore/wire/types.hpp>

#include <optional>
#include <vector>

namespace peerstore::vault {

class LocalCache {
 public:
  enum class Kind : std::uint8_t { index_part = 1, index_parts = 2, folder = 3, sent_pack = 4 };
  struct Row {
    Kind kind = Kind::folder;
    Bytes name;
    std::optional<Bytes> content;  // nothing: the row is forgotten
  };

  // The database outlives the cache.
  LocalCache(KeyValue& rows, const crypto::SecretKey& drive_secret, const wire::RingId& ring);

  // Throws all rows away if they are not of this person and ring.
  void claim();
  std::optional<Bytes> find(Kind kind, ByteView name) const;
  // The contents of all rows of the kind, in no order that means anything.
  std::vector<Bytes> all(Kind kind) const;
  // Durable when it returns if `sync`, as far as the database goes.
  void write(const std::vector<Row>& rows, bool sync = false);

 private:
  std::string key_of(Kind kind, ByteView name) const;

  KeyValue& rows_;
  crypto::SecretKey key_;
  wire::RingId ring_;
};

}  // namespace peerstore::vault
