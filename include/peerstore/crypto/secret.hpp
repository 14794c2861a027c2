// Secrets in memory: never swapped out, not in core dumps, between guard pages, overwritten when let
// go of (libsodium's sodium_malloc). For what opens everything else: passphrases and user keys.
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/runtime/check.hpp>

#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

namespace peerstore::crypto {

// Bytes of a size known when they are made. Moves only: a copy of a secret is made on purpose.
class SecretBytes {
 public:
  SecretBytes() = default;
  // All zero.
  explicit SecretBytes(std::size_t size);
  explicit SecretBytes(ByteView bytes);
  SecretBytes(SecretBytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~SecretBytes();

  SecretBytes copy() const { return SecretBytes(view()); }
  ByteView view() const { return {data_, size_}; }
  std::span<std::uint8_t> bytes() { return {data_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// One key (a FixedBytes) in such memory. Must not be used after it was moved from.
template <class Key>
class Guarded {
  static_assert(std::is_trivially_copyable_v<Key> && alignof(Key) == 1);

 public:
  Guarded() : bytes_(sizeof(Key)) {}
  explicit Guarded(const Key& key) : bytes_(key.view()) {}

  Guarded copy() const { return Guarded(**this); }
  const Key& operator*() const { return *get(); }
  const Key* operator->() const { return get(); }
  Key& operator*() { return *const_cast<Key*>(get()); }
  Key* operator->() { return const_cast<Key*>(get()); }

 private:
  const Key* get() const {
    CHECK(bytes_.size() == sizeof(Key));
    return reinterpret_cast<const Key*>(bytes_.view().data());
  }
  SecretBytes bytes_;
};

}  // namespace peerstore::crypto
