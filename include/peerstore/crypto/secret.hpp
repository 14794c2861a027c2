// Secrets in memory: never swapped out, not in core dumps, between guard pages, overwritten when let
// go of (libsodium's sodium_malloc). For what opens everything else: passphrases, user keys, and what holds
// keys for as long as a command runs.
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/runtime/check.hpp>

#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace peerstore::crypto {

void* allocate_locked(std::size_t size);
void free_locked(void* memory) noexcept;  // overwrites it first

// Objects of a class that derives from this lie in such memory if they are made with `new`. (What they point
// to does not.)
struct InLockedMemory {
  static void* operator new(std::size_t size) { return allocate_locked(size); }
  static void operator delete(void* memory) noexcept { free_locked(memory); }
};

// A vector whose content lies there.
template <class T>
struct LockedAllocator {
  using value_type = T;
  LockedAllocator() = default;
  template <class Other>
  LockedAllocator(const LockedAllocator<Other>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_locked(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { free_locked(memory); }
  bool operator==(const LockedAllocator&) const { return true; }
};
template <class T>
using LockedVector = std::vector<T, LockedAllocator<T>>;

// One value there; what it points to is not. Moves only, and must not be used after it was moved from.
template <class T>
class Locked {
 public:
  T& operator*() { return place_->value; }
  const T& operator*() const { return place_->value; }
  T* operator->() { return &place_->value; }
  const T* operator->() const { return &place_->value; }

 private:
  struct Place : InLockedMemory {
    T value;
  };
  std::unique_ptr<Place> place_ = std::make_unique<Place>();
};

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
