#include <sodium.h>
#include <peerstore/crypto/secret.hpp>

#include <algorithm>
#include <new>

namespace peerstore::crypto {

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  CHECK(start());  // its guard pages need it, and it may run again and again
  data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
  if (data_ == nullptr) throw std::bad_alloc();
  sodium_memzero(data_, size);
}

SecretBytes::SecretBytes(ByteView bytes) : SecretBytes(bytes.size()) {
  std::copy(bytes.begin(), bytes.end(), data_);
}

SecretBytes::~SecretBytes() {
  if (data_ != nullptr) sodium_free(data_);  // overwrites it first
}

}  // namespace peerstore::crypto
