#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/stream.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/vault/local_cache.hpp>

#include <algorithm>

namespace peerstore::vault {

namespace {

constexpr std::string_view kOwnerKey = "owner";
constexpr std::size_t kRowsAtOnce = 1000;  // thrown away

std::string text_of(ByteView bytes) { return std::string(as_text(bytes)); }

// A nonce made from what is sealed: rows need no other randomness, and equal rows are equal.
struct NonceOf {
  crypto::Hash hash;
  void fill(std::span<std::uint8_t> out) const { std::copy_n(hash.bytes.begin(), out.size(), out.begin()); }
};

}  // namespace

LocalCache::LocalCache(KeyValue& rows, const crypto::SecretKey& drive_secret, const wire::RingId& ring)
    : rows_(rows), key_(crypto::derive_key(drive_secret, "local cache", {ring.view()})), ring_(ring) {}

std::string LocalCache::key_of(Kind kind, ByteView name) const {
  const auto kind_byte = static_cast<std::uint8_t>(kind);
  const crypto::Hash hash = crypto::keyed_hash(key_, "cache row", {ByteView(&kind_byte, 1), name});
  return static_cast<char>(kind_byte) + text_of(hash.view());
}

void LocalCache::claim() {
  const crypto::Hash mark = crypto::keyed_hash(key_, "cache owner", {ring_.view()});
  const auto owner = rows_.get(kOwnerKey);
  if (owner && *owner == text_of(mark.view())) return;
  while (true) {
    std::vector<KeyValue::Change> changes;
    const auto take = [&](std::string_view key, std::string_view) {
      changes.push_back({std::string(key), std::nullopt});
      return changes.size() < kRowsAtOnce;
    };
    const auto scanned = rows_.scan("", take);
    if (changes.empty() || !rows_.write(changes, false) || !scanned) break;
  }
  (void)rows_.write({{std::string(kOwnerKey), text_of(mark.view())}}, false);
}

std::optional<Bytes> LocalCache::find(Kind kind, ByteView name) const {
  const std::string key = key_of(kind, name);
  const auto row = rows_.get(key);
  if (!row || !*row) return std::nullopt;
  auto content = crypto::open_record(key_, as_bytes(key), as_bytes(**row));
  if (!content) return std::nullopt;
  return std::move(*content);
}

std::vector<Bytes> LocalCache::all(Kind kind) const {
  std::vector<Bytes> contents;
  const auto open = [&](std::string_view key, std::string_view row) {
    auto content = crypto::open_record(key_, as_bytes(key), as_bytes(row));
    if (content) contents.push_back(std::move(*content));
    return true;
  };
  (void)rows_.scan(std::string(1, static_cast<char>(kind)), open);
  return contents;
}

void LocalCache::write(const std::vector<Row>& rows, bool sync) {
  std::vector<KeyValue::Change> changes;
  for (const Row& row : rows) {
    KeyValue::Change change{key_of(row.kind, row.name), std::nullopt};
    if (row.content && row.content->size() <= crypto::kRecordPlainBytesMax) {
      const ByteView associated = as_bytes(change.key);
      const NonceOf nonce{crypto::keyed_hash(key_, "cache nonce", {associated, *row.content})};
      const Bytes sealed = crypto::seal_record(key_, associated, *row.content, crypto::RecordNonce(nonce));
      change.value = text_of(sealed);
    }
    changes.push_back(std::move(change));
  }
  if (!changes.empty()) (void)rows_.write(changes, sync);
}

}  // namespace peerstore::vault
