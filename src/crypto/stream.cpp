#include <openssl/evp.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/stream.hpp>
#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>

namespace peerstore::crypto {

namespace {

static_assert(kFrameBytes <= std::numeric_limits<int>::max());

// age's STREAM nonce: an 11-byte big-endian counter, then 1 in the last frame and 0 before it.
std::array<std::uint8_t, 12> frame_nonce(std::uint64_t index, bool last) {
  std::array<std::uint8_t, 12> nonce{};
  for (int i = 10; i >= 3; --i, index >>= 8)
    nonce[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(index);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// A cipher context of this thread. Making one takes longer than sealing a small frame.
EVP_CIPHER_CTX* thread_context() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> cipher(
      EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr));
  CHECK(cipher != nullptr);
  thread_local std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context;
  if (!context) {
    context.reset(EVP_CIPHER_CTX_new());
    CHECK(context != nullptr);
    CHECK(EVP_CipherInit_ex2(context.get(), cipher.get(), nullptr, nullptr, 1, nullptr) == 1);
  }
  return context.get();
}

int as_int(std::size_t size) { return static_cast<int>(size); }

Error not_this_frame(std::uint64_t index) {
  return fail(Errc::corrupt, "frame " + std::to_string(index) + " does not open with this key at this place");
}

}  // namespace

Hash key_commitment(const SecretKey& key) { return hash("key commitment", {key.view()}); }

void seal_frame(const SecretKey& key, std::uint64_t index, bool last, ByteView associated, ByteView plain,
                std::span<std::uint8_t> sealed) {
  CHECK(plain.size() <= kFramePlainBytes && sealed.size() == plain.size() + kFrameTagBytes);
  CHECK(associated.size() <= kFrameBytes);
  EVP_CIPHER_CTX* const context = thread_context();
  const auto nonce = frame_nonce(index, last);
  int written = 0;
  CHECK(EVP_EncryptInit_ex2(context, nullptr, key.bytes.data(), nonce.data(), nullptr) == 1);
  if (!associated.empty()) {
    CHECK(EVP_EncryptUpdate(context, nullptr, &written, associated.data(), as_int(associated.size())) == 1);
  }
  if (!plain.empty()) {
    CHECK(EVP_EncryptUpdate(context, sealed.data(), &written, plain.data(), as_int(plain.size())) == 1);
    CHECK(written == as_int(plain.size()));
  }
  std::uint8_t* const tag = sealed.data() + plain.size();
  CHECK(EVP_EncryptFinal_ex(context, tag, &written) == 1 && written == 0);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, as_int(kFrameTagBytes), tag) == 1);
}

Result<void> open_frame(const SecretKey& key, std::uint64_t index, bool last, ByteView associated,
                        ByteView sealed, std::span<std::uint8_t> plain) {
  CHECK(associated.size() <= kFrameBytes);
  if (sealed.size() < kFrameTagBytes || sealed.size() > kFrameBytes ||
      plain.size() != sealed.size() - kFrameTagBytes) {
    return not_this_frame(index);
  }
  EVP_CIPHER_CTX* const context = thread_context();
  const auto nonce = frame_nonce(index, last);
  // OpenSSL takes the expected tag through a pointer to mutable memory.
  std::array<std::uint8_t, kFrameTagBytes> tag;
  std::copy_n(sealed.data() + plain.size(), tag.size(), tag.data());
  int written = 0;
  CHECK(EVP_DecryptInit_ex2(context, nullptr, key.bytes.data(), nonce.data(), nullptr) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, as_int(tag.size()), tag.data()) == 1);
  if (!associated.empty()) {
    CHECK(EVP_DecryptUpdate(context, nullptr, &written, associated.data(), as_int(associated.size())) == 1);
  }
  if (!plain.empty()) {
    CHECK(EVP_DecryptUpdate(context, plain.data(), &written, sealed.data(), as_int(plain.size())) == 1);
    CHECK(written == as_int(plain.size()));
  }
  std::uint8_t nothing[1];
  if (EVP_DecryptFinal_ex(context, nothing, &written) != 1) {
    // What was decrypted is an attacker's choice: nobody may see it.
    wipe(plain);
    return not_this_frame(index);
  }
  return {};
}

}  // namespace peerstore::crypto
