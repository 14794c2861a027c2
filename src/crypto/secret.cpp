#include <sodium.h>
#include <peerstore/crypto/secret.hpp>

#include <algorithm>
#include <new>

namespace peerstore::crypto {

void* allocate_locked(std::size_t size) {
  CHECK(start());  // its guard pages need it, and it may run again and again
  void* const memory = sodium_malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void free_locked(void* memory) noexcept { sodium_free(memory); }

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  data_ = static_cast<std::uint8_t*>(allocate_locked(size));
  sodium_memzero(data_, size);
}

SecretBytes::SecretBytes(ByteView bytes) : SecretBytes(bytes.size()) {
  std::copy(bytes.begin(), bytes.end(), data_);
}

SecretBytes::~SecretBytes() {
  if (data_ != nullptr) free_locked(data_);
}

}  // namespace peerstore::crypto
