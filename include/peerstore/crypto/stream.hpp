// STREAM (Hoang, Reyhanitabar, Rogaway, Vizar, CRYPTO 2015) over ChaCha20-Poly1305, in the layout
// of age: frames of 64 KiB of ciphertext that can each be opened alone, whose order, number and
// end are authenticated. The nonce is a counter, so a key must never seal two different inputs.
//
// ChaCha20-Poly1305 does not commit to its key; a commitment travels in the chunk header and is
// checked before the first frame is opened (Len, Grubbs, Ristenpart, USENIX Security 2021).
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/runtime/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace peerstore::crypto {

inline constexpr std::size_t kFrameBytes = 64 * 1024;
inline constexpr std::size_t kFrameTagBytes = 16;
inline constexpr std::size_t kFramePlainBytes = kFrameBytes - kFrameTagBytes;

// What a header shows so that only one key can open what follows.
Hash key_commitment(const SecretKey& key);

// One frame. `plain` has at most kFramePlainBytes; `sealed` exactly plain.size() + kFrameTagBytes.
void seal_frame(const SecretKey& key, std::uint64_t index, bool last, ByteView associated, ByteView plain,
                std::span<std::uint8_t> sealed);
// Errc::corrupt if the frame is not what was sealed with this key at this place, or if `plain` is
// not exactly as large as what was sealed; `plain` then shows nothing of it.
Result<void> open_frame(const SecretKey& key, std::uint64_t index, bool last, ByteView associated,
                        ByteView sealed, std::span<std::uint8_t> plain);

// XChaCha20-Poly1305 with a random nonce (prepended) and a key commitment (prepended): for small
// records that are written anew under one key. `plain` has at most kRecordPlainBytesMax.
inline constexpr std::size_t kRecordPlainBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kRecordOverheadBytes = 32 + 24 + 16;  // commitment, nonce, tag
Bytes seal_record(const SecretKey& key, ByteView associated, ByteView plain, class RecordNonce nonce);
// Errc::corrupt if it is another key's record, or was changed.
Result<Bytes> open_record(const SecretKey& key, ByteView associated, ByteView sealed);

class RecordNonce {
 public:
  template <class EntropySource>
  explicit RecordNonce(EntropySource& entropy) {
    entropy.fill(bytes_);
  }
  ByteView view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<std::uint8_t, 24> bytes_{};
};

}  // namespace peerstore::crypto
